"""Nodes from Git on a real API server and scheduler: claimed, marked, moved, released.

The tests share one installation; nodes register with a kubelet's own credential.
"""

import json
import logging
import time
from collections.abc import Iterator
from functools import partial

import pytest
import yaml

from tests.cluster.api import MERGE_PATCH, ApiError, Json
from tests.cluster.binaries import Binaries
from tests.cluster.controlplane import ControlPlane
from tests.cluster.installed import CONTROLLER, Installed
from tests.cluster.nodes import GROUPS, join, taints_of
from tests.cluster.shipped import ROOT
from tests.cluster.simulation import GPU, NODES, create_node, delete_node
from tests.cluster.waiting import eventually
from webhook.core.names import MARKS_ANNOTATION, ON_DELETE_ANNOTATION, RELEASE

pytestmark = pytest.mark.cluster

OURS = "/apis/gpuclass.io/v1alpha1"
PRESENT, TRAINING = f"{GPU}=present:NoSchedule", "gpu-type=training:NoSchedule"
LABELS = {"nvidia.com/gpu.present": "true", "gpu-type": "training", "node-role": "gpu-training"}
WAITING = 12

_log = logging.getLogger(__name__)


@pytest.fixture(scope="module")
def plane(binaries: Binaries) -> Iterator[ControlPlane]:
    """Give a control plane without nodes."""
    with ControlPlane(binaries) as running:
        yield running


@pytest.fixture(scope="module")
def installed(plane: ControlPlane) -> Iterator[Installed]:
    """Give an installation whose server is sent the nodes that register."""
    with Installed(plane) as running:
        eventually(lambda: is_sent_nodes(plane), "nodes to be sent to the webhook")
        yield running


def is_sent_nodes(plane: ControlPlane) -> bool:
    body = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "gpu-train-probe"}}
    made = plane.api.request("POST", f"{NODES}?dryRun=All", body)
    return MARKS_ANNOTATION in made["metadata"].get("annotations", {})


def team(plane: ControlPlane, name: str) -> str:
    """Give a namespace in which twelve CPU pods wait for a node."""
    plane.kubectl("create", "namespace", name)
    account = f"/api/v1/namespaces/{name}/serviceaccounts/default"
    eventually(lambda: plane.api.is_ready(account), f"a ServiceAccount in {name}")
    pods = [
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": f"cpu-{number}"},
            "spec": {"containers": [{"name": "c", "image": "x"}]},
        }
        for number in range(WAITING)
    ]
    text = "\n---\n".join(map(json.dumps, pods))
    plane.kubectl("create", "--namespace", name, "--filename", "-", input=text)
    return name


def homes(plane: ControlPlane, namespace: str) -> list[str]:
    """Give the node of each pod of a namespace that has one."""
    items = plane.api.request("GET", f"/api/v1/namespaces/{namespace}/pods")["items"]
    return [each["spec"]["nodeName"] for each in items if each["spec"].get("nodeName")]


def node(plane: ControlPlane, name: str) -> Json:
    return plane.api.request("GET", f"{NODES}/{name}")


def labels(plane: ControlPlane, name: str) -> Json:
    """Give the labels of a node but those that its kubelet set."""
    found = node(plane, name)["metadata"].get("labels", {})
    return {key: each for key, each in found.items() if "kubernetes.io/" not in key}


def apply(plane: ControlPlane, kind: str, name: str, spec: Json, **annotations: str) -> None:
    document = {
        "apiVersion": "gpuclass.io/v1alpha1",
        "kind": kind,
        "metadata": {"name": name, "annotations": annotations},
        "spec": spec,
    }
    plane.kubectl("apply", "--server-side", "--filename", "-", input=json.dumps(document))


def pool(value: str, **more: object) -> Json:
    """Give the spec of a pool whose nodes are told by one label and one taint."""
    taint = {"key": "test-pool", "value": value, "effect": "NoSchedule"}
    return {"selector": {"test-pool": value}, "taints": [taint], **more}


def status(plane: ControlPlane, path: str) -> Json:
    found: Json = plane.api.request("GET", f"{OURS}/{path}").get("status", {})
    return found


