"""deploy/argocd/health: the checks, run in the Lua that Argo CD has (5.1).

What Argo CD does with them is not asked here.
"""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from lupa import lua51

from tests.cluster.binaries import Binaries
from webhook.core.names import API_GROUP
from webhook.core.policy.documents import KINDS, PriorityClass

ROOT = Path(__file__).parents[2]
ARGOCD = ROOT / "deploy" / "argocd"
HEALTH = ARGOCD / "health"
KEY = "resource.customizations.health."
UNSYNCED = ("Progressing", "not synced yet")
UNSEEN = ("Progressing", "gpuclass controller has not seen this generation yet")

MISSING = ("coroutine", "debug", "io", "math", "os", "string")
"""Libraries that Argo CD does not open for a health check."""

Json = dict[str, Any]


def health(script: str, obj: Json) -> tuple[str, str]:
    """Run a health check on an object; give the status and the message."""
    runtime = lua51.LuaRuntime(unpack_returned_tuples=True)
    for library in MISSING:
        runtime.globals()[library] = None
    runtime.globals()["obj"] = runtime.table_from(obj, recursive=True)
    found = runtime.execute((HEALTH / script).read_text(encoding="utf-8"))
    assert set(found) == {"status", "message"}
    return found["status"], found["message"]


def said(kind: str, status: str, *, generation: int | None = None, **more: str) -> Json:
    """Give a condition (meta/v1 Condition)."""
    of = {} if generation is None else {"observedGeneration": generation}
    return {"type": kind, "status": status, "reason": "Why", "message": "because", **of, **more}


READY = said("Ready", "True", generation=2)
SOUND = said("Degraded", "False", generation=2)
BROKEN = said("Degraded", "True", generation=2, reason="NoSuchPool", message="pool x is gone")


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        pytest.param(None, UNSEEN, id="no status yet"),
        pytest.param({}, UNSEEN, id="an empty status"),
        pytest.param({"conditions": []}, UNSEEN, id="no conditions"),
        pytest.param({"conditions": [SOUND]}, UNSEEN, id="nothing about Ready"),
        pytest.param({"conditions": [READY, SOUND]}, ("Healthy", "Why: because"), id="ready"),
        pytest.param({"conditions": [SOUND, READY]}, ("Healthy", "Why: because"), id="any order"),
        pytest.param(
            {"conditions": [READY, BROKEN]},
            ("Degraded", "NoSuchPool: pool x is gone"),
            id="ready and degraded",
        ),
        pytest.param(
            {"conditions": [BROKEN]}, ("Degraded", "NoSuchPool: pool x is gone"), id="degraded"
        ),
        pytest.param(
            {"conditions": [said("Ready", "False"), said("Degraded", "True", reason="Waiting")]},
            ("Progressing", "Why: because"),
            id="waits for other documents",
        ),
        pytest.param(
            {"conditions": [said("Ready", "False")]},
            ("Progressing", "Why: because"),
            id="not ready",
        ),
        pytest.param(
            {"conditions": [said("Ready", "Unknown", reason="")]},
            ("Progressing", "because"),
            id="not known, without a reason",
        ),
        pytest.param(
            {"conditions": [said("Ready", "True", generation=1)]}, UNSEEN, id="ready a while ago"
        ),
        pytest.param(
            {"conditions": [READY, said("Degraded", "True", generation=1)]},
            ("Healthy", "Why: because"),
            id="degraded a while ago",
        ),
        pytest.param(
            {"observedGeneration": 1, "conditions": [said("Ready", "True"), BROKEN]},
            UNSEEN,
            id="a status of an older generation",
        ),
        pytest.param(
            {"observedGeneration": 2, "conditions": [said("Ready", "True")]},
            ("Healthy", "Why: because"),
            id="a status of this generation",
        ),
        pytest.param(
            {"conditions": [said("Ready", "True", generation=3)]},
            ("Healthy", "Why: because"),
            id="a status newer than the object that is looked at",
        ),
    ],
)
def test_documents_are_as_healthy_as_their_conditions_say(
    status: Json | None, expected: tuple[str, str]
) -> None:
    obj: Json = {"metadata": {"name": "a", "generation": 2}}
    if status is not None:
        obj["status"] = status
    assert health("policies.lua", obj) == expected


def test_an_object_without_a_generation_is_judged_all_the_same() -> None:
    obj: Json = {"metadata": {"name": "a"}, "status": {"conditions": [READY]}}
    assert health("policies.lua", obj) == ("Healthy", "Why: because")


@pytest.mark.parametrize(
    ("obj", "expected"),
    [
        ({}, UNSYNCED),
        ({"status": {}}, UNSYNCED),
        ({"status": {"health": {"status": "Healthy"}}}, UNSYNCED),
        ({"status": {"health": {"status": "Healthy"}, "history": []}}, UNSYNCED),
        ({"status": {"history": [{"id": 0}]}}, ("Progressing", "")),
        ({"status": {"health": {"status": "Healthy"}, "history": [{"id": 0}]}}, ("Healthy", "")),
        ({"status": {"health": {"status": "Degraded", "message": "m"}}}, ("Degraded", "m")),
    ],
)
def test_an_application_is_as_healthy_as_it_says(obj: Json, expected: tuple[str, str]) -> None:
    assert health("application.lua", obj) == expected


@pytest.mark.parametrize(
    ("obj", "expected"),
    [
        ({}, ("Progressing", "no kubelet has reported yet")),
        ({"status": {"conditions": [said("DiskPressure", "False")]}},
         ("Progressing", "no kubelet has reported yet")),
        ({"status": {"conditions": [said("Ready", "True")]}}, ("Healthy", "because")),
        ({"status": {"conditions": [said("Ready", "False")]}}, ("Degraded", "because")),
        ({"status": {"conditions": [said("Ready", "Unknown")]}}, ("Degraded", "because")),
        ({"spec": {"unschedulable": True}, "status": {"conditions": [said("Ready", "True")]}},
         ("Suspended", "cordoned")),
    ],
)  # fmt: skip
def test_a_node_is_as_healthy_as_its_kubelet_says(obj: Json, expected: tuple[str, str]) -> None:
    assert health("node.lua", obj) == expected


@pytest.mark.cluster
def test_kustomize_adds_the_health_checks_and_keeps_the_rest(
    binaries: Binaries, tmp_path: Path
) -> None:
    folder = tmp_path / "argocd"
    folder.mkdir()
    (tmp_path / "health").symlink_to(HEALTH)
    cm = {"metadata": {"name": "argocd-cm", "namespace": "argocd"}, "data": {"url": "https://cd"}}
    (folder / "cm.yaml").write_text(yaml.dump({"apiVersion": "v1", "kind": "ConfigMap", **cm}))
    (folder / "kustomization.yaml").write_text("resources: [cm.yaml]\ncomponents: [../health]\n")
    command = [str(binaries.kubectl), "kustomize", str(folder)]
    answer = subprocess.run(command, capture_output=True, check=True)
    built = yaml.safe_load(answer.stdout)
    assert built["metadata"]["name"] == "argocd-cm"
    ours = [name for name, kind in KINDS.items() if kind is not PriorityClass]
    policies = (HEALTH / "policies.lua").read_text(encoding="utf-8")
    assert built["data"] == {
        "url": "https://cd",
        f"{KEY}argoproj.io_Application": (HEALTH / "application.lua").read_text(encoding="utf-8"),
        f"{KEY}Node": (HEALTH / "node.lua").read_text(encoding="utf-8"),
        **{f"{KEY}{API_GROUP}_{kind}": policies for kind in ours},
    }
