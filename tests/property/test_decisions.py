"""What holds for every policy, every pod and every node."""

import contextlib
import copy
from typing import Any, TypeAlias

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests import oracle
from tests.core.given import admitted, mutate, request, shipped, validate
from tests.property.strategies import json_values, nodes, pods, policies
from webhook.core.decision import Verdict
from webhook.core.errors import RequestError
from webhook.core.patch import apply, diff, plain
from webhook.core.policy.policy import Policy

Json: TypeAlias = dict[str, Any]
Node: TypeAlias = tuple[dict[str, str], list[Json]]


def same(one: object, other: object) -> bool:
    """Tell whether two values are the same JSON: 1 is not true, and not 1.0."""
    return msgspec.json.encode(one, order="sorted") == msgspec.json.encode(other, order="sorted")


@given(json_values, json_values)
def test_a_difference_applied_gives_what_it_was_taken_to(before: Any, after: Any) -> None:
    kept = copy.deepcopy(before)
    assert same(apply(diff(before, after), before), after)
    assert same(before, kept)


@given(json_values)
def test_nothing_differs_from_itself(value: Any) -> None:
    assert diff(value, copy.deepcopy(value)) == ()


@given(policies(), pods())
def test_a_patch_applies_to_the_pod_as_it_was_sent_and_says_nothing_twice(
    policy: Policy, pod: Json
) -> None:
    operations = mutate(pod, policy).patch
    after = pod
    for operation in operations:
        before, after = after, apply((operation,), after)  # type: ignore[assignment]
        assert not same(before, after), operation


@given(policies(), pods())
def test_a_second_pass_changes_nothing(policy: Policy, pod: Json) -> None:
    assume(mutate(pod, policy).allowed)
    assert mutate(admitted(pod, policy), policy).patch == ()


@given(policies(), pods())
def test_what_mutation_made_is_let_in(policy: Policy, pod: Json) -> None:
    assume(mutate(pod, policy).allowed)
    decision = validate(admitted(pod, policy), policy)
    assert decision.allowed, decision.violations


@given(policies(), pods(gpu=False))
def test_a_pod_that_concerns_no_gpu_comes_back_untouched(policy: Policy, pod: Json) -> None:
    for field in ("affinity", "tolerations", "nodeSelector"):
        pod["spec"].pop(field, None)
    for decision in (mutate(pod, policy), validate(pod, policy)):
        assert decision.verdict is Verdict.ALLOW
        assert decision.patch == ()


@given(policies(), pods())
def test_fields_that_no_rule_may_write_stay_as_they_were(policy: Policy, pod: Json) -> None:
    after: Any = apply(mutate(pod, policy).patch, pod)
    for part in (after, pod):
        for field in ("affinity", "tolerations", "priorityClassName", "priority"):
            part["spec"].pop(field, None)
        part["spec"].pop("preemptionPolicy", None)
        for field in ("labels", "annotations"):
            part["metadata"].pop(field, None)
    assert same(after, pod)


@given(policies(), pods(gpu=True), nodes())
def test_a_gpu_pod_lands_nowhere_where_it_might_not_with_its_class_s_tolerations(
    policy: Policy, pod: Json, node: Node
) -> None:
    decision = mutate(pod, policy)
    assume(decision.allowed and decision.gpu_class)
    plan = policy.classes[decision.gpu_class or ""]
    if oracle.may_land(admitted(pod, policy), *node):
        tolerant = copy.deepcopy(pod)
        given_by_class = [plain(each) for each in plan.tolerations]
        tolerant["spec"]["tolerations"] = [
            *(pod["spec"].get("tolerations") or []),
            *given_by_class,
        ]
        assert oracle.may_land(tolerant, *node)


@given(policies(), pods(gpu=True), nodes())
def test_a_gpu_pod_of_a_required_class_lands_only_in_its_pools(
    policy: Policy, pod: Json, node: Node
) -> None:
    decision = mutate(pod, policy)
    assume(decision.allowed and decision.gpu_class)
    plan = policy.classes[decision.gpu_class or ""]
    assume(plan.placement == "Required")
    labels, taints = node
    if oracle.may_land(admitted(pod, policy), labels, taints):
        assert any(pool.selector.items() <= labels.items() for pool in plan.pools)


@given(policies(), pods(gpu=False))
def test_a_cpu_pod_that_is_let_in_lands_on_no_node_of_a_pool_with_a_hard_taint_of_its_own(
    policy: Policy, pod: Json
) -> None:
    assume(mutate(pod, policy).allowed)
    after = admitted(pod, policy)
    for pool in policy.pools:
        labels = {**pool.labels, **pool.selector}
        taints = [
            {"key": each.key, "value": each.value, "effect": each.effect.value}
            for each in pool.taints
        ]
        assert not oracle.may_land(after, labels, taints), pool.name


@given(
    json_values,
    st.none() | json_values,
    st.sampled_from(("Pod", "Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Node")),
)
def test_no_object_raises_anything_but_a_request_error(document: Any, old: Any, kind: str) -> None:
    for decide in (mutate, validate):
        with contextlib.suppress(RequestError):
            decide(request(document, old=old, kind=kind), shipped())


@pytest.mark.parametrize("kind", ["Deployment", "Job", "CronJob"])
@given(pods())
def test_a_workload_s_patch_applies_and_a_second_pass_changes_nothing(kind: str, pod: Json) -> None:
    job = {"template": {"spec": pod["spec"]}}
    spec = {"jobTemplate": {"spec": job}} if kind == "CronJob" else job
    document = {"metadata": pod["metadata"], "spec": spec}
    decision = mutate(request(document, kind=kind))
    assume(decision.allowed)
    after = apply(decision.patch, document)
    assert mutate(request(after, kind=kind)).patch == ()


@given(policies(), st.lists(pods(), min_size=1, max_size=6), st.data())
def test_a_policy_decides_the_same_whatever_it_decided_before(
    policy: Policy, given_pods: list[Json], data: st.DataObject
) -> None:
    for _ in range(2 * len(given_pods)):
        pod = data.draw(st.sampled_from(given_pods))
        for decide in (mutate, validate):
            assert decide(pod, policy) == decide(pod, policy.knowing(policy.cluster))
