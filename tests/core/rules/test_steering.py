"""Rule `steering`: a CPU pod that tolerates everything runs anywhere but on GPU nodes."""

import pytest

from tests.core.given import (
    DAEMON_SET_CONTROLLER,
    Json,
    admitted,
    assert_untouched,
    cpu_pod,
    gpu_class,
    mutate,
    patched,
    policy,
    pool,
    refusals,
    request,
    shipped,
    validate,
)
from tests.core.shapes import preferred, preferred_of, required, required_of, stamp_of, term
from webhook.core.cluster import Cluster

OFF = ["gpu-type NotIn development production training", "node-role NotIn gpu-worker"]
ANY: Json = {"operator": "Exists"}
OPEN = cpu_pod(tolerations=[ANY])


def steered(document: Json) -> list[list[str]]:
    """Give the required terms after mutation; what comes of it is final."""
    once = patched(document)
    assert mutate(once).patch == ()
    assert validate(once).allowed
    return required_of(once)


@pytest.mark.parametrize(
    "tolerations",
    [
        [ANY],
        [{"key": "", "operator": "Exists", "effect": ""}],
        [{"operator": "Exists", "effect": "NoSchedule"}],
        [{"key": "x", "operator": "Exists"}, ANY],
    ],
    ids=["bare", "empty-strings", "effect", "beside-another"],
)
def test_blanket_toleration_is_kept_and_the_pod_kept_off_every_pool(tolerations: Json) -> None:
    document = cpu_pod(tolerations=tolerations)
    assert steered(document) == [OFF]
    assert patched(document)["spec"]["tolerations"] == tolerations


def test_every_label_that_steers_is_one_that_discovery_does_not_take_away() -> None:
    assert [each.key for each in shipped().steering] == ["gpu-type", "node-role"]


def test_every_term_is_narrowed() -> None:
    document = cpu_pod(tolerations=[ANY], affinity=required(term("zone In a"), term("zone In b")))
    assert steered(document) == [["zone In a", *OFF], ["zone In b", *OFF]]


def test_pod_that_is_kept_off_already_is_untouched() -> None:
    assert_untouched(cpu_pod(tolerations=[ANY], affinity=required(term("zone In a", *OFF))))


def test_stamp_says_what_was_injected() -> None:
    stamp = stamp_of(patched(OPEN))
    assert stamp == {"revision": shipped().revision, "required": "none"}
    assert "labels" not in patched(OPEN)["metadata"]


def test_preference_beside_a_blanket_toleration_is_warned_of_and_steered() -> None:
    own = preferred((1, term("gpu-type In training")))
    document = cpu_pod(tolerations=[ANY], affinity=own)
    decision = mutate(document)
    assert decision.rules == ("steering",)
    assert len(decision.warnings) == 1
    assert steered(document) == [OFF]
    assert preferred_of(patched(document)) == [(1, ["gpu-type In training"])]


@pytest.mark.parametrize(
    "tolerations",
    [
        [{"operator": "Exists", "effect": "NoExecute"}],
        [{"operator": "Exists", "effect": "PreferNoSchedule"}],
        [{"key": "x", "operator": "Exists"}],
        None,
    ],
    ids=["another-effect", "a-soft-effect", "a-key", "null"],
)
def test_toleration_that_opens_no_pool_is_untouched(tolerations: object) -> None:
    assert_untouched(cpu_pod(tolerations=tolerations))


def test_pod_that_names_a_node_is_not_steered() -> None:
    assert_untouched(cpu_pod(tolerations=[ANY], nodeName="cpu-1"))


def test_pod_of_the_daemon_set_controller_is_not_steered() -> None:
    decision = assert_untouched(request(OPEN, user=DAEMON_SET_CONTROLLER))
    assert decision.reason == "a DaemonSet pod: its controller chose the node"


@pytest.mark.parametrize("user", ["daemon-set-controller", "system:serviceaccount:x:y"])
def test_owner_reference_makes_no_daemon_set_pod(user: str) -> None:
    document = cpu_pod(tolerations=[ANY])
    owner = {"apiVersion": "apps/v1", "kind": "DaemonSet", "name": "d", "controller": True}
    document["metadata"]["ownerReferences"] = [owner]
    assert mutate(request(document, user=user)).rules == ("steering",)


