"""`gpuclass export` on the real API server: what is written and applied again changes nothing."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.api import STRATEGIC_MERGE_PATCH, Json
from tests.cluster.controlplane import ControlPlane
from tests.cluster.shipped import CRDS, POLICIES, apply_kinds
from tests.cluster.simulation import NODES, delete_node
from tests.core.adopt.clusters import CLUSTERS
from webhook.cli.main import main
from webhook.core.names import API_GROUP
from webhook.core.policy import crd
from webhook.watch import policies

pytestmark = pytest.mark.cluster

OURS = ",".join(crd.RESOURCES)

EXTRA: Json = {
    "apiVersion": f"{API_GROUP}/v1alpha1",
    "kind": "GPUNode",
    "metadata": {
        "name": "gpu-9.example.com",
        "labels": {"team": "ml"},
        "annotations": {"gpuclass.io/on-delete": "Release", "example.com/why": 'NO: "it\'s" 1e3'},
    },
    "spec": {"pool": "worker"},
}


@pytest.fixture(scope="module")
def plane(control_plane: ControlPlane) -> Iterator[ControlPlane]:
    """Give a control plane with our kinds, and no document."""
    apply_kinds(control_plane)
    yield control_plane
    control_plane.kubectl("delete", "-k", str(CRDS))


def export(plane: ControlPlane, *arguments: str) -> int:
    return main(["export", *arguments, "--kubeconfig", str(plane.kubeconfig)])


def difference(plane: ControlPlane, folder: Path) -> str:
    """Give what applying a folder would change."""
    answer = plane.kubectl("diff", "--server-side", "-k", str(folder), check=False)
    assert answer.returncode in {0, 1}, answer.stderr
    return answer.stdout


def versions(plane: ControlPlane) -> dict[tuple[str, str], tuple[str, int]]:
    """Give the version and the generation of each document.

    One that was applied by the client before gets a version, since kubectl moves its fields to
    another manager.
    """
    items = json.loads(plane.kubectl("get", OURS, "-o", "json").stdout)["items"]
    found = {(each["kind"], each["metadata"]["name"]): each["metadata"] for each in items}
    return {
        key: (
            "" if key[1] == EXTRA["metadata"]["name"] else each["resourceVersion"],
            each["generation"],
        )
        for key, each in found.items()
    }


def test_what_is_exported_and_applied_again_changes_nothing(
    plane: ControlPlane, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plane.kubectl("apply", "--server-side", "-k", str(POLICIES))
    plane.kubectl("apply", "-f", "-", input=json.dumps(EXTRA))
    try:
        before = versions(plane)
        made = tmp_path / "made"
        assert export(plane, "--to", str(made)) == 0
        assert difference(plane, made) == ""
        assert main(["lint", str(made)]) == 0
        assert policies.load(made).revision != policies.load(POLICIES).revision
        (made / "nodes" / "gpu-9.example.com.yaml").unlink()
        assert policies.load(made).revision == policies.load(POLICIES).revision
        capsys.readouterr()
        assert export(plane) == 0
        plane.kubectl("apply", "--server-side", "-f", "-", input=capsys.readouterr().out)
        assert versions(plane) == before
    finally:
        plane.kubectl("delete", "-k", str(POLICIES))
        plane.kubectl("delete", "gpunodes", "--all")


@pytest.mark.parametrize("name", CLUSTERS)
def test_a_cluster_without_documents_is_adopted(
    name: str, plane: ControlPlane, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nodes = CLUSTERS[name]()
    for each in nodes:
        create(plane, each)
    try:
        made = tmp_path / "made"
        export(plane, "--adopt", "--to", str(made))
        plane.kubectl("apply", "--server-side", "-k", str(made))
        assert difference(plane, made) == ""
        capsys.readouterr()
        main(["audit", "--kubeconfig", str(plane.kubeconfig), "-o", "json"])
        found = json.loads(capsys.readouterr().out)
        about = {each["name"] for each in found if each["finding"] == "node-unclaimed"}
        several = {each["name"] for each in found if each["finding"] == "node-of-several-pools"}
        assert about | several == set()
        again = tmp_path / "again"
        assert export(plane, "--adopt", "--to", str(again)) == 0
        assert files(again) == files(made)
        assert policies.load(again).revision == policies.load(made).revision
    finally:
        for each in nodes:
            delete_node(plane.api, each["metadata"]["name"])
        plane.kubectl("delete", OURS, "--all")


def create(plane: ControlPlane, node: Json) -> None:
    """Create a node as the administrator, with what it offers."""
    plane.api.request("POST", NODES, {key: node[key] for key in node if key != "status"})
    path = f"{NODES}/{node['metadata']['name']}/status"
    plane.api.request("PATCH", path, {"status": node["status"]}, STRATEGIC_MERGE_PATCH)


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*.yaml")}
