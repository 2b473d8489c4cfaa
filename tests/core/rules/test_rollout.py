"""Rule `rollout`: what a new class means for pods that run already, said at the write."""

import pytest

from tests.core.given import Json, cpu_pod, gpu_pod, policy, request, validate
from tests.core.shapes import required, term
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


ALL: Json = {"operator": "Exists"}
PRODUCTION = {"gpu-type": "production"}
PRODUCTION_NODES = required(term("gpu-type In production", "zone In a"))


@pytest.mark.parametrize(
    ("named", "selector", "others"),
    [
        ("general", None, "development, production, training"),
        ("production", None, "development, training, worker"),
        ("production", {"nvidia.com/gpu.present": "true"}, "development, training, worker"),
    ],
    ids=["general", "production", "every-gpu-node"],
)
def test_gpu_pods_of_a_daemon_set_have_to_keep_to_their_class_themselves(
    named: str, selector: Json | None, others: str
) -> None:
    document = workload(named, gpu_pod(tolerations=[ALL], nodeSelector=selector))
    (found,) = warned("DaemonSet", document, None)
    head, _, tail = found.partition("; ")
    assert head == (
        "pods of a DaemonSet are placed by its controller: these run on nodes of "
        f"{others} too, which class {named} does not have"
    )
    wanted = {
        "general": "node-role In [gpu-worker]",
        "production": "gpu-type In [production]",
    }[named]
    assert tail == (
        f"require nvidia.com/gpu.present In [true] and {wanted} in spec.template.spec.affinity"
    )


@pytest.mark.parametrize(
    ("named", "pod"),
    [
        ("general", cpu_pod()),
        ("production", gpu_pod(tolerations=[ALL], nodeSelector=PRODUCTION)),
        ("production", gpu_pod(tolerations=[ALL], affinity=PRODUCTION_NODES)),
        ("training", gpu_pod(tolerations=[ALL])),
    ],
    ids=["asks-for-no-gpu", "selects-its-class", "requires-its-class", "a-preferred-class"],
)
def test_other_daemon_sets_are_not_warned_of(named: str, pod: Json) -> None:
    found = warned("DaemonSet", workload(named, pod), None)
    assert [each for each in found if "placed by its controller" in each] == []


LIMITED = policy(
    "---\n{apiVersion: gpuclass.io/v1alpha1, kind: GPUNodePool, metadata: {name: a}, spec: "
    "{selector: {gpu: x}, taints: [{key: k, effect: NoSchedule}]}}\n"
    "---\n{apiVersion: gpuclass.io/v1alpha1, kind: GPUClass, metadata: {name: c}, spec: "
    "{pools: [{name: a}], allowedNamespaces: [team-a]}}\n",
    "defaultClass: c",
)


def test_class_that_is_for_this_namespace_only_counts_as_well() -> None:
    assert warned("DaemonSet", workload("c"), None, LIMITED) == (needed("k=:NoSchedule", "c"),)
