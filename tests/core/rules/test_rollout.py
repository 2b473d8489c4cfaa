"""Rule `rollout`: what a new class means for pods that run already, said at the write."""

import pytest

from tests.core.given import Json, cpu_pod, gpu_pod, policy, request, validate
from webhook.core.policy.policy import Policy

ORDERED = (
    "a StatefulSet with ordered pods keeps a pod that is not ready, with its old class; "
    "delete such a pod by hand"
)
SURGING = (
    "its pods roll now, each new one beside an old one: a pool without a free GPU makes the "
    "roll wait; spec.strategy.rollingUpdate.maxSurge 0 replaces in place"
)


def workload(named: str, pod: Json | None = None, **spec: object) -> Json:
    template = pod or gpu_pod(named)
    return {
        "metadata": {"name": "w", "annotations": {"gpu-class": named}},
        "spec": {"template": template, **spec},
    }


def warned(kind: str, new: Json, old: Json | None, by: Policy | None = None) -> tuple[str, ...]:
    return validate(request(new, kind=kind, old=old), by).warnings


@pytest.mark.parametrize(
    ("kind", "spec", "expected"),
    [
        ("Deployment", {}, (SURGING,)),
        ("Deployment", {"strategy": None}, (SURGING,)),
        ("Deployment", {"strategy": {"rollingUpdate": {"maxSurge": "25%"}}}, (SURGING,)),
        ("Deployment", {"strategy": {"rollingUpdate": {"maxSurge": 0}}}, ()),
        ("Deployment", {"strategy": {"rollingUpdate": {"maxSurge": "0%"}}}, ()),
        ("Deployment", {"strategy": {"type": "Recreate"}}, ()),
        ("StatefulSet", {}, (ORDERED,)),
        ("StatefulSet", {"podManagementPolicy": "OrderedReady"}, (ORDERED,)),
        ("StatefulSet", {"podManagementPolicy": "Parallel"}, ()),
        ("ReplicaSet", {}, ()),
    ],
)
def test_new_class_is_warned_of_where_pods_may_not_follow(
    kind: str, spec: Json, expected: tuple[str, ...]
) -> None:
    new, old = workload("training", **spec), workload("general", **spec)
    assert warned(kind, new, old) == expected


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet"])
@pytest.mark.parametrize("old", [None, workload("training")], ids=["created", "unchanged"])
def test_class_that_is_not_new_is_not_warned_of(kind: str, old: Json | None) -> None:
    assert warned(kind, workload("training", replicas=3), old) == ()


def needed(taints: str, named: str) -> str:
    return (
        f"pods of a DaemonSet are placed by its controller: write tolerations for {taints} "
        f"into spec.template.spec.tolerations, class {named} can not add them"
    )


def test_gpu_pods_of_a_daemon_set_need_tolerations_of_their_own() -> None:
    taints = "nvidia.com/gpu=present:NoSchedule, gpu-type=production:NoSchedule"
    assert warned("DaemonSet", workload("production"), None) == (needed(taints, "production"),)


def test_only_missing_tolerations_are_named() -> None:
    own = [{"key": "nvidia.com/gpu", "operator": "Exists"}]
    document = workload("production", gpu_pod(tolerations=own))
    assert warned("DaemonSet", document, None) == (
        needed("gpu-type=production:NoSchedule", "production"),
    )


@pytest.mark.parametrize(
    "pod",
    [cpu_pod(), gpu_pod(tolerations=[{"operator": "Exists"}])],
    ids=["asks-for-no-gpu", "tolerates-all"],
)
def test_other_daemon_sets_are_not_warned_of(pod: Json) -> None:
    document: Json = {"metadata": {"name": "w"}, "spec": {"template": pod}}
    assert warned("DaemonSet", document, None) == ()


LIMITED = policy(
    "---\n{apiVersion: gpuclass.io/v1alpha1, kind: GPUNodePool, metadata: {name: a}, spec: "
    "{selector: {gpu: x}, taints: [{key: k, effect: NoSchedule}]}}\n"
    "---\n{apiVersion: gpuclass.io/v1alpha1, kind: GPUClass, metadata: {name: c}, spec: "
    "{pools: [{name: a}], allowedNamespaces: [team-a]}}\n",
    "defaultClass: c",
)


def test_class_that_is_for_this_namespace_only_counts_as_well() -> None:
    assert warned("DaemonSet", workload("c"), None, LIMITED) == (needed("k=:NoSchedule", "c"),)
