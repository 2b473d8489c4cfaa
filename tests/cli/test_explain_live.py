"""`gpuclass explain` in a cluster, on a fake API server; tests/cluster has the real one."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from tests.cli.livecluster import OWN, TAINTS, TRAIN, Json, put
from tests.cli.shipped import POLICIES
from tests.control.apiserver import HttpApi
from webhook.cli import live
from webhook.cli.main import main
from webhook.core.errors import OperatorError
from webhook.watch.listing import Listing

Explain: TypeAlias = Callable[..., tuple[int, list[str], list[str]]]


def pod(**spec: object) -> Json:
    limits = {"limits": {"nvidia.com/gpu": "1"}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": "train",
            "namespace": "team",
            "annotations": {"gpu-class": "training"},
        },
        "spec": {"containers": [{"name": "c", "resources": limits}], **spec},
    }


@pytest.fixture
def explain(cluster: HttpApi, capsys: pytest.CaptureFixture[str]) -> Explain:
    del cluster

    def run(*arguments: str) -> tuple[int, list[str], list[str]]:
        code = main(["explain", *arguments])
        captured = capsys.readouterr()
        return code, captured.out.splitlines(), captured.err.splitlines()

    return run


def test_a_pod_of_the_cluster_is_explained_as_it_is_stored(
    cluster: HttpApi, explain: Explain
) -> None:
    put(cluster, TRAIN, pod())
    code, out, err = explain("pod/train", "-n", "team")
    assert (code, err) == (1, [])
    assert out == [
        "Pod team/train: class training, from its annotation gpu-class; "
        "the policy would change it today",
        "  may land on 0 of 2 nodes",
        "",
        "  NODES  POOL      MAY LAND  WHY NOT",
        '  cpu-1  -         no        spec.containers[0].resources.limits["nvidia.com/gpu"]: '
        "asks for 1, the node has none",
        "  gpu-1  training  no        spec.tolerations: none covers the taint "
        "nvidia.com/gpu=present:NoSchedule",
        "                             spec.tolerations: none covers the taint "
        "gpu-type=training:NoSchedule",
    ]


def test_a_bound_pod_is_explained_as_it_was_before_and_its_node_named(
    cluster: HttpApi, explain: Explain
) -> None:
    put(cluster, TRAIN, pod(nodeName="gpu-1", tolerations=[{"operator": "Exists"}]))
    code, out, _ = explain("pods/train", "-n", "team")
    assert code == 0
    assert out[1] == "  may land on 1 of 2 nodes; it runs on gpu-1"
    assert out[4].split() == ["gpu-1", "training", "yes"]


def test_a_stored_pod_that_would_be_refused_today_is_told_of(
    cluster: HttpApi, explain: Explain
) -> None:
    aiming = pod(containers=[{"name": "c"}], tolerations=TAINTS[1:])
    put(cluster, TRAIN, {**aiming, "metadata": {"name": "train", "namespace": "team"}})
    code, out, _ = explain("po/train", "-n", "team")
    assert code == 0
    expected = "Pod team/train: no class: asks for no GPU; the policy would refuse it today"
    assert out[0] == expected


DEPLOYMENT: Json = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "serve", "namespace": "team", "annotations": {"gpu-class": "training"}},
    "spec": {"template": {"spec": pod()["spec"]}},
}
OF_DEPLOYMENT = "/apis/apps/v1/namespaces/team/deployments/serve"


@pytest.mark.parametrize("written", ["deployment", "deployments", "deploy"])
def test_the_pods_of_a_workload_are_explained_as_they_would_be_made(
    cluster: HttpApi, explain: Explain, written: str
) -> None:
    put(cluster, OF_DEPLOYMENT, DEPLOYMENT)
    code, out, err = explain(f"{written}/serve", "-n", "team")
    assert (code, err) == (0, [])
    assert out[:2] == [
        "Deployment team/serve: class training, from its annotation gpu-class",
        "  may land on 1 of 2 nodes",
    ]


def test_each_template_of_a_listed_kind_is_explained(cluster: HttpApi, explain: Explain) -> None:
    head = {"spec": {"containers": [{"name": "c"}]}}
    ray: Json = {
        "apiVersion": "ray.io/v1",
        "kind": "RayCluster",
        "metadata": {"name": "x", "namespace": "team", "annotations": {"gpu-class": "training"}},
        "spec": {
            "headGroupSpec": {"template": head},
            "workerGroupSpecs": [{"template": {"spec": pod()["spec"]}}],
        },
    }
    served: Json = {"metadata": {"name": "ray.io"}, "preferredVersion": {"version": "v1"}}
    put(cluster, "/apis/ray.io", served)
    put(cluster, "/apis/ray.io/v1/namespaces/team/rayclusters/x", ray)
    for written in ("rayclusters.ray.io/x", "raycluster.ray.io/x"):
        code, out, err = explain(written, "-n", "team", "-o", "json")
        assert (code, err) == (0, [])
        found = json.loads("\n".join(out))
        assert [(each["path"], each["class"]) for each in found] == [
            ("spec.headGroupSpec.template", None),
            ("spec.workerGroupSpecs[0].template", "training"),
        ]


def test_a_kind_that_nobody_knows_is_named(explain: Explain) -> None:
    code, _, err = explain("things.example.com/x", "-n", "team")
    kind = "things.example.com"
    expected = (
        f"{kind}/x: no file, and {kind} is no kind of GPUPolicy spec.workloads; list it there, or "
        "name one of its pods: pod/NAME"
    )
    assert (code, err) == (2, [expected])


def test_a_workload_that_is_not_there_is_said_so(explain: Explain) -> None:
    code, _, (line,) = explain("job/x", "-n", "team")
    assert code == 2
    assert line.startswith("GET /apis/batch/v1/namespaces/team/jobs/x: ")


@pytest.mark.parametrize("name", ["manifests/x", "deploy/serve.yaml", "things.d/pod.json"])
def test_what_may_be_meant_for_a_file_is_one(explain: Explain, name: str) -> None:
    code, _, err = explain(name, "--policies", str(POLICIES))
    assert (code, err[0]) == (2, f"{name}: no such file or directory")


def test_a_stored_pod_that_the_policy_leaves_alone_is_just_told_of(
    cluster: HttpApi, explain: Explain
) -> None:
    put(cluster, TRAIN, {**pod(containers=[{"name": "c"}]), "metadata": {"name": "train"}})
    _, out, _ = explain("pod/train", "-n", "team")
    assert out[0] == "Pod default/train: no class: asks for no GPU"


def test_the_namespace_is_that_of_the_context(
    cluster: HttpApi, explain: Explain, tmp_path: Path
) -> None:
    put(cluster, TRAIN, pod())
    path = tmp_path / "kubeconfig"
    written = json.loads(path.read_text())
    other = {"name": "there", "context": {"cluster": "it", "user": "me", "namespace": "team"}}
    written["contexts"].append(other)
    path.write_text(json.dumps(written))
    assert explain("pod/train", "--context", "there")[1][0].startswith("Pod team/train: ")
    code, _, (line,) = explain("pod/train")
    assert code == 2
    assert line.startswith("GET /api/v1/namespaces/default/pods/train: ")
    assert line.endswith("not found")


def test_a_manifest_is_explained_as_the_webhook_would_change_it(
    explain: Explain, tmp_path: Path
) -> None:
    (tmp_path / "a.json").write_text(json.dumps(pod()))
    code, out, err = explain("a.json", "--kubeconfig", "kubeconfig")
    assert (code, err) == (0, [])
    assert out[:2] == [
        "Pod team/train: class training, from its annotation gpu-class",
        "  may land on 1 of 2 nodes",
    ]


def test_the_namespace_of_a_manifest_is_asked_for_its_class(
    cluster: HttpApi, explain: Explain, tmp_path: Path
) -> None:
    space = {"metadata": {"name": "team", "annotations": {"gpu-class": "production"}}}
    put(cluster, "/api/v1/namespaces/team", space)
    bare = {**pod(), "metadata": {"name": "train", "namespace": "team"}}
    (tmp_path / "a.json").write_text(json.dumps(bare))
    _, out, _ = explain("a.json", "--context", "it")
    assert out[0].endswith("class production, from the annotation gpu-class of its namespace")


def test_claims_and_device_classes_of_the_cluster_are_known(
    cluster: HttpApi, explain: Explain, tmp_path: Path
) -> None:
    devices = "/apis/resource.k8s.io/v1/deviceclasses/gpu.nvidia.com"
    named = {"metadata": {"name": "gpu.nvidia.com"}}
    put(cluster, devices, {**named, "spec": {"extendedResourceName": "example.com/gpu"}})
    asking = json.dumps(pod()).replace("nvidia.com/gpu", "example.com/gpu")
    (tmp_path / "a.json").write_text(asking)
    code, out, _ = explain("a.json", "--context", "it")
    assert (code, out[1]) == (0, "  may land on 1 of 2 nodes")


def test_policies_of_a_folder_win_over_those_of_the_cluster(
    cluster: HttpApi, explain: Explain
) -> None:
    put(cluster, TRAIN, pod())
    for path in [each for each in cluster.api.objects if each.startswith(OWN)]:
        del cluster.api.objects[path]
    code, _, err = explain("pod/train", "-n", "team")
    expected = "there is no sound GPUPolicy in the cluster; --policies DIR decides by a folder"
    assert (code, err) == (2, [expected])
    code, out, err = explain("pod/train", "-n", "team", "--policies", str(POLICIES))
    assert (code, err) == (1, [])
    assert out[0].startswith("Pod team/train: class training")


def test_a_file_of_that_name_is_a_file(explain: Explain, tmp_path: Path) -> None:
    (tmp_path / "pod").mkdir()
    (tmp_path / "pod" / "train").write_text("kind: Pod")
    code, _, err = explain("pod/train", "--policies", str(POLICIES))
    assert (code, err) == (2, ["pod/train:1: no manifest: it has no apiVersion"])


def test_a_manifest_that_can_not_be_read_is_one_line(explain: Explain, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("kind: Pod")
    code, _, err = explain("a.yaml", "--context", "it")
    assert (code, err) == (2, ["a.yaml:1: no manifest: it has no apiVersion"])


def test_nodes_of_a_file_are_for_manifests(explain: Explain) -> None:
    code, _, err = explain("pod/train", "--nodes", "nodes.yaml")
    expected = "--nodes is for manifests alone; here the cluster's own nodes are asked"
    assert (code, err) == (2, [expected])


def test_a_stored_pod_of_another_shape_is_a_fault(cluster: HttpApi, explain: Explain) -> None:
    put(cluster, TRAIN, {**pod(), "kind": 5})
    code, _, err = explain("pod/train", "-n", "team")
    assert (code, err) == (2, ["pod/train:1: kind: expected text, found the number 5"])


def test_nobody_there_is_one_line(explain: Explain, tmp_path: Path) -> None:
    with HttpApi() as gone:
        pass
    path = gone.kubeconfig(tmp_path)
    code, _, (line,) = explain("pod/train", "--kubeconfig", str(path))
    assert code == 2
    assert line.startswith(f"GET {OWN}/gpuclasses: no answer from the API server: ")
    assert line.endswith("Connection refused")


class Forbidding:
    """Answers as an API server does whose rights are missing."""

    def __init__(self, status: int) -> None:
        self.status, self.data = status, b'{"kind": "Status", "message": "not for you"}'

    def get(self, _: str) -> "Forbidding":
        """Give this answer to everything."""
        return self


def refusing(status: int, tmp_path: Path, cluster: HttpApi) -> live.Live:
    found = live.Live(cluster.kubeconfig(tmp_path), None)
    found._listing = Listing(Forbidding(status))  # type: ignore[arg-type]  # noqa: SLF001
    return found


def test_what_somebody_may_not_read_is_not_known(cluster: HttpApi, tmp_path: Path) -> None:
    found = refusing(403, tmp_path, cluster).surroundings({"team"})
    assert (found.namespaces, found.claims, found.extended_resources) == ({}, {}, {})


def test_documents_that_somebody_may_not_read_are_asked_for(
    cluster: HttpApi, tmp_path: Path
) -> None:
    with pytest.raises(OperatorError) as caught:
        refusing(403, tmp_path, cluster).policy()
    assert str(caught.value) == (
        f"GET {OWN}/gpuclasses: not for you; --policies DIR decides by a folder"
    )


def test_an_api_server_out_of_order_is_said_so(cluster: HttpApi, tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match=r"^GET /\S+/deviceclasses: not for you$"):
        refusing(500, tmp_path, cluster).surroundings({"team"})


def test_a_kubeconfig_is_found_as_kubectl_finds_it(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / ".kube" / "config"
    second.parent.mkdir()
    home = {"HOME": str(tmp_path)}
    assert live.kubeconfig(None, home) is None
    second.touch()
    assert live.kubeconfig(None, home) == second
    several = {**home, "KUBECONFIG": f"{first}:{second}"}
    assert live.kubeconfig(None, several) == second
    assert live.kubeconfig(None, {"KUBECONFIG": str(first)}) == first
    first.touch()
    assert live.kubeconfig(None, several) == Path(f"{first}:{second}")
    assert live.kubeconfig(None, {**several, "GPUCLASS_KUBECONFIG": str(first)}) == first
    assert live.kubeconfig(tmp_path, several) == tmp_path
