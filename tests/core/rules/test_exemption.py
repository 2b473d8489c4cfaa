"""Who is neither changed nor refused: named by what a tenant can not write."""

import pytest

from tests.core.given import Json, assert_untouched, cpu_pod, gpu_pod, mutate, policy, request

BY = policy(
    cluster="defaultClass: general, "
    "exempt: {namespaces: [gpu-operator], users: [bob], groups: [operators, admins]}"
)
AIMING = cpu_pod(nodeSelector={"gpu-type": "training"})
MIRROR = {"kubernetes.io/config.mirror": "abc"}


@pytest.mark.parametrize("document", [AIMING, gpu_pod("nothing", nodeName="gpu-1")])
@pytest.mark.parametrize(
    ("who", "reason"),
    [
        ({"namespace": "gpu-operator"}, "namespace gpu-operator is exempt"),
        ({"user": "bob"}, "user bob is exempt"),
        ({"groups": ("devs", "admins")}, "group admins is exempt"),
    ],
    ids=["namespace", "user", "group"],
)
def test_exempt_pods_are_left_alone(document: Json, who: Json, reason: str) -> None:
    assert assert_untouched(request(document, **who), BY).reason == reason


@pytest.mark.parametrize(
    "who",
    [
        {"namespace": "gpu-operator-2"},
        {"user": "bobby"},
        {"groups": ("devs",)},
        {"groups": ("system:nodes",), "user": "system:node:n"},
        {},
    ],
    ids=str,
)
def test_others_are_judged(who: Json) -> None:
    assert not mutate(request(AIMING, **who), BY).allowed


@pytest.mark.parametrize(
    ("annotations", "groups", "exempt"),
    [
        (MIRROR, ("system:nodes",), True),
        (MIRROR, ("devs",), False),
        ({}, ("system:nodes",), False),
        (None, ("system:nodes",), False),
    ],
    ids=["both", "annotation-alone", "group-alone", "no-annotations"],
)
def test_mirror_pod_needs_its_annotation_and_its_sender(
    annotations: dict[str, str] | None, groups: tuple[str, ...], *, exempt: bool
) -> None:
    sent = request(cpu_pod(annotations, nodeName="gpu-dev-1"), groups=groups)
    assert mutate(sent, BY).allowed is exempt


def test_workloads_are_exempt_too_but_none_is_a_mirror() -> None:
    document: Json = {"metadata": {"annotations": {**MIRROR, "gpu-class": "nothing"}}}
    sent = request(document, kind="Deployment", namespace="gpu-operator")
    assert_untouched(sent, BY)
    assert not mutate(request(document, kind="Deployment", groups=("system:nodes",)), BY).allowed


def test_labels_names_and_owners_exempt_nobody() -> None:
    document = cpu_pod(nodeSelector={"gpu-type": "training"})
    document["metadata"] |= {
        "name": "nvidia-device-plugin",
        "namespace": "gpu-operator",
        "labels": {"app": "nvidia-device-plugin"},
        "ownerReferences": [{"kind": "ClusterPolicy", "name": "c", "controller": True}],
    }
    assert not mutate(request(document), BY).allowed
