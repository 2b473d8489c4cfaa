"""A pod that is written again: never in the way, and no back door."""

from copy import deepcopy

import pytest

from tests.core.given import (
    Json,
    assert_untouched,
    cpu_pod,
    gpu_pod,
    mutate,
    places,
    policy,
    refusals,
    request,
    validate,
)
from tests.core.shapes import required, term
from webhook.core.errors import RequestError

AIMING: Json = {"nodeSelector": {"gpu-type": "training"}}
BLANKET: Json = {"operator": "Exists"}
GPU: Json = {"key": "nvidia.com/gpu", "operator": "Exists"}


@pytest.mark.parametrize(
    ("spec", "place"),
    [
        (AIMING, 'spec.nodeSelector["gpu-type"]'),
        (
            {"affinity": required(term("gpu-type In training"))},
            "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution"
            ".nodeSelectorTerms[0].matchExpressions[0]",
        ),
        ({"tolerations": [GPU]}, "spec.tolerations[0]"),
        ({"tolerations": [BLANKET]}, "spec.tolerations[0]"),
    ],
    ids=["gated-pod-gains-a-selector", "affinity", "toleration", "blanket-toleration"],
)
def test_field_that_this_write_brought_is_refused_and_nothing_is_injected(
    spec: Json, place: str
) -> None:
    sent = request(cpu_pod(None, **spec), old=cpu_pod())
    assert places(validate(sent)) == [place]
    assert mutate(sent).patch == ()
    assert mutate(sent).allowed


def test_toleration_that_was_appended_is_refused_at_its_place() -> None:
    other = {"key": "x", "operator": "Exists"}
    sent = request(cpu_pod(tolerations=[other, BLANKET]), old=cpu_pod(tolerations=[other]))
    assert refusals(validate(sent)) == [
        (
            "steering",
            "spec.tolerations[1]",
            "names no key, so it tolerates the taints of GPU nodes, and the pod asks for no GPU; "
            "name the taints that it has to tolerate, or have the pod's namespace exempted "
            "(GPUPolicy spec.exempt)",
        )
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"metadata": {"name": "p", "finalizers": ["x"], "labels": {"a": "b"}}},
        {"status": {"phase": "Failed"}},
        {"spec": {**cpu_pod(None, **AIMING)["spec"], "activeDeadlineSeconds": 5}},
        {"spec": {**cpu_pod(None, **AIMING)["spec"], "containers": []}},
    ],
    ids=["metadata", "status", "deadline", "containers"],
)
def test_pod_that_was_there_before_the_policy_is_not_in_the_way(change: Json) -> None:
    old = cpu_pod(None, **AIMING)
    assert_untouched(request({**old, **change}, old=old))


def test_old_fault_is_no_reason_to_refuse_another_change() -> None:
    new = cpu_pod(None, **AIMING, tolerations=[{"key": "x", "operator": "Exists"}])
    assert_untouched(request(new, old=cpu_pod(None, **AIMING)))


def test_only_the_new_fault_is_named() -> None:
    new = cpu_pod(None, **AIMING, tolerations=[GPU])
    assert places(validate(request(new, old=cpu_pod(None, **AIMING)))) == ["spec.tolerations[0]"]


def test_pod_that_is_being_deleted_is_let_go() -> None:
    new = cpu_pod(None, **AIMING)
    new["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert_untouched(request(new, old=cpu_pod()))


def test_steered_pod_may_be_written_again() -> None:
    sent = mutate(cpu_pod(tolerations=[BLANKET]))
    assert sent.patch
    off = required(
        term("gpu-type NotIn development production training", "node-role NotIn gpu-worker")
    )
    old = cpu_pod(affinity=off)
    assert_untouched(request(cpu_pod(affinity=off, tolerations=[BLANKET]), old=old))


@pytest.mark.parametrize(
    "document",
    [
        gpu_pod("nothing", nodeSelector={"gpu-type": "production"}),
        cpu_pod(resourceClaims=[{"name": "x"}], **AIMING),
    ],
    ids=["gpu", "claim"],
)
def test_pod_that_asks_for_a_gpu_is_not_judged_again(document: Json) -> None:
    old = deepcopy(document)
    del old["spec"]["nodeSelector"]
    assert_untouched(request(document, old=old))


@pytest.mark.parametrize(
    ("cluster", "selected", "blanket"),
    [
        ("onTarget: Warn", True, False),
        ("onTarget: Allow", True, False),
        ("onBlanketToleration: Allow", False, True),
        ("onTarget: Allow, onBlanketToleration: Allow", True, True),
    ],
)
def test_policy_says_what_is_refused(cluster: str, *, selected: bool, blanket: bool) -> None:
    by = policy(cluster=f"defaultClass: general, cpuPods: {{{cluster}}}")
    assert validate(request(cpu_pod(None, **AIMING), old=cpu_pod()), by).allowed is selected
    sent = request(cpu_pod(tolerations=[BLANKET]), old=cpu_pod())
    assert validate(sent, by).allowed is blanket


def test_exempt_users_may_change_anything() -> None:
    by = policy(cluster="defaultClass: general, exempt: {users: [bob]}")
    assert_untouched(request(cpu_pod(None, **AIMING), old=cpu_pod(), user="bob"), by)


def test_update_without_its_old_object_can_not_be_read() -> None:
    sent = request(cpu_pod(), old="text")
    with pytest.raises(RequestError) as caught:
        validate(sent)
    assert str(caught.value) == "the Pod can not be read: Expected `object`, got `str`"