def has_problem(plane: ControlPlane, path: str, text: str) -> bool:
    return text in status(plane, path).get("problems", [])


def test_without_us_pods_that_wait_land_on_a_gpu_node_that_registers_bare(
    plane: ControlPlane,
) -> None:
    waiting = team(plane, "before")
    join(plane, "gpu-train-0", gpus=8)
    eventually(lambda: homes(plane, waiting) == ["gpu-train-0"] * WAITING, "pods to land")
    plane.kubectl("delete", "namespace", waiting, "--wait=false")
    delete_node(plane.api, "gpu-train-0")


def test_with_us_none_lands_since_the_node_registers_with_its_taints(
    plane: ControlPlane, installed: Installed
) -> None:
    assert installed.is_registered()
    waiting = team(plane, "after")
    registered = join(plane, "gpu-train-1", gpus=8)
    assert LABELS.items() <= registered["metadata"]["labels"].items()
    assert {PRESENT, TRAINING} <= taints_of(registered)
    create_node(plane.api, "cpu-1")
    eventually(lambda: homes(plane, waiting) == ["cpu-1"] * WAITING, "pods to land elsewhere")


def test_labels_that_a_kubelet_may_not_set_come_from_the_controller(
    plane: ControlPlane, installed: Installed
) -> None:
    assert installed.is_registered()
    role, trusted = "node-role.kubernetes.io/gpu", "pool.node-restriction.kubernetes.io/kind"
    claims = {"names": ["special-*"]}
    apply(
        plane, "GPUNodePool", "special", pool("s", labels={role: "", trusted: "s"}, claims=claims)
    )
    eventually(lambda: is_claimed(plane, "special-x"), "claims")
    registered = join(plane, "special-1")["metadata"]["labels"]
    assert registered["test-pool"] == "s"
    assert {role, trusted}.isdisjoint(registered)
    eventually(
        lambda: (
            {role: "", trusted: "s"}.items()
            <= node(plane, "special-1")["metadata"]["labels"].items()
        ),
        "the labels that only an administrator may set",
    )


def is_claimed(plane: ControlPlane, name: str) -> bool:
    """Tell whether a node of this name would be marked as it registers."""
    body = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}}
    made = plane.api.request("POST", f"{NODES}?dryRun=All", body)
    return MARKS_ANNOTATION in made["metadata"].get("annotations", {})


def test_a_node_that_its_cloud_labels_is_marked_and_follows_its_pool(
    plane: ControlPlane, installed: Installed
) -> None:
    claims = {"matchLabels": {"cloud.example/accelerator": "h100"}}
    apply(plane, "GPUNodePool", "cloud", pool("c", labels={"role": "first"}, claims=claims))
    others = {"key": "other.example/x", "value": "y", "effect": "NoSchedule"}
    join(plane, "n-1", labels=claims["matchLabels"], taints=[others])
    marked = {"cloud.example/accelerator": "h100", "test-pool": "c"}
    eventually(lambda: labels(plane, "n-1") == {**marked, "role": "first"}, "the marks")
    plane.kubectl("cordon", "n-1")
    spec = pool("c", labels={"part": "second"}, claims=claims)
    spec["taints"] = [{"key": "test-pool", "value": "d", "effect": "NoExecute"}]
    apply(plane, "GPUNodePool", "cloud", spec)
    eventually(lambda: labels(plane, "n-1") == {**marked, "part": "second"}, "the edit")
    found = node(plane, "n-1")
    assert found["spec"]["unschedulable"] is True
    assert {"other.example/x=y:NoSchedule", "test-pool=d:NoExecute"} <= taints_of(found)
    assert "test-pool=c:NoSchedule" not in taints_of(found)
    assert installed.metrics(CONTROLLER)['gpuclass_controller_nodes{state="disputed"}'] == 0


