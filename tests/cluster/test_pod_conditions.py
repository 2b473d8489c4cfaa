"""Which pods the API server sends, by its own evaluation of the conditions."""

import json
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from dataclasses import replace

import pytest

from tests.cli.shipped import policy
from tests.cluster.api import MERGE_PATCH, STRATEGIC_MERGE_PATCH, ApiError, Json
from tests.cluster.components import ADMIN_GROUPS
from tests.cluster.conditions import BINDINGS, SETUP, Gate, binding, gates
from tests.cluster.controlplane import ControlPlane
from webhook.core.names import DAEMON_SET_CONTROLLER
from webhook.core.policy.choices import Mode

pytestmark = pytest.mark.cluster

MUTATE, VALIDATE, WARN = "Mutating/pods", "Validating/pods", "Validating/warnings"
MIRROR = {"kubernetes.io/config.mirror": "x"}
STAMP = {"gpuclass.io/injected": "{}"}
TRAINING: Json = {"key": "gpu-type", "operator": "In", "values": ["training"]}
GPU_TYPE: Json = {"key": "gpu-type", "operator": "Exists"}


PREREQUISITES: tuple[Json, ...] = (
    {
        "apiVersion": "node.k8s.io/v1",
        "kind": "RuntimeClass",
        "metadata": {"name": "nvidia"},
        "handler": "nvidia",
    },
    {
        "apiVersion": "scheduling.k8s.io/v1",
        "kind": "PriorityClass",
        "metadata": {"name": "gpu-batch-priority"},
        "value": 50,
        "preemptionPolicy": "Never",
    },
)
"""What pods may name only where it exists."""


@pytest.fixture(scope="module")
def gate(control_plane: ControlPlane) -> Iterator[Mapping[str, Gate]]:
    for each in PREREQUISITES:
        control_plane.kubectl("apply", "--filename", "-", input=json.dumps(each))
    with gates(control_plane, policy()) as found:
        yield found


@pytest.fixture(scope="module")
def strict(control_plane: ControlPlane, gate: Mapping[str, Gate]) -> Iterator[Mapping[str, Gate]]:  # noqa: ARG001 # with its prerequisites
    """Give the entries of a policy that refuses what the shipped one only warns of."""
    modes = {**policy().modes, "runtime": Mode.ENFORCE, "priority-borrowed": Mode.ENFORCE}
    with gates(control_plane, replace(policy(), modes=modes), (VALIDATE, WARN)) as found:
        yield found


def container(name: str = "main", limits: Json | None = None) -> Json:
    return {"name": name, "image": "app:1", "resources": {"limits": limits or {}}}


def pod(annotations: Json | None = None, **spec: object) -> Json:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"generateName": "p-", "annotations": annotations or {}},
        "spec": {"containers": [container()], **spec},
    }


def asking(name: str, amount: object = 1) -> Json:
    return pod(containers=[container(limits={name: amount})])


def requiring(**term: object) -> Json:
    required = {"nodeSelectorTerms": [term]}
    return pod(
        affinity={"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}}
    )


def preferring(**term: object) -> Json:
    preferred = [{"weight": 1, "preference": term}]
    return pod(
        affinity={"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": preferred}}
    )


def field(*names: str) -> list[Json]:
    return [{"key": "metadata.name", "operator": "In", "values": list(names)}]


NOWHERE: tuple[str, ...] = ()
BOTH = (MUTATE, VALIDATE)


