"""Every kustomization and every sample of the repository, tried on a real API server (a dry run).

Nothing is skipped in silence: kinds that this API server does not serve are named.
"""

import json
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cluster.binaries import Binaries
from tests.cluster.controlplane import ControlPlane
from tests.cluster.shipped import apply_kinds

pytestmark = pytest.mark.cluster

ROOT = Path(__file__).parents[2]
OTHERS = frozenset(
    {
        "argoproj.io",
        "cert-manager.io",
        "eksctl.io",
        "jobset.x-k8s.io",
        "karpenter.sh",
        "monitoring.coreos.com",
    }
)
"""Groups of what is not part of Kubernetes, and not ours."""

Json = dict[str, Any]


def _folders() -> Iterator[str]:
    for path in sorted(ROOT.glob("deploy/**/kustomization.yaml")):
        if yaml.safe_load(path.read_text(encoding="utf-8"))["kind"] == "Kustomization":
            yield str(path.parent.relative_to(ROOT))
    yield "policies"


FOLDERS = tuple(_folders())
SAMPLES = tuple(
    str(path.relative_to(ROOT))
    for folder in ("gpu-nodes", "scaling")
    for path in sorted((ROOT / "deploy" / folder).rglob("*.yaml"))
    if path.name != "kustomization.yaml"
)
"""Files that are meant to be applied one by one, those of folders among them."""


def built(binaries: Binaries, folder: str) -> list[Json]:
    """Build a folder; warnings count as faults."""
    command = [str(binaries.kubectl), "kustomize", str(ROOT / folder)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (answer.returncode, answer.stderr) == (0, "")
    return list(yaml.safe_load_all(answer.stdout))


def read(sample: str) -> list[Json]:
    return list(yaml.safe_load_all((ROOT / sample).read_text(encoding="utf-8")))


def group(document: Json) -> str:
    return str(document["apiVersion"]).rpartition("/")[0]


def namespaces(documents: Iterable[Json]) -> set[str]:
    return {each["metadata"]["namespace"] for each in documents if "namespace" in each["metadata"]}


@pytest.fixture(scope="module")
def plane(binaries: Binaries) -> Iterator[ControlPlane]:
    """Give a control plane with our kinds, and the namespaces that manifests name."""
    with ControlPlane(binaries) as running:
        apply_kinds(running)
        documents = [each for folder in FOLDERS for each in built(binaries, folder)]
        documents += [each for sample in SAMPLES for each in read(sample)]
        for name in sorted(namespaces(documents) - {"default", "kube-system"}):
            running.kubectl("create", "namespace", name)
        yield running


def dry_run(plane: ControlPlane, documents: list[Json]) -> None:
    """Have the API server take every object of a kind that it serves, without a warning."""
    served = [each for each in documents if group(each) not in OTHERS]
    assert documents
    if served:
        text = json.dumps({"apiVersion": "v1", "kind": "List", "items": served})
        answer = plane.kubectl(
            "apply", "--server-side", "--dry-run=server", "--filename", "-", input=text
        )
        assert answer.stdout.count("serverside-applied (server dry run)") == len(served)
        assert answer.stderr == ""


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_api_server_takes_every_object(
    plane: ControlPlane, binaries: Binaries, folder: str
) -> None:
    dry_run(plane, built(binaries, folder))


@pytest.mark.parametrize("sample", SAMPLES)
def test_the_api_server_takes_every_sample(plane: ControlPlane, sample: str) -> None:
    dry_run(plane, read(sample))