@pytest.mark.slow
def test_how_soon_a_node_that_its_cloud_labels_is_marked(
    plane: ControlPlane, installed: Installed
) -> None:
    assert installed.is_registered()
    mark = {"cloud.example/accelerator": "soon"}
    apply(plane, "GPUNodePool", "soon", pool("soon", claims={"matchLabels": mark}))
    seconds_until_marked(plane, "soon-first", mark)
    seconds = sorted(seconds_until_marked(plane, f"soon-{each}", mark) for each in range(50))
    assert "test-pool=soon:NoSchedule" in taints_of(node(plane, "soon-49"))
    _log.warning("marked after %.3f s (median), %.3f s (longest of 50)", seconds[25], seconds[-1])


def seconds_until_marked(plane: ControlPlane, name: str, mark: Json) -> float:
    began = time.perf_counter()
    create_node(plane.api, name, labels=mark)
    eventually(lambda: "test-pool" in labels(plane, name), "the marks")
    return time.perf_counter() - began


def test_a_node_that_two_pools_claim_is_left_alone_and_reported(
    plane: ControlPlane, installed: Installed
) -> None:
    for name in ("left", "right"):
        claims = {"matchLabels": {f"cloud.example/{name}": "yes"}}
        apply(plane, "GPUNodePool", name, pool(name, claims=claims))
    plane.kubectl(
        "wait", "--for=condition=Ready", "gpunodepool/left", "gpunodepool/right", "--timeout=180s"
    )
    both = {"cloud.example/left": "yes", "cloud.example/right": "yes"}
    join(plane, "n-2", labels=both)
    text = "n-2: pools left, right claim it alike; left as it is until one does"
    for name in ("left", "right"):
        path = f"gpunodepools/{name}"
        eventually(partial(has_problem, plane, path, text), "the pool to say so")
    assert labels(plane, "n-2") == both
    assert not {each for each in taints_of(node(plane, "n-2")) if each.startswith("test-pool")}
    events = plane.kubectl(
        "get", "events", "--field-selector=reason=NodeClaimedTwice", "-o", "json"
    )
    (event, *_) = json.loads(events.stdout)["items"]
    assert (event["involvedObject"]["name"], event["message"]) == ("n-2", text)
    name = 'gpuclass_controller_nodes{state="disputed"}'
    eventually(lambda: installed.metrics(CONTROLLER)[name] == 1, "the figure")
    plane.api.request(
        "PATCH", f"{NODES}/n-2", {"metadata": {"labels": {"cloud.example/left": None}}}, MERGE_PATCH
    )
    eventually(lambda: labels(plane, "n-2").get("test-pool") == "right", "the one pool's marks")


def test_a_declared_node_moves_between_pools_and_its_deletion_leaves_it(
    plane: ControlPlane, installed: Installed
) -> None:
    assert installed.is_registered()
    apply(plane, "GPUNode", "moving", {"pool": "development"})
    assert status(plane, "gpunodes/moving").get("joined") in {None, False}
    eventually(lambda: is_claimed(plane, "moving"), "the claim")
    registered = join(plane, "moving", gpus=4)
    assert registered["metadata"]["labels"]["gpu-type"] == "development"
    plane.kubectl("wait", "--for=condition=Ready", "gpunode/moving", "--timeout=180s")
    assert status(plane, "gpunodes/moving")["gpus"]["allocatable"] == 4
    apply(plane, "GPUNode", "moving", {"pool": "training"})
    eventually(lambda: labels(plane, "moving") == LABELS, "the other pool's marks")
    assert "gpu-type=development:NoSchedule" not in taints_of(node(plane, "moving"))
    plane.kubectl("delete", "gpunode", "moving")
    apply(plane, "GPUNode", "sentinel", {"pool": "training"})
    join(plane, "sentinel", gpus=1)
    plane.kubectl("wait", "--for=condition=Ready", "gpunode/sentinel", "--timeout=180s")
    assert labels(plane, "moving") == LABELS
    assert {PRESENT, TRAINING} <= taints_of(node(plane, "moving"))


