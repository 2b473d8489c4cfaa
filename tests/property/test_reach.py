"""Where pods may run after the decision: what the mission promises, judged by the oracle alone.

The oracle knows documents as they were written, nodes and pods, and nothing derived from them.
"""

import copy
from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests import oracle
from tests.core.given import (
    DAEMON_SET_CONTROLLER,
    admitted,
    assert_untouched,
    mutate,
    patched,
    request,
    validate,
)
from tests.property.strategies import tolerations
from tests.property.worlds import Scene, World, scenes
from webhook.core.names import GENERIC_LABELS
from webhook.core.policy.policy import Policy

Json: TypeAlias = dict[str, Any]

MANY = 1_000
SHARDS = range(5 if settings.default and settings.default.max_examples > MANY else 1)
"""The slow run is split, so that processes can share it: five times 20,000 examples a property."""


def decided(pod: Json, policy: Policy) -> Json | None:
    """Give a pod as it is stored, None where it is refused; both halves must agree."""
    decision = mutate(pod, policy)
    if not decision.allowed:
        return None
    stored = admitted(pod, policy)
    last = validate(stored, policy)
    assert last.allowed, last.violations
    assert mutate(stored, policy).patch == ()
    return stored


def reached(pod: Json, nodes: Iterable[Json]) -> list[str]:
    """Give the names of the nodes on which a pod may run."""
    return [each["metadata"]["name"] for each in nodes if oracle.may_run(pod, each)]


def untolerated(pod: Json, given_ones: Iterable[Json], node: Json) -> list[Json]:
    """Give the hard taints of a node that neither a pod nor the ones given tolerate."""
    own = [*(pod["spec"].get("tolerations") or []), *given_ones]
    return oracle.untolerated(own, node["spec"]["taints"])


def given_by(pools: Iterable[Json]) -> Iterator[Json]:
    """Give the tolerations that a class stands for: of its pools' taints that say GPU."""
    for pool in pools:
        for each in pool["spec"]["taints"]:
            if each.get("tolerate", True):
                yield {key: value for key, value in each.items() if key != "tolerate"}


@pytest.mark.parametrize("shard", SHARDS)
@given(scene=scenes(gpu=False))
def test_no_cpu_pod_that_is_let_in_reaches_a_node_of_a_pool(
    shard: int,  # noqa: ARG001 # names a part of the run
    scene: Scene,
) -> None:
    world, pod = scene
    stored = decided(pod, world.policy)
    if stored is None:
        return
    assert not reached(stored, world.gpu_nodes)
    assert set(reached(stored, world.nodes)) <= set(reached(pod, world.nodes))


@pytest.mark.parametrize("shard", SHARDS)
@given(scene=scenes(gpu=True))
def test_no_gpu_pod_that_is_let_in_reaches_what_its_class_does_not(
    shard: int,  # noqa: ARG001 # names a part of the run
    scene: Scene,
) -> None:
    world, pod = scene
    stored = decided(pod, world.policy)
    if stored is None:
        return
    for node in assert_within_class(world, stored, pod):
        assert oracle.is_selected(pod, node), "mutation widened what the pod selects"


def assert_within_class(world: World, stored: Json, own: Json) -> list[Json]:
    """Assert that a GPU pod reaches nothing but what its class does; give what it reaches.

    What is tolerated beyond the class is its author's: `own` is the pod as he wrote it.
    """
    document = world.class_of(own)
    pools = world.members(document)
    selectors = [pool["spec"]["selector"].items() for pool in pools]
    found = [each for each in world.nodes if oracle.may_run(stored, each)]
    for node in found:
        labels = node["metadata"]["labels"]
        assert not untolerated(own, given_by(pools), node)
        if document["spec"]["placement"] == "Required":
            assert any(selector <= labels.items() for selector in selectors)
        else:
            assert is_gpu_node(labels, selectors)
    return found


def is_gpu_node(labels: Json, selectors: list[Any]) -> bool:
    """Tell whether a node carries what all pools of a class share, or else is of one of them."""
    shared = set.intersection(*map(set, selectors))
    if any(key not in GENERIC_LABELS for key, _ in shared):
        return shared <= labels.items()
    return any(each <= labels.items() for each in selectors)


@given(scene=scenes(gpu=True), other=scenes(gpu=True))
def test_gpu_pod_that_another_webhook_changed_is_within_its_class_or_refused(
    scene: Scene, other: Scene
) -> None:
    world, pod = scene
    stored = decided(pod, world.policy)
    assume(stored is not None)
    assert stored is not None
    changed = copy.deepcopy(stored)
    for field in ("affinity", "tolerations", "nodeSelector"):
        changed["spec"].pop(field, None)
    for field in ("affinity", "tolerations", "nodeSelector"):
        if field in other[1]["spec"]:
            changed["spec"][field] = other[1]["spec"][field]
    if validate(changed, world.policy).allowed:
        assert_within_class(world, changed, {**pod, "spec": changed["spec"]})


@given(scene=scenes(gpu=False), other=scenes(gpu=False))
def test_cpu_pod_that_another_webhook_changed_is_kept_off_or_refused(
    scene: Scene, other: Scene
) -> None:
    world, pod = scene
    stored = decided(pod, world.policy)
    assume(stored is not None)
    assert stored is not None
    changed = {**stored, "spec": {**other[1]["spec"], "priority": 0}}
    if validate(changed, world.policy).allowed:
        assert not reached(changed, world.gpu_nodes)


@given(scene=scenes(gpu=False), more=st.lists(tolerations, min_size=1, max_size=2))
def test_no_toleration_that_is_added_later_lets_a_cpu_pod_onto_a_node_of_a_pool(
    scene: Scene, more: list[Json]
) -> None:
    world, pod = scene
    stored = decided(pod, world.policy)
    assume(stored is not None)
    assert stored is not None
    later = copy.deepcopy(stored)
    later["spec"]["tolerations"] = [*(stored["spec"].get("tolerations") or []), *more]
    written = patched(request(later, old=stored), world.policy)
    if validate(request(written, old=stored), world.policy).allowed:
        assert not reached(written, world.gpu_nodes)


@settings(max_examples=50)
@given(scene=scenes(gpu=False))
def test_pod_of_a_daemon_set_that_asks_for_no_gpu_is_untouched(scene: Scene) -> None:
    world, pod = scene
    assert_untouched(request(pod, user=DAEMON_SET_CONTROLLER), world.policy)
