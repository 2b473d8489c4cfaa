"""deploy/gpu-nodes: what the Application `gpu-nodes` syncs, and that no other syncs it too."""

from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from tests.cli.shipped import POLICIES
from tests.cluster.binaries import Binaries
from tests.deploy.applications import parts, synced
from tests.deploy.test_base import Json
from tests.deploy.test_kustomize import build
from webhook.core.policy import decode
from webhook.core.policy.check import check
from webhook.core.policy.documents import GPUNode
from webhook.watch import files

pytestmark = pytest.mark.cluster

ROOT = POLICIES.parent
Objects = Mapping[tuple[str, str], Json]
OURS = {"GPUNode", "GPUNodePool"}


@pytest.fixture(scope="module")
def applications(
    binaries: Binaries, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, Objects]:
    """Give the objects of both Applications."""
    folder = tmp_path_factory.mktemp("applications")
    shipped = parts(binaries)
    names = ("gpu-nodes", "gpu-policies")
    return {name: synced(binaries, shipped[name], folder / name) for name in names}


def test_every_document_is_in_one_application_and_none_in_two(
    applications: Mapping[str, Objects],
) -> None:
    nodes, policies = applications["gpu-nodes"], applications["gpu-policies"]
    assert not nodes.keys() & policies.keys()
    written, _ = files.load(POLICIES)
    shipped = {(type(each).__name__, each.name) for each in written}
    declared = {key for key in nodes if key[0] == "GPUNode"}
    documents = {key for key in (*nodes, *policies) if key[0] in {kind for kind, _ in shipped}}
    assert documents == shipped
    assert declared


def test_the_documents_go_together_with_the_policies(
    applications: Mapping[str, Objects],
) -> None:
    everything = {**applications["gpu-nodes"], **applications["gpu-policies"]}
    given = [each for each in everything.values() if "gpuclass.io" in each["apiVersion"]]
    given += [each for each in everything.values() if each["kind"] == "PriorityClass"]
    read = [decode.read_object(each, each["kind"]) for each in given]
    documents = [document for document, _ in read if document is not None]
    assert [faults for _, faults in read if faults] == []
    assert [str(each) for each in check(documents)] == []
    (node,) = (each for each in documents if isinstance(each, GPUNode))
    assert node.pool == "training"


def test_a_node_that_has_not_joined_holds_nothing_up(
    applications: Mapping[str, Objects],
) -> None:
    found = {key: each["metadata"].get("annotations", {}) for key, each in nodes_of(applications)}
    waves = {key: int(each.get("argocd.argoproj.io/sync-wave", 0)) for key, each in found.items()}
    (declared,) = (key for key in found if key[0] == "GPUNode")
    assert found[declared]["argocd.argoproj.io/ignore-healthcheck"] == "true"
    assert waves.pop(declared) > max(waves.values())


def nodes_of(applications: Mapping[str, Objects]) -> list[tuple[tuple[str, str], Json]]:
    """Give the objects of gpu-nodes."""
    return list(applications["gpu-nodes"].items())


def configurations(applications: Mapping[str, Objects]) -> dict[str, Json]:
    """Give the device plugin's configurations by name."""
    data = applications["gpu-nodes"]["ConfigMap", "nvidia-device-plugin-configs"]["data"]
    return {name: yaml.safe_load(text) for name, text in data.items()}


def test_gpus_are_whole_unless_a_share_has_a_name_of_its_own(
    applications: Mapping[str, Objects],
) -> None:
    found = configurations(applications)
    assert found.pop("whole") == {"version": "v1"}
    for each in found.values():
        slicing = each["sharing"]["timeSlicing"]
        assert slicing["renameByDefault"]
        assert slicing["failRequestsGreaterThanOne"]


def test_time_slicing_is_for_pool_development_alone(
    binaries: Binaries, applications: Mapping[str, Objects], tmp_path: Path
) -> None:
    (tmp_path / "base").symlink_to(ROOT)
    base = "base/deploy/gpu-nodes"
    document = {"resources": [base], "components": [f"{base}/time-slicing"]}
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
    found, whole = build(binaries, tmp_path), applications["gpu-nodes"]
    changed = {key for key, each in found.items() if each != whole[key]}
    assert changed == {("GPUNodePool", "development")}
    spec = found["GPUNodePool", "development"]["spec"]
    config = spec["labels"]["nvidia.com/device-plugin.config"]
    assert config in configurations(applications)
    assert spec["resources"] == ["nvidia.com/gpu.shared"]