@pytest.mark.parametrize(
    ("manifest", "entries"),
    [
        pytest.param(pod(), NOWHERE, id="an ordinary pod"),
        pytest.param(asking("nvidia.com/gpu"), BOTH, id="a GPU"),
        pytest.param(asking("nvidia.com/gpu", 0), NOWHERE, id="no GPU, as a LimitRange says it"),
        pytest.param(asking("nvidia.com/gpu", "1e0"), BOTH, id="a GPU in another spelling"),
        pytest.param(asking("nvidia.com/mig-1g.5gb"), BOTH, id="a name that a glob matches"),
        pytest.param(
            asking("deviceclass.resource.kubernetes.io/gpu.nvidia.com", "500m"),
            BOTH,
            id="a device class",
        ),
        pytest.param(
            asking("deviceclass.resource.kubernetes.io/net.example.com"),
            NOWHERE,
            id="another device class",
        ),
        pytest.param(asking("example.com/fpga"), NOWHERE, id="another extended resource"),
        pytest.param(asking("nvidia.com/TU104GL_T4"), (WARN,), id="a GPU that no list has"),
        pytest.param(asking("nvidia.com/TU104GL_T4", 0), NOWHERE, id="none of it"),
        pytest.param(
            pod(initContainers=[container("init", {"nvidia.com/gpu": 1})]),
            BOTH,
            id="a GPU in an init container",
        ),
        pytest.param(
            pod(resourceClaims=[{"name": "a", "resourceClaimName": "b"}]), BOTH, id="a claim"
        ),
        pytest.param(pod({"gpu-class": "training"}), BOTH, id="a class"),
        pytest.param(pod({"gpu-class": ""}), BOTH, id="a class without a name"),
        pytest.param(pod({"other": "training"}), NOWHERE, id="another annotation"),
        pytest.param(pod(tolerations=[{"operator": "Exists"}]), BOTH, id="tolerates everything"),
        pytest.param(
            pod(tolerations=[{"key": "gpu-type", "operator": "Exists"}]), BOTH, id="a pool's taint"
        ),
        pytest.param(
            pod(tolerations=[{"key": "spot", "operator": "Exists"}]), NOWHERE, id="another taint"
        ),
        pytest.param(pod(nodeName="gpu-train-1"), (VALIDATE,), id="a pool's node by name"),
        pytest.param(pod(nodeName="cpu-1"), (VALIDATE,), id="any node by name"),
        pytest.param(
            pod(nodeSelector={"gpu-type": "training"}), (VALIDATE,), id="selects a pool's label"
        ),
        pytest.param(
            pod(nodeSelector={"node-role": "cpu"}), NOWHERE, id="selects another value of it"
        ),
        pytest.param(pod(nodeSelector={"disk": "ssd"}), NOWHERE, id="selects another label"),
        pytest.param(
            pod(nodeSelector={"nvidia.com/gpu.product": "H100"}),
            (VALIDATE,),
            id="selects a label of who makes GPUs",
        ),
        pytest.param(
            pod(nodeSelector={"notnvidia.com/gpu": "1"}), NOWHERE, id="selects another domain"
        ),
        pytest.param(
            requiring(matchExpressions=[TRAINING]), (VALIDATE,), id="requires a pool's label"
        ),
        pytest.param(
            requiring(matchExpressions=[GPU_TYPE]), (VALIDATE,), id="requires a pool's label to be"
        ),
        pytest.param(
            requiring(matchExpressions=[{**TRAINING, "operator": "NotIn"}]),
            NOWHERE,
            id="stays off a pool's label",
        ),
        pytest.param(
            requiring(matchExpressions=[{**GPU_TYPE, "operator": "DoesNotExist"}]),
            NOWHERE,
            id="wants no such label",
        ),
        pytest.param(
            requiring(matchExpressions=[{**TRAINING, "values": ["cpu"]}]),
            NOWHERE,
            id="requires another value",
        ),
        pytest.param(
            requiring(matchFields=field("cpu-1")), (VALIDATE,), id="any node by its field"
        ),
        pytest.param(
            requiring(matchFields=field("gpu-train-1")), (VALIDATE,), id="a pool's node by field"
        ),
        pytest.param(
            preferring(matchExpressions=[TRAINING]), (VALIDATE,), id="prefers a pool's label"
        ),
        pytest.param(
            preferring(matchExpressions=[{**TRAINING, "values": ["cpu"]}]),
            NOWHERE,
            id="prefers another value",
        ),
    ],
)
def test_a_new_pod_is_sent_to(
    gate: Mapping[str, Gate], manifest: Json, entries: tuple[str, ...]
) -> None:
    found = tuple(name for name in (MUTATE, VALIDATE, WARN) if gate[name].sends_pod(manifest))
    assert found == entries


def seeing(value: str | None, where: str = "containers", **more: object) -> Json:
    variable = {"name": "NVIDIA_VISIBLE_DEVICES", "value": value, **more}
    seen = {**container("seen"), "env": [{"name": "A", "value": "all"}, variable]}
    manifest = pod()
    manifest["spec"][where] = [seen]
    return manifest


