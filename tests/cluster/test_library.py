"""Our node filter, and the oracle of the tests, against the scheduler's own library.

No cluster is needed for it, so it judges thousands of pairs in seconds; with the real scheduler
some hundreds are compared (`test_node_filter.py`).
"""

from typing import Any, TypeAlias

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import oracle
from tests.cluster.library import Library
from tests.property.strategies import pods
from tests.property.worlds import Scene, scenes
from webhook.core.node_filter import read_candidate, refusals
from webhook.core.pod import Pod

Json: TypeAlias = dict[str, Any]

pytestmark = pytest.mark.cluster

CORDON: Json = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(scene=scenes(gpu=True), more=st.lists(pods(gpu=False), max_size=3), cordons=st.booleans())
def test_filter_and_oracle_give_the_library_s_answer_for_every_pair(
    scheduler_library: Library, scene: Scene, more: list[Json], cordons: bool
) -> None:
    world, pod = scene
    for each in (pod, *more):
        asked = {"spec": {key: each["spec"].get(key) for key in FIELDS}}
        tolerations = asked["spec"]["tolerations"] or []
        asked["spec"]["tolerations"] = [one for one in tolerations if _is_taken(one)]
        ours = msgspec.convert(asked, Pod)
        for node in world.nodes:
            marked = {**node, "spec": {**node["spec"], "unschedulable": cordons}}
            answer = scheduler_library.may_land(asked, marked)
            assert answer == (not refusals(ours, read_candidate(marked)))
            if not pod["spec"].get("nodeName"):
                taints = [*node["spec"]["taints"], *([CORDON] if cordons else [])]
                tainted = {**node, "spec": {"taints": taints}}
                assert answer == oracle.may_run(asked, tainted)


def _is_taken(toleration: Json) -> bool:
    """Tell whether the API server takes a toleration: without a key its operator is Exists."""
    return bool(toleration.get("key")) or toleration.get("operator") == "Exists"


FIELDS = ("nodeName", "nodeSelector", "affinity", "tolerations")
"""What the library reads of a pod."""


def test_library_tells_pods_and_nodes_apart(scheduler_library: Library) -> None:
    tainted = {"spec": {"taints": [{"key": "a", "value": "b", "effect": "NoSchedule"}]}}
    assert not scheduler_library.may_land({}, tainted)
    tolerant = {"spec": {"tolerations": [{"key": "a", "operator": "Exists"}]}}
    assert scheduler_library.may_land(tolerant, tainted)
