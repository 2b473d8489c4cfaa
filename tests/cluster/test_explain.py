"""`kubectl gpuclass explain` and `audit`: the real kubectl, about pods of the real API server."""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster import custom
from tests.cluster.api import Json
from tests.cluster.controlplane import ControlPlane
from tests.cluster.governed.manifests import workload
from tests.cluster.kinds import RAY_CLUSTER
from tests.cluster.shipped import CRDS, POLICIES, apply_kinds, apply_policies
from tests.cluster.simulation import GPU
from tests.cluster.waiting import eventually

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def plane(control_plane: ControlPlane, nodes: tuple[str, ...]) -> Iterator[ControlPlane]:
    """Give a control plane with nodes and the shipped documents, but without our webhook."""
    assert nodes
    apply_kinds(control_plane)
    apply_policies(control_plane)
    yield control_plane
    control_plane.kubectl("delete", "-k", str(POLICIES))
    control_plane.kubectl("delete", "-k", str(CRDS))


@pytest.fixture(autouse=True)
def _plugin_on_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")


def pod(**spec: object) -> Json:
    container = {"name": "c", "image": "app:1", "resources": {"limits": {GPU: "1"}}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "train", "annotations": {"gpu-class": "training"}},
        "spec": {"containers": [container], **spec},
    }


def lands(answer: str) -> dict[str, bool]:
    """Give whether the pod may land on each of the session's own nodes."""
    (entry,) = json.loads(answer)
    found = {each["name"]: each["lands"] for each in entry["nodes"]}
    return {name: found[name] for name in ("cpu-a-1", "training-1", "production-1")}


def test_the_pods_of_workloads_are_explained_as_they_would_be_made(
    plane: ControlPlane, namespace: str
) -> None:
    custom.install(plane, (RAY_CLUSTER,))
    for manifest in (workload("Deployment", "x", "training"), RAY_CLUSTER.named("x", "training")):
        plane.kubectl("-n", namespace, "create", "--filename=-", input=json.dumps(manifest))
    command = ("gpuclass", "explain", "deploy/x", "-n", namespace, "-o", "json")
    expected = {"cpu-a-1": False, "training-1": True, "production-1": False}
    assert lands(plane.kubectl(*command).stdout) == expected
    command = ("gpuclass", "explain", f"{RAY_CLUSTER.resource}/x", "-n", namespace, "-o", "json")
    answer = json.loads(plane.kubectl(*command).stdout)
    assert [each["path"] for each in answer] == [
        "spec.headGroupSpec.template",
        "spec.workerGroupSpecs[0].template",
    ]


def test_a_pod_that_waits_is_told_why_on_every_node(plane: ControlPlane, namespace: str) -> None:
    plane.api.request("POST", f"/api/v1/namespaces/{namespace}/pods", pod())
    command = ("gpuclass", "explain", "pod/train", "-n", namespace)
    answer = plane.kubectl(*command, check=False)
    assert (answer.returncode, answer.stderr) == (1, "")
    first, second, *rest = answer.stdout.splitlines()
    assert first == (
        f"Pod {namespace}/train: class training, from its annotation gpu-class; "
        "the policy would change it today"
    )
    assert second.startswith("  may land on 0 of ")
    text = "none covers the taint nvidia.com/gpu=present:NoSchedule"
    (row,) = [line for line in rest if line.lstrip().startswith("training-1 ")]
    assert row.split()[1:3] == ["training", "no"]
    assert text in row


def test_a_bound_pod_is_told_where_else_it_might_be(plane: ControlPlane, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/pods"
    tolerations = [{"key": key, "operator": "Exists"} for key in (GPU, "gpu-type")]
    selector = {"gpu-type": "training"}
    plane.api.request("POST", path, pod(tolerations=tolerations, nodeSelector=selector))

    def node() -> str:
        return str(plane.api.request("GET", f"{path}/train")["spec"].get("nodeName", ""))

    eventually(node, "the pod is bound")
    answer = plane.kubectl("gpuclass", "explain", "pod/train", "-n", namespace, "-o", "json")
    assert json.loads(answer.stdout)[0]["node"] == node() == "training-1"
    assert lands(answer.stdout) == {"cpu-a-1": False, "training-1": True, "production-1": False}


def test_a_manifest_is_explained_on_the_nodes_that_are_there(
    plane: ControlPlane, namespace: str
) -> None:
    command = ("gpuclass", "explain", "-", "-n", namespace, "--context", "gpuclass", "-o", "json")
    answer = plane.kubectl(*command, input=json.dumps(pod()))
    assert lands(answer.stdout) == {"cpu-a-1": False, "training-1": True, "production-1": False}


def test_a_pod_that_is_not_there_is_said_in_the_api_servers_words(
    plane: ControlPlane, namespace: str
) -> None:
    answer = plane.kubectl("gpuclass", "explain", "pod/none", "-n", namespace, check=False)
    path = f"/api/v1/namespaces/{namespace}/pods/none"
    assert answer.returncode == 2
    assert answer.stderr == f'GET {path}: pods "none" not found\n'


def test_a_cluster_is_audited_by_its_own_documents(plane: ControlPlane, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/pods"
    bare = pod(nodeName="training-1")
    cpu: Json = {
        "metadata": {"name": "cpu"},
        "spec": {"containers": [{"name": "c", "image": "app:1"}]},
    }
    plane.api.request("POST", path, bare)
    plane.api.request(
        "POST", path, {**bare, **cpu, "spec": {**cpu["spec"], "nodeName": "training-1"}}
    )
    command = ("gpuclass", "audit", "-n", namespace, "-o", "json")
    answer = plane.kubectl(*command, check=False)
    assert (answer.returncode, answer.stderr) == (1, "")
    assert [(each["finding"], each["name"]) for each in json.loads(answer.stdout)] == [
        ("cpu-pod-on-gpu-node", "cpu"),
        ("gpu-pod-unstamped", "train"),
        ("gpu-pod-priority", "train"),
    ]