def test_a_kubelet_that_forges_our_record_is_refused_by_either_way(
    plane: ControlPlane, installed: Installed
) -> None:
    assert installed.is_registered()
    join(plane, "forger")
    kubelet = plane.api_for("system:node:forger", GROUPS)
    forged = {"metadata": {"annotations": {MARKS_ANNOTATION: '{"pool":"training"}'}}}
    for path in (f"{NODES}/forger", f"{NODES}/forger/status"):
        with pytest.raises(ApiError) as refused:
            kubelet.request("PATCH", path, forged, MERGE_PATCH)
        assert "system:node:forger writes what the controller has recorded" in str(refused.value)
        own = {"metadata": {"annotations": {"example.com/own": path}}}
        kubelet.request("PATCH", path, own, MERGE_PATCH)
    brought: Json = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "forger-2"}}
    brought["metadata"]["annotations"] = forged["metadata"]["annotations"]
    with pytest.raises(ApiError):
        plane.api_for("system:node:forger-2", GROUPS).request("POST", NODES, brought)


def test_a_commit_that_adds_a_file_makes_a_gpu_node(
    plane: ControlPlane, installed: Installed
) -> None:
    folder = ROOT / "deploy" / "gpu-nodes"
    (document,) = yaml.safe_load_all((folder / "new-gpu-node.yaml").read_text(encoding="utf-8"))
    name = document["metadata"]["name"]
    plane.kubectl("apply", "--server-side", "-k", str(folder))
    eventually(lambda: is_claimed(plane, name), "the claim")
    registered = join(plane, name, gpus=8)
    assert LABELS.items() <= registered["metadata"]["labels"].items()
    assert {PRESENT, TRAINING} <= taints_of(registered)
    plane.kubectl("wait", "--for=condition=Ready", f"gpunode/{name}", "--timeout=180s")
    shown = plane.kubectl("get", "gpunode", name).stdout.splitlines()[1].split()
    assert shown[:4] == [name, "training", "true", "8"]
    account = "/api/v1/namespaces/team-ml/serviceaccounts/default"
    eventually(lambda: plane.api.is_ready(account), "a ServiceAccount")
    asks = {"cpu": "1", "memory": "1Gi", GPU: "1"}
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "train"},
        "spec": {
            "nodeSelector": {"kubernetes.io/hostname": name},
            "containers": [{"name": "c", "image": "x", "resources": {"limits": asks}}],
        },
    }
    plane.api.request("POST", "/api/v1/namespaces/team-ml/pods", pod)
    eventually(lambda: homes(plane, "team-ml") == [name], "a training pod to land")
    assert installed.is_registered()


@pytest.mark.parametrize("is_released", [False, True])
def test_deleting_a_pool_opens_its_nodes_only_if_it_says_so(
    plane: ControlPlane, installed: Installed, is_released: bool
) -> None:
    assert installed.is_registered()
    name = "going" if is_released else "lost"
    claims = {"names": [f"{name}-*"]}
    annotations = {ON_DELETE_ANNOTATION: RELEASE} if is_released else {}
    apply(plane, "GPUNodePool", name, pool(name, claims=claims), **annotations)
    join(plane, f"{name}-1")
    eventually(lambda: is_recorded(plane, f"{name}-1", is_released), "the record")
    plane.kubectl("delete", "gpunodepool", name)
    if is_released:
        eventually(lambda: not labels(plane, f"{name}-1"), "the marks to go")
        found = node(plane, f"{name}-1")
        assert not {each for each in taints_of(found) if each.startswith("test-pool")}
        assert MARKS_ANNOTATION not in found["metadata"].get("annotations", {})
        return
    apply(plane, "GPUNode", "barrier", {"pool": "training"})
    join(plane, "barrier", gpus=1)
    plane.kubectl("wait", "--for=condition=Ready", "gpunode/barrier", "--timeout=180s")
    assert labels(plane, f"{name}-1") == {"test-pool": name}
    assert f"test-pool={name}:NoSchedule" in taints_of(node(plane, f"{name}-1"))


def is_recorded(plane: ControlPlane, name: str, is_released: bool) -> bool:
    """Tell whether the controller has noted what becomes of a node when its pool goes."""
    text = node(plane, name)["metadata"].get("annotations", {}).get(MARKS_ANNOTATION, "{}")
    found = json.loads(text)
    return bool(found) and found.get("isReleased", False) == is_released
