"""Health as Argo CD itself computes it, with the checks that are shipped."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.cluster.api import Json
from tests.gitops.argocd import NAMESPACE
from tests.gitops.world import World

pytestmark = pytest.mark.cluster

OURS = ("gpu-policies", "gpu-nodes")
GROUP = "/apis/gpuclass.io/v1alpha1"
KINDS = {"GPUClass": "gpuclasses", "GPUNodePool": "gpunodepools", "GPUPolicy": "gpupolicies"}


def test_documents_are_as_healthy_as_their_status_says(world: World) -> None:
    seen = set()
    for name in OURS:
        for each in world.argo.application(name)["status"]["resources"]:
            if each["kind"] in KINDS:
                path = f"{GROUP}/{KINDS[each['kind']]}/{each['name']}"
                conditions = world.plane.api.request("GET", path)["status"]["conditions"]
                (ready,) = (each for each in conditions if each["type"] == "Ready")
                message = f"{ready['reason']}: {ready['message']}"
                assert each["health"] == {"status": "Healthy", "message": message}
                seen.add(each["kind"])
    assert seen == set(KINDS)


def said(world: World, obj: Json, folder: Path) -> tuple[str, str]:
    """Give what Argo CD's own command says of an object, by the cluster's settings."""
    settings = world.plane.kubectl("-n", NAMESPACE, "get", "configmap", "argocd-cm", "-o", "json")
    (folder / "settings.json").write_text(settings.stdout, encoding="utf-8")
    (folder / "object.json").write_text(json.dumps(obj), encoding="utf-8")
    command = [
        *(str(world.argo.cli), "admin", "settings", "resource-overrides", "health"),
        *(str(folder / "object.json"), "--argocd-cm-path", str(folder / "settings.json")),
    ]
    answer = subprocess.run(command, capture_output=True, text=True, check=True, cwd=folder)
    lines = dict(line.split(": ", 1) for line in answer.stdout.splitlines() if ": " in line)
    return lines["STATUS"], lines.get("MESSAGE", "")


def condition(kind: str, status: str, reason: str) -> Json:
    return {"type": kind, "status": status, "reason": reason, "message": "because"}


@pytest.mark.parametrize(
    ("kind", "conditions", "expected"),
    [
        ("GPUClass", [condition("Degraded", "True", "Refused")], ("Degraded", "Refused: because")),
        ("GPUNodePool", [condition("Ready", "False", "Waiting"),
                         condition("Degraded", "True", "Waiting")],
         ("Progressing", "Waiting: because")),
        ("GPUPolicy", [condition("Degraded", "True", "OtherDocumentsRefused")],
         ("Degraded", "OtherDocumentsRefused: because")),
        ("GPUNode", [condition("Ready", "False", "NotJoined")],
         ("Progressing", "NotJoined: because")),
        ("GPUNode", [condition("Degraded", "True", "NodeSilent")],
         ("Degraded", "NodeSilent: because")),
        ("GPUNode", [], ("Progressing", "gpuclass controller has not seen this generation yet")),
    ],
)  # fmt: skip
def test_a_document_in_trouble_is_said_to_be(
    world: World, tmp_path: Path, kind: str, conditions: list[Json], expected: tuple[str, str]
) -> None:
    document: Json = {
        "apiVersion": "gpuclass.io/v1alpha1",
        "kind": kind,
        "metadata": {"name": "x", "generation": 1},
        "status": {"conditions": conditions},
    }
    assert said(world, document, tmp_path) == expected


def test_nodes_have_a_health_too(world: World, tmp_path: Path) -> None:
    node = world.plane.api.request("GET", "/api/v1/nodes/training-1")
    node |= {"apiVersion": "v1", "kind": "Node"}
    assert said(world, node, tmp_path)[0] == "Healthy"
    node["spec"]["unschedulable"] = True
    assert said(world, node, tmp_path) == ("Suspended", "cordoned")
