"""Rule `claim`: a pod that aims at GPU nodes has its claims made first."""

import pytest

from tests.core.given import (
    DAEMON_SET_CONTROLLER,
    Json,
    cpu_pod,
    mutate,
    policy,
    refusals,
    request,
    shipped,
    validate,
)
from webhook.core.cluster import Cluster

REASON = "asks for a device by a ResourceClaim that is not known"
WATCHED = Cluster(
    claims={("team-a", "nothing"): frozenset(), ("team-a", "gpu"): frozenset({"gpu.nvidia.com"})},
    is_whole=True,
)
BY = shipped().knowing(WATCHED)
GPU: Json = {"key": "nvidia.com/gpu", "operator": "Exists"}
BLANKET: Json = {"operator": "Exists"}


def claiming(name: str = "later", kind: str = "resourceClaimName", **spec: object) -> Json:
    return cpu_pod(None, resourceClaims=[{"name": "x", kind: name}], **spec)


def message(kind: str, fields: str) -> str:
    return (
        f"there is no {kind} later in namespace team-a, so it can not be told whether the pod asks "
        f"for a GPU, and it aims at GPU nodes by {fields}; create the {kind} first, or drop what "
        "aims"
    )


@pytest.mark.parametrize("decide", [mutate, validate], ids=["mutate", "validate"])
@pytest.mark.parametrize(
    ("kind", "spec", "fields"),
    [
        ("resourceClaimName", {"tolerations": [GPU]}, "spec.tolerations[0]"),
        ("resourceClaimTemplateName", {"tolerations": [BLANKET]}, "spec.tolerations[0]"),
        (
            "resourceClaimName",
            {"tolerations": [GPU], "nodeSelector": {"gpu-type": "training"}},
            'spec.nodeSelector["gpu-type"], spec.tolerations[0]',
        ),
        ("resourceClaimName", {"nodeName": "gpu-train-1"}, "spec.nodeName"),
    ],
    ids=["toleration", "blanket", "both", "node"],
)
def test_pod_that_aims_by_a_claim_that_is_not_there_is_refused(
    decide: type, kind: str, spec: Json, fields: str
) -> None:
    decision = decide(claiming(kind=kind, **spec), BY)
    written = kind[0].upper() + kind.removesuffix("Name")[1:]
    assert refusals(decision) == [("claim", "spec.resourceClaims[0]", message(written, fields))]
    assert (decision.early, decision.patch) == (True, ())


def test_pod_that_reaches_no_gpu_node_is_left_alone_and_looked_at_again() -> None:
    decision = mutate(claiming(), BY)
    assert (decision.allowed, decision.reason, decision.early) == (True, REASON, True)
    assert (decision.patch, decision.warnings) == ((), ())


def test_claim_that_is_there_is_judged_by_what_it_asks_for() -> None:
    assert mutate(claiming("gpu", tolerations=[GPU]), BY).gpu_class == "general"
    decision = mutate(claiming("nothing", tolerations=[GPU]), BY)
    assert [rule for rule, _, _ in refusals(decision)] == ["cpu-target"]


def test_pod_of_a_daemon_set_waits_for_nothing() -> None:
    sent = request(claiming(tolerations=[BLANKET]), user=DAEMON_SET_CONTROLLER)
    decision = validate(sent, BY)
    assert (decision.allowed, decision.early) == (True, False)


def test_where_nobody_watches_claims_the_pod_is_let_in_with_a_warning() -> None:
    decision = mutate(claiming(tolerations=[GPU]))
    assert (decision.allowed, decision.reason, decision.early) == (True, REASON, False)
    assert decision.warnings == (
        "spec.resourceClaims[0]: ResourceClaim later is not known here; a pod that aims at GPU "
        "nodes (spec.tolerations[0]) is refused unless it is there first",
    )
    assert mutate(claiming()).warnings == ()


def test_what_the_policy_does_not_mind_is_no_aim() -> None:
    lax = "cpuPods: {onTarget: Allow, onBlanketToleration: Allow}"
    by = policy(cluster=f"defaultClass: general, {lax}").knowing(WATCHED)
    assert mutate(claiming(tolerations=[GPU, BLANKET]), by).allowed


def test_rule_in_mode_warn_warns() -> None:
    by = policy(cluster="defaultClass: general, rules: {claim: Warn}").knowing(WATCHED)
    decision = validate(claiming(tolerations=[GPU]), by)
    assert decision.allowed
    warned = message("ResourceClaim", "spec.tolerations[0]")
    assert decision.warnings == (f"spec.resourceClaims[0]: {warned}",)


def test_toleration_that_an_update_brings_is_refused_and_one_that_was_there_is_not() -> None:
    sent = request(claiming(tolerations=[BLANKET, GPU]), old=claiming(tolerations=[BLANKET]))
    decision = validate(sent, BY)
    assert refusals(decision) == [
        ("claim", "spec.resourceClaims[0]", message("ResourceClaim", "spec.tolerations[1]"))
    ]
    other: Json = {"key": "x", "operator": "Exists"}
    more = request(claiming(tolerations=[GPU, other]), old=claiming(tolerations=[GPU]))
    assert validate(more, BY).allowed
    assert validate(sent).allowed
