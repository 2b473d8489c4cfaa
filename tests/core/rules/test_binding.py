"""Rule `binding`: only a scheduler binds pods to GPU nodes."""

from collections.abc import Callable

import msgspec
import pytest
from msgspec.structs import replace

from tests.core.given import (
    Json,
    assert_untouched,
    mutate,
    policy,
    refusals,
    request,
    shipped,
    validate,
)
from webhook.core.cluster import Cluster, Node
from webhook.core.decision import Decision
from webhook.core.errors import RequestError
from webhook.core.policy.policy import Policy
from webhook.core.review import GroupVersionKind, Request

POOLS_NODE = "gpu-train-7"
TRAINING = Node(labels={"gpu-type": "training", "nvidia.com/gpu.present": "true"})
SCHEDULERS = "defaultClass: general, schedulers: [system:kube-scheduler, system:volcano]"

Decide = Callable[[Request, Policy | None], Decision]


def binding(node: str, user: str = "alice", sub_resource: str = "binding") -> Request:
    document: Json = {"metadata": {"name": "p"}, "target": {"kind": "Node", "name": node}}
    return request(document, kind="Binding", user=user, sub_resource=sub_resource)


def message(node: str, pools: str = "pool training", user: str = "alice") -> str:
    return (
        f"{node} is a node of {pools}, to which only schedulers bind pods, and {user} is none; let "
        f"the scheduler place the pod, or have {user} listed in GPUPolicy spec.schedulers"
    )


@pytest.mark.parametrize("decide", [mutate, validate])
@pytest.mark.parametrize("sub_resource", ["binding", ""], ids=["pods/binding", "bindings"])
def test_pod_bound_to_a_node_that_a_pool_claims_by_name_is_refused(
    decide: Decide, sub_resource: str
) -> None:
    decision = decide(binding(POOLS_NODE, sub_resource=sub_resource), None)
    assert refusals(decision) == [("binding", "target.name", message(POOLS_NODE))]
    assert decision.reason == "binds a pod to node gpu-train-7"


def test_known_node_is_of_a_pool_by_its_labels() -> None:
    by = shipped().knowing(Cluster(nodes={"m1": TRAINING, "m2": Node()}))
    assert refusals(validate(binding("m1"), by)) == [("binding", "target.name", message("m1"))]
    assert_untouched(binding("m2"), by)


def test_node_of_no_pool_is_anybodys() -> None:
    assert assert_untouched(binding("cpu-1")).reason == "binds a pod to node cpu-1"


@pytest.mark.parametrize("user", ["system:kube-scheduler", "system:volcano"])
def test_schedulers_of_the_policy_bind_anywhere(user: str) -> None:
    assert_untouched(binding(POOLS_NODE, user), policy(cluster=SCHEDULERS))


def test_scheduler_that_the_policy_does_not_name_is_none() -> None:
    decision = validate(binding(POOLS_NODE, "system:volcano"))
    assert refusals(decision) == [
        ("binding", "target.name", message(POOLS_NODE, user="system:volcano"))
    ]


def test_exempt_users_and_namespaces_are_left_alone() -> None:
    by = policy(cluster="defaultClass: general, exempt: {users: [ops], namespaces: [system]}")
    assert assert_untouched(binding(POOLS_NODE, "ops"), by).reason == "user ops is exempt"
    assert_untouched(replace(binding(POOLS_NODE), namespace="system"), by)


def test_mode_of_the_rule_counts() -> None:
    by = policy(cluster="defaultClass: general, rules: {binding: Warn}")
    decision = assert_untouched(binding(POOLS_NODE), by)
    assert decision.warnings == (f"target.name: {message(POOLS_NODE)}",)
    assert_untouched(binding(POOLS_NODE), policy(cluster='mode: "Off", defaultClass: general'))


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": GroupVersionKind(group="example.com", version="v1", kind="Binding")},
        {"sub_resource": "status"},
        {"operation": "DELETE"},
    ],
    ids=["another-group", "another-subresource", "deletion"],
)
def test_what_is_no_binding_of_a_pod_is_none(changes: Json) -> None:
    assert mutate(replace(binding(POOLS_NODE), **changes)).allowed


def test_binding_that_can_not_be_read_is_an_error() -> None:
    broken = replace(binding("x"), object=msgspec.Raw(b'{"target": 1}'))
    with pytest.raises(RequestError, match="the Binding can not be read: "):
        validate(broken)