MISUSES = [
    pytest.param(pod(runtimeClassName="nvidia"), True, id="NVIDIA's runtime"),
    pytest.param(seeing("all"), True, id="all devices"),
    pytest.param(seeing("0", "initContainers"), True, id="a device, in an init container"),
    pytest.param(
        seeing(None, valueFrom={"fieldRef": {"fieldPath": "metadata.name"}}),
        True,
        id="devices from elsewhere",
    ),
    pytest.param(seeing("void"), False, id="void"),
    pytest.param(seeing("none"), False, id="none"),
    pytest.param(seeing(""), False, id="nothing"),
    pytest.param(pod(priorityClassName="gpu-batch-priority"), True, id="a class's priority"),
    pytest.param(pod(priorityClassName="system-node-critical"), False, id="another priority"),
]


@pytest.mark.parametrize(("manifest", "is_sent"), MISUSES)
def test_a_pod_that_takes_what_is_not_its_own_waits_only_for_a_refusal(
    gate: Mapping[str, Gate], strict: Mapping[str, Gate], manifest: Json, *, is_sent: bool
) -> None:
    assert gate[WARN].sends_pod(manifest) == is_sent
    assert strict[VALIDATE].sends_pod(manifest) == is_sent
    assert not gate[VALIDATE].sends_pod(manifest)
    assert not strict[WARN].sends_pod(manifest)
    assert not gate[MUTATE].sends_pod(manifest)


def test_a_gpu_pod_with_the_priority_of_its_class_is_not_sent_twice(
    gate: Mapping[str, Gate],
) -> None:
    given = {"priorityClassName": "gpu-batch-priority", "runtimeClassName": "nvidia"}
    asked = asking("nvidia.com/gpu")
    asked["spec"].update(given)
    assert not gate[WARN].sends_pod(asked)


@pytest.mark.parametrize("name", [MUTATE, VALIDATE, WARN])
def test_a_pod_without_containers_is_refused_by_the_api_and_not_by_an_error_of_ours(
    gate: Mapping[str, Gate], name: str
) -> None:
    with pytest.raises(ApiError, match=r"spec\.containers: Required value") as refusal:
        gate[name].sends_pod(pod(containers=None))
    assert refusal.value.status == 422


BLANKET: Json = {"operator": "Exists"}
TOLERANT, MIRRORED = pod(tolerations=[BLANKET]), pod(MIRROR, tolerations=[BLANKET], nodeName="n")
GPU = asking("nvidia.com/gpu")


@pytest.mark.parametrize("name", [MUTATE, VALIDATE])
@pytest.mark.parametrize(
    ("who", "manifest", "is_sent"),
    [
        pytest.param((DAEMON_SET_CONTROLLER,), TOLERANT, False, id="a DaemonSet's pod"),
        pytest.param((DAEMON_SET_CONTROLLER,), GPU, True, id="a DaemonSet's pod with a GPU"),
        pytest.param(("kubelet", "system:nodes"), MIRRORED, False, id="a mirror pod"),
        pytest.param(("kubelet", "system:nodes"), TOLERANT, True, id="the kubelets' group alone"),
        pytest.param(("tenant",), MIRRORED, True, id="the mirror annotation alone"),
        pytest.param((SETUP,), GPU, False, id="an exempt user"),
        pytest.param(("tenant",), GPU, True, id="anybody else"),
    ],
)
def test_who_sends_a_pod_matters(
    gate: Mapping[str, Gate],
    name: str,
    who: tuple[str, ...],
    manifest: Json,
    is_sent: bool,
) -> None:
    user, *groups = who
    text = json.dumps(manifest)
    assert gate[name].sends_as(user, tuple(groups), "create", "-f", "-", text=text) == is_sent


def rewritten(gate: Gate, manifest: Json, patch: Json, content_type: str = MERGE_PATCH) -> bool:
    """Create a pod, and tell whether a patch of it would be sent."""
    name = gate.make(manifest)["metadata"]["name"]
    path = f"/api/v1/namespaces/{gate.namespace}/pods/{name}"
    return gate.sends("PATCH", path, patch, content_type)