MISSING = (
    "does not keep the pod off GPU nodes, which it tolerates without asking for a "
    "GPU: another admission webhook changed it after gpuclass, or it was not sent to "
    "gpuclass for mutation; look at the webhook configurations"
)


def test_pod_that_had_to_be_steered_and_is_not_is_refused_at_the_end() -> None:
    assert refusals(validate(OPEN)) == [("steering", "spec.affinity.nodeAffinity", MISSING)]


@pytest.mark.parametrize("annotation", ['{"revision": "another"}', "no stamp", "[[]]"])
def test_no_stamp_excuses_a_pod_that_had_to_be_steered(annotation: str) -> None:
    document = cpu_pod({"gpuclass.io/injected": annotation}, tolerations=[ANY])
    assert not validate(document).allowed


def test_pod_steered_by_the_policy_of_a_moment_ago_is_let_in() -> None:
    pools = pool("p", "t: p", "{key: t, value: p, effect: NoSchedule}")
    before = policy(pools + gpu_class("c", "{name: p}"), "defaultClass: c")
    made = admitted(cpu_pod(tolerations=[ANY]), before)
    assert refusals(validate(made)) == [("steering", "spec.affinity.nodeAffinity", MISSING)]
    assert validate(made, shipped().after((before,))).allowed


DENIED = (
    "names no key, so it tolerates the taints of GPU nodes, and the pod asks for no "
    "GPU; name the taints that it has to tolerate, or have the pod's namespace exempted "
    "(GPUPolicy spec.exempt)"
)


@pytest.mark.parametrize("decide", [mutate, validate], ids=["mutate", "validate"])
def test_deny_refuses_the_toleration(decide: type) -> None:
    by = policy(cluster="defaultClass: general, cpuPods: {onBlanketToleration: Deny}")
    decision = decide(cpu_pod(tolerations=[{"key": "x", "operator": "Exists"}, ANY]), by)
    assert refusals(decision) == [("steering", "spec.tolerations[1]", DENIED)]


def test_toleration_of_everything_that_the_namespace_adds_is_said_to_come_from_there() -> None:
    given = {"scheduler.alpha.kubernetes.io/defaultTolerations": '[{"operator": "Exists"}]'}
    by = policy(cluster="defaultClass: general, cpuPods: {onBlanketToleration: Deny}")
    by = by.knowing(Cluster(namespaces={"team-a": given}))
    assert refusals(mutate(OPEN, by)) == [
        (
            "steering",
            "spec.tolerations[0]",
            "names no key, so it tolerates the taints of GPU nodes, and the pod asks for no GPU; "
            "namespace team-a gives it to its pods by the annotation "
            "scheduler.alpha.kubernetes.io/defaultTolerations: change it there, or have the pod's "
            "namespace exempted (GPUPolicy spec.exempt)",
        )
    ]


def test_allow_lets_the_pod_in() -> None:
    by = policy(cluster="defaultClass: general, cpuPods: {onBlanketToleration: Allow}")
    assert assert_untouched(OPEN, by).warnings == ()


def test_pool_that_a_toleration_of_its_key_opens_is_an_aim_even_beside_a_blanket_one() -> None:
    document = cpu_pod(tolerations=[ANY, {"key": "nvidia.com/gpu", "operator": "Exists"}])
    assert [path for _, path, _ in refusals(mutate(document))] == ["spec.tolerations[1]"]


SOFT = policy(
    pool("a", "gpu: x", "{key: k, effect: PreferNoSchedule}") + gpu_class("c", "{name: a}"),
    "defaultClass: c",
)
NO_POOLS = policy(
    cluster="mode: Enforce", documents=gpu_class("c", "{name: a}") + pool("a", "g: x")
)


def test_pool_without_a_hard_taint_is_open_to_a_blanket_toleration() -> None:
    assert required_of(patched(OPEN, SOFT)) == [["gpu NotIn x"]]
    assert required_of(patched(OPEN, NO_POOLS)) == [["g NotIn x"]]
    assert_untouched(cpu_pod(), SOFT)


def test_pod_without_any_pool_to_reach_is_untouched() -> None:
    assert_untouched(OPEN, policy("---\n", "mode: Enforce"))
