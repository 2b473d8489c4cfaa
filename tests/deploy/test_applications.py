"""deploy/argocd: one file says what is yours; no project admits more than its Application syncs."""

import fnmatch
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from tests.cluster.binaries import Binaries
from tests.deploy.applications import ARGOCD, ROOT, Json, Part, as_root_patches_it, parts, synced
from tests.deploy.test_kustomize import build

pytestmark = pytest.mark.cluster

CHARTS = {
    "dcgm-exporter": "https://nvidia.github.io/dcgm-exporter/helm-charts",
    "nvidia-device-plugin": "https://nvidia.github.io/k8s-device-plugin",
}
OURS = ("gpu-nodes", "gpu-policies", "gpuclass", "monitoring", "workloads")
WAVES = {
    0: ["gpu-nodes", "gpu-policies", "gpuclass"],
    1: ["dcgm-exporter", "nvidia-device-plugin"],
    2: ["monitoring", "workloads"],
}
SHOWN = [{"group": "apps", "kind": "ReplicaSet"}, {"group": "", "kind": "Pod"}]
"""What the project of gpuclass lists only to have it shown."""

DASHBOARDS = [{"group": "", "kind": "ConfigMap"}]
"""What the project of monitoring lets in for whoever puts dashboards of their own there."""

URL, REVISION = "https://git.example.org/us/gpus.git", "lab"


@pytest.fixture(scope="module")
def shipped(binaries: Binaries) -> Mapping[str, Part]:
    """Give every Application as it is shipped."""
    return parts(binaries)


def test_every_file_is_taken_in(shipped: Mapping[str, Part]) -> None:
    files = {path.stem for path in ARGOCD.glob("*.yaml")} - {"kustomization", "site"}
    assert files == set(shipped) == {*OURS, *CHARTS}


def test_they_come_in_waves(shipped: Mapping[str, Part]) -> None:
    waves = {number: sorted(name for name, each in shipped.items() if each.wave == number)
             for number in WAVES}  # fmt: skip
    assert waves == WAVES


def test_nothing_that_is_live_goes_with_an_application(shipped: Mapping[str, Part]) -> None:
    assert not any("finalizers" in each.application["metadata"] for each in shipped.values())


def test_all_of_them_sync_as_was_observed_to_work(shipped: Mapping[str, Part]) -> None:
    for name, each in shipped.items():
        automated = {"prune": True, "selfHeal": True}
        asked = {"enabled": False} if name == "workloads" else {}
        assert each.policy["automated"] == {**asked, **automated}
        assert "ServerSideApply=true" in each.policy["syncOptions"]
        assert ("CreateNamespace=true" in each.policy["syncOptions"]) == (
            "managedNamespaceMetadata" in each.policy
        )
        assert each.policy["retry"] == {
            "limit": -1,
            "refresh": True,
            "backoff": {"duration": "5s", "factor": 2, "maxDuration": "30s"},
        }


def test_each_is_of_its_own_project_and_of_this_cluster(shipped: Mapping[str, Part]) -> None:
    server = "https://kubernetes.default.svc"
    for name, each in shipped.items():
        spec, project = each.application["spec"], each.project["spec"]
        assert spec["project"] == name
        assert spec["destination"]["server"] == server
        assert {each["server"] for each in project["destinations"]} == {server}
        assert project["sourceRepos"] == [each.source["repoURL"]]
        namespaces = [each["namespace"] for each in project["destinations"]]
        assert spec["destination"].get("namespace", "") in namespaces
        assert not any("*" in each for each in project["sourceRepos"])


def test_what_is_yours_stands_in_one_file() -> None:
    site = yaml.safe_load((ARGOCD / "site.yaml").read_text(encoding="utf-8"))
    url = site["data"]["repoURL"]
    named = [path.name for path in ARGOCD.rglob("*") if path.is_file() and url in path.read_text()]
    assert named == ["site.yaml"]


def test_the_image_is_that_of_the_manifests(
    binaries: Binaries, shipped: Mapping[str, Part]
) -> None:
    (image,) = shipped["gpuclass"].source["kustomize"]["images"]
    name, _, wanted = image.partition("=")
    found = {
        container["image"]
        for (kind, _), each in build(binaries, ROOT / "deploy" / "base").items()
        if kind == "Deployment"
        for container in each["spec"]["template"]["spec"]["containers"]
    }
    assert found == {wanted}
    assert wanted.partition(":")[0] == name