def appended(manifest: Json, *tolerations: Json) -> Json:
    """Give the patch that appends tolerations, those of the API server's defaults included."""
    given = manifest["spec"].get("tolerations", [])
    reasons = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
    defaults = [
        {"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}
        for key in reasons
    ]
    return {"spec": {"tolerations": [*given, *defaults, *tolerations]}}


PLAIN, STAMPED = pod(), pod(STAMP)
EXISTS: Json = {"key": "gpu-type", "operator": "Exists"}
SPOT: Json = {"key": "spot", "operator": "Exists"}
IMAGE: Json = {"spec": {"containers": [{"name": "main", "image": "app:2"}]}}
LABEL: Json = {"metadata": {"labels": {"a": "b"}}}


@pytest.mark.parametrize(
    ("manifest", "patch", "entries"),
    [
        pytest.param(PLAIN, appended(PLAIN, EXISTS), (VALIDATE,), id="a GPU toleration appended"),
        pytest.param(PLAIN, appended(PLAIN, SPOT), NOWHERE, id="another toleration appended"),
        pytest.param(GPU, appended(GPU, EXISTS), NOWHERE, id="the same on a GPU pod"),
        pytest.param(
            STAMPED, appended(STAMPED, SPOT), (MUTATE,), id="tolerations of a pod of ours"
        ),
        pytest.param(STAMPED, LABEL, NOWHERE, id="a label of a pod of ours"),
        pytest.param(GPU, LABEL, NOWHERE, id="a label of a GPU pod"),
        pytest.param(GPU, {"metadata": {"finalizers": ["a.b/c"]}}, NOWHERE, id="a finalizer"),
    ],
)
def test_a_pod_that_is_written_again_is_sent_to(
    gate: Mapping[str, Gate], manifest: Json, patch: Json, entries: tuple[str, ...]
) -> None:
    names = (MUTATE, VALIDATE, WARN)
    assert tuple(name for name in names if rewritten(gate[name], manifest, patch)) == entries


@pytest.mark.parametrize("manifest", [GPU, TOLERANT, STAMPED], ids=["GPU", "tolerant", "stamped"])
@pytest.mark.parametrize("name", [MUTATE, VALIDATE])
def test_a_new_image_is_nobodys_business(
    gate: Mapping[str, Gate], name: str, manifest: Json
) -> None:
    assert not rewritten(gate[name], manifest, IMAGE, STRATEGIC_MERGE_PATCH)


def test_a_gated_pod_that_gains_a_selector_is_judged_again(gate: Mapping[str, Gate]) -> None:
    gated = pod(schedulingGates=[{"name": "a.b/c"}])
    assert rewritten(gate[VALIDATE], gated, {"spec": {"nodeSelector": {"gpu-type": "training"}}})
    assert not rewritten(gate[VALIDATE], gated, {"spec": {"nodeSelector": {"disk": "ssd"}}})


def test_a_pod_that_is_being_deleted_is_in_nobodys_hands(gate: Mapping[str, Gate]) -> None:
    here = gate[VALIDATE]
    made = here.make({**PLAIN, "metadata": {"name": "going", "finalizers": ["a.b/c"]}})
    path = f"/api/v1/namespaces/{here.namespace}/pods/{made['metadata']['name']}"
    assert here.sends("PATCH", path, appended(PLAIN, EXISTS), MERGE_PATCH)
    here.control_plane.api.request("DELETE", path)
    assert not here.sends("PATCH", path, appended(PLAIN, EXISTS), MERGE_PATCH)
    assert not here.sends("PATCH", path, {"metadata": {"finalizers": None}}, MERGE_PATCH)
    here.control_plane.api.request("PATCH", path, {"metadata": {"finalizers": None}}, MERGE_PATCH)


@pytest.fixture(scope="module")
def bindings(control_plane: ControlPlane) -> Iterator[Gate]:
    with gates(control_plane, policy(), (BINDINGS,)) as found:
        yield found[BINDINGS]


@pytest.mark.parametrize(
    ("user", "is_sent"),
    [
        pytest.param("system:kube-scheduler", False, id="a scheduler of the policy"),
        pytest.param(SETUP, False, id="an exempt user"),
        pytest.param("tenant", True, id="anybody else"),
    ],
)
@pytest.mark.parametrize("path", ["bindings", "pods/unbound/binding"])
def test_a_binding_waits_only_where_no_scheduler_sent_it(
    bindings: Gate, path: str, user: str, is_sent: bool
) -> None:
    if not pods_of(bindings):
        bindings.make({**pod(schedulerName="nobody"), "metadata": {"name": "unbound"}})
    api = bindings.control_plane.api.acting_as(user, ADMIN_GROUPS)
    address = f"/api/v1/namespaces/{bindings.namespace}/{path}?dryRun=All"
    outcome = nullcontext() if not is_sent else pytest.raises(ApiError, match="failed calling")
    with outcome:
        api.request("POST", address, binding("unbound"))


def pods_of(gate: Gate) -> list[Json]:
    path = f"/api/v1/namespaces/{gate.namespace}/pods"
    found: list[Json] = gate.control_plane.api.request("GET", path)["items"]
    return found
