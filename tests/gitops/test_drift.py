"""The annotation gpu-class in Git, in each way that Argo CD has of comparing: no drift, no loop."""

import json
from collections.abc import Mapping

import pytest
import yaml

from tests.cluster.api import MERGE_PATCH, Json
from tests.cluster.governed.manifests import workload
from tests.gitops.argocd import NAMESPACE
from tests.gitops.repository import BRANCH
from tests.gitops.waiting import eventually
from tests.gitops.world import ROOT, World
from webhook.core.names import CLASS_ANNOTATION

pytestmark = pytest.mark.cluster

PROJECTS = f"/apis/argoproj.io/v1alpha1/namespaces/{NAMESPACE}/appprojects"
SERVER_SIDE = "ServerSideApply=true"
MODES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "plain": ("", ()),
    "structured": ("", (SERVER_SIDE,)),
    "diff": ("ServerSideDiff=true", ()),
    "diff-apply": ("ServerSideDiff=true", (SERVER_SIDE,)),
    "mutations": ("ServerSideDiff=true,IncludeMutationWebhook=true", ()),
    "mutations-apply": ("ServerSideDiff=true,IncludeMutationWebhook=true", (SERVER_SIDE,)),
}
"""How it compares (an annotation), and how it applies: six ways in all."""

BLIND = ("diff", "mutations")
"""In these Argo CD itself does not see that Git lost an annotation: the object keeps it."""


def application(world: World, mode: str) -> Json:
    """Give an Application of one Deployment, in one of the modes."""
    compare, options = MODES[mode]
    annotations = {"argocd.argoproj.io/compare-options": compare} if compare else {}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": f"drift-{mode}", "namespace": NAMESPACE, "annotations": annotations},
        "spec": {
            "project": "drift",
            "source": {"repoURL": world.repository.url, "targetRevision": BRANCH,
                       "path": f"drift/{mode}"},
            "destination": {"server": "https://kubernetes.default.svc",
                            "namespace": f"drift-{mode}"},
            "syncPolicy": {
                "automated": {"prune": True, "selfHeal": True},
                "syncOptions": ["CreateNamespace=true", *options],
            },
        },
    }  # fmt: skip


def project(world: World) -> Json:
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AppProject",
        "metadata": {"name": "drift", "namespace": NAMESPACE},
        "spec": {
            "sourceRepos": [world.repository.url],
            "destinations": [{"server": "*", "namespace": "drift-*"}],
            "clusterResourceWhitelist": [{"group": "", "kind": "Namespace"}],
        },
    }


def commit(world: World, gpu_class: str | None) -> str:
    """Have every Deployment name a class, or none; give the revision."""
    for mode in MODES:
        text = json.dumps(workload("Deployment", "app", gpu_class))
        world.repository.write(f"drift/{mode}/app.yaml", text)
    return world.push(f"Name class {gpu_class}", *names(world))


def names(world: World) -> list[str]:
    return [each for each in world.argo.names() if each.startswith("drift-")]


@pytest.fixture(scope="module")
def drifting(world: World) -> World:
    """Give the world with an Application for each mode, whose Deployment names no class yet."""
    revision = commit(world, None)
    apply = world.plane.kubectl
    apply("apply", "-f", "-", input=json.dumps(project(world)))
    for mode in MODES:
        apply("apply", "-f", "-", input=json.dumps(application(world, mode)))
    for mode in MODES:
        world.argo.wait_synced(f"drift-{mode}", revision)
    return world


def deployment(world: World, mode: str) -> Json:
    return world.plane.api.request("GET", f"/apis/apps/v1/namespaces/drift-{mode}/deployments/app")


def named(world: World, mode: str) -> str | None:
    """Give the class that the Deployment itself names, in the cluster."""
    annotations = deployment(world, mode)["metadata"].get("annotations", {})
    found: str | None = annotations.get(CLASS_ANNOTATION)
    return found


def carried(world: World, mode: str) -> str | None:
    """Give the class that the pod template has."""
    template = deployment(world, mode)["spec"]["template"]["metadata"]
    found: str | None = template.get("annotations", {}).get(CLASS_ANNOTATION)
    return found


@pytest.mark.parametrize(
    "gpu_class", ["training", "development", None], ids=["added", "changed", "removed"]
)
def test_the_template_follows_git_and_argo_cd_sees_no_drift(
    drifting: World, gpu_class: str | None
) -> None:
    revision = commit(drifting, gpu_class)
    for mode in MODES:
        drifting.argo.wait_synced(f"drift-{mode}", revision)
        assert carried(drifting, mode) == named(drifting, mode), mode
        is_lost = gpu_class is None and mode in BLIND
        assert named(drifting, mode) == ("development" if is_lost else gpu_class), mode
    before = {mode: deployment(drifting, mode)["metadata"]["generation"] for mode in MODES}
    # Once more, from the cluster itself: what it would call drift it would heal, again and again.
    for mode in MODES:
        drifting.argo.look(f"drift-{mode}")
        drifting.argo.wait_synced(f"drift-{mode}", revision)
    assert {mode: deployment(drifting, mode)["metadata"]["generation"] for mode in MODES} == before


def test_within_a_sync_window_a_commit_waits_unless_somebody_syncs_by_hand(
    drifting: World,
) -> None:
    window = {**shipped_window(), "applications": ["drift-plain"], "schedule": "* * * * *"}
    patch: Json = {"spec": {"syncWindows": [window]}}
    drifting.plane.api.request("PATCH", f"{PROJECTS}/drift", patch, MERGE_PATCH)
    revision = commit(drifting, "training")
    drifting.argo.wait_synced("drift-structured", revision)

    def is_seen() -> bool:
        sync = drifting.argo.application("drift-plain")["status"]["sync"]
        return (sync["revision"], sync["status"]) == (revision, "OutOfSync")

    eventually(is_seen, "Argo CD to see the commit")
    drifting.argo.look("drift-plain")
    assert "operation" not in drifting.argo.application("drift-plain")
    assert carried(drifting, "plain") is None
    drifting.argo.sync("drift-plain", revision)
    drifting.argo.wait_synced("drift-plain", revision)
    assert carried(drifting, "plain") == "training"


def shipped_window() -> Json:
    """Give the window of deploy/argocd/sync-windows, which is for gpu-nodes on working days."""
    text = (ROOT / "deploy" / "argocd" / "sync-windows" / "kustomization.yaml").read_text()
    (patch,) = yaml.safe_load(text)["patches"]
    ((window,),) = (each["value"] for each in yaml.safe_load(patch["patch"]))
    found: Json = window
    return found
