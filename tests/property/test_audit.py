"""The audit against decisions: what was let in and lands where it may is fine, others are found."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, TypeAlias

from hypothesis import assume, given
from hypothesis import strategies as st

from tests.core.given import NAMESPACE, admitted, mutate
from tests.core.given import pod as read
from tests.property.strategies import pods, policies
from webhook.core.audit import audit
from webhook.core.audit.finding import POD
from webhook.core.audit.inventory import Inventory, read_pod
from webhook.core.cluster import Node, Taint
from webhook.core.node_filter import Candidate, refusals
from webhook.core.policy.documents import GPUNodePool
from webhook.core.policy.plan import labels_of
from webhook.core.policy.policy import Policy

Json: TypeAlias = dict[str, Any]

AIMS: tuple[Json, ...] = (
    {},
    {"nodeSelector": {"pool": "one"}},
    {"tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists"}]},
)
"""What most pods of chance lack, and are let in for."""

NOW = datetime(2027, 1, 1, tzinfo=UTC)
CPU = Candidate(name="cpu", marks=Node(labels={"kubernetes.io/os": "linux"}))


def sound(policy: Policy) -> list[Candidate]:
    """Give a node of each pool as the pool has it, and one of none."""
    return [*map(_of, policy.pools), CPU]


def _of(pool: GPUNodePool) -> Candidate:
    taints = (Taint(key=t.key, value=t.value, effect=t.effect.value) for t in pool.taints)
    return Candidate(name=pool.name, marks=Node(labels=labels_of(pool), taints=tuple(taints)))


def found(policy: Policy, pod: Json, nodes: Iterable[str]) -> list[tuple[str, str]]:
    """Give the findings about a pod on each of some nodes (empty: it waits)."""
    stored = [
        read_pod(
            {
                **pod,
                "metadata": {**pod["metadata"], "namespace": NAMESPACE},
                "spec": {**pod["spec"], "nodeName": each},
            }
        )
        for each in nodes
    ]
    inventory = Inventory(nodes=tuple(sound(policy)), pods=stored)
    return [
        (each.name, each.message) for each in audit.find(inventory, policy, NOW) if each.kind == POD
    ]


@given(policies(), pods())
def test_what_was_let_in_and_lands_where_it_may_is_no_finding(policy: Policy, pod: Json) -> None:
    assume(mutate(pod, policy).allowed)
    after = admitted(pod, policy)
    may = [each.name for each in sound(policy) if not refusals(read(after), each)]
    assert found(policy, after, ["", *may]) == []


@given(policies(), pods(gpu=False), st.sampled_from(AIMS))
def test_a_cpu_pod_that_would_be_refused_is_found_wherever_it_is(
    policy: Policy, pod: Json, aim: Json
) -> None:
    pod = {**pod, "spec": {**pod["spec"], **aim}}
    assume(not mutate(pod, policy).allowed)
    nodes = ["", *(each.name for each in sound(policy))]
    names = [name for name, _ in found(policy, pod, nodes)]
    on_pools = ["cpu-pod-on-gpu-node"] * len(policy.pools)
    assert names == ["cpu-pod-aims", *on_pools, "cpu-pod-aims"]