def test_the_root_has_every_repository_and_revision_replaced(
    binaries: Binaries, tmp_path: Path
) -> None:
    found = parts(binaries, as_root_patches_it(tmp_path, URL, REVISION))
    for name in OURS:
        assert found[name].project["spec"]["sourceRepos"] == [URL]
        assert found[name].source["repoURL"] == URL
        assert found[name].source["targetRevision"] == REVISION
    for name, url in CHARTS.items():
        assert found[name].source["repoURL"] == url
    assert "git.example.com" not in str(found)


@pytest.mark.parametrize("name", OURS)
def test_a_project_admits_what_its_application_syncs_and_nothing_else(
    binaries: Binaries, shipped: Mapping[str, Part], tmp_path: Path, name: str
) -> None:
    part = shipped[name]
    if not (ROOT / part.source["path"]).is_dir():
        pytest.skip(f"{part.source['path']} has not landed yet")
    documents = [*synced(binaries, part, tmp_path / name).values(), *made_for(part)]
    assert [each["metadata"]["name"] for each in documents if not part.admits(each)] == []
    used = [entry for each in documents for entry in part.entries(each)]
    spec = part.project["spec"]
    assert [each for each in spec["clusterResourceWhitelist"] if each not in used] == []
    listed = spec.get("namespaceResourceWhitelist", [])
    assert [each for each in listed if each not in used and each not in (*SHOWN, *DASHBOARDS)] == []
    own = part.application["spec"]["destination"].get("namespace", "")
    places = {each["metadata"].get("namespace", own) for each in documents} | {own}
    allowed = [each["namespace"] for each in spec["destinations"]]
    assert [each for each in allowed if not fnmatch.filter(places, each)] == []


def made_for(part: Part) -> list[Json]:
    """Give the namespace that Argo CD makes for an Application, which its project has to admit."""
    if "CreateNamespace=true" not in part.policy["syncOptions"]:
        return []
    name = part.application["spec"]["destination"]["namespace"]
    return [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}]


def test_no_project_admits_nodes_or_webhook_configurations(shipped: Mapping[str, Part]) -> None:
    for each in shipped.values():
        kinds = {entry["kind"] for entry in each.project["spec"]["clusterResourceWhitelist"]}
        assert not kinds & {
            "*",
            "Node",
            "MutatingWebhookConfiguration",
            "ValidatingWebhookConfiguration",
        }


def test_agents_reach_every_kind_of_gpu_node(shipped: Mapping[str, Part]) -> None:
    plugin = shipped["nvidia-device-plugin"].source["helm"]["valuesObject"]
    exporter = shipped["dcgm-exporter"].source["helm"]["valuesObject"]
    for values in (plugin, exporter):
        assert values["nodeSelector"] == {"nvidia.com/gpu.present": "true"}
    for tolerations in (plugin["tolerations"], exporter["tolerations"],
                        plugin["nfd"]["worker"]["tolerations"]):  # fmt: skip
        keys = {each["key"] for each in tolerations if each["operator"] == "Exists"}
        assert {"nvidia.com/gpu", "gpu-type"} <= keys


def test_the_device_plugin_finds_what_gpu_nodes_brings(
    binaries: Binaries, shipped: Mapping[str, Part]
) -> None:
    part, found = shipped["nvidia-device-plugin"], build(binaries, ROOT / "deploy" / "gpu-nodes")
    values = part.source["helm"]["valuesObject"]
    configs = found["ConfigMap", values["config"]["name"]]
    assert values["config"]["default"] in configs["data"]
    assert found["RuntimeClass", values["runtimeClassName"]]["handler"] == "nvidia"
    namespace = part.application["spec"]["destination"]["namespace"]
    assert configs["metadata"]["namespace"] == namespace == found["Namespace", namespace][
        "metadata"]["name"]  # fmt: skip
    assert shipped["gpu-nodes"].wave < part.wave


def test_the_sync_window_is_taken_in_by_one_line(binaries: Binaries, tmp_path: Path) -> None:
    copy = as_root_patches_it(tmp_path, URL, REVISION)
    path = copy / "kustomization.yaml"
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    path.write_text(yaml.safe_dump({**document, "components": ["sync-windows"]}))
    found, before = parts(binaries, copy), parts(binaries)
    windows = {name: each.project["spec"].get("syncWindows") for name, each in found.items()}
    (window,) = windows.pop("gpu-nodes")
    assert window["applications"] == ["gpu-nodes"]
    assert window["manualSync"]
    assert not any(windows.values())
    assert not any("syncWindows" in each.project["spec"] for each in before.values())
    assert "components: [sync-windows]" in (ARGOCD / "kustomization.yaml").read_text()
