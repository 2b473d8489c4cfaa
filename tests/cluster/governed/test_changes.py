"""What changes around a pod: the policy under running workloads, and another webhook after ours."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.cluster import audit
from tests.cluster.api import Json
from tests.cluster.governed.cluster import Namespace
from tests.cluster.governed.manifests import pod, workload
from tests.cluster.governed.meddler import meddling
from tests.cluster.waiting import eventually
from tests.cluster.webhook import Webhook

pytestmark = pytest.mark.cluster

SIDECAR: Json = {"name": "injected-sidecar", "image": "example.com/sidecar:1"}
GETS_GPU = "example.com/gets-gpu"
"""The annotation of pods whose sidecar asks for a GPU that their own manifest does not ask for."""


@pytest.fixture
def research(team: Namespace, webhook: Webhook) -> Iterator[Path]:
    """Add a class `research` to the policy; give its file, which the test may delete."""
    file = webhook.policies / "classes" / "research.yaml"
    production = (webhook.policies / "classes" / "production.yaml").read_text(encoding="utf-8")
    file.write_text(production.replace("name: production\nspec", "name: research\nspec"))
    eventually(lambda: accepts(team, "research"), "the class research")
    yield file
    file.unlink(missing_ok=True)
    eventually(lambda: not accepts(team, "research"), "the class research to be gone")


def accepts(team: Namespace, gpu_class: str) -> bool:
    manifest = json.dumps(pod("probe-", gpu_class))
    answer = team.kubectl(
        "create", "--dry-run=server", "--filename", "-", text=manifest, check=False
    )
    return answer.returncode == 0


def test_an_old_replica_set_of_a_class_that_is_gone_is_in_nobody_s_way(
    team: Namespace, research: Path
) -> None:
    team.create(workload("Deployment", "x", "research"))
    assert team.rolled("x")["spec"]["nodeName"].startswith("production")
    research.unlink()
    eventually(lambda: not accepts(team, "research"), "the class research to be gone")

    team.kubectl("scale", "deployment/x", "--replicas=2")
    team.kubectl("scale", "deployment/x", "--replicas=1")
    team.kubectl("annotate", "deployment/x", "gpu-class=development", "--overwrite")
    assert team.rolled("x")["spec"]["nodeName"].startswith("development")

    undone = team.kubectl("rollout", "undo", "deployment/x")
    assert 'there is no class "research"' in undone.stderr
    team.kubectl("scale", "deployment/x", "--replicas=0")
    team.kubectl("delete", "deployment/x", "--timeout=180s")


def test_a_class_is_for_whom_it_says_and_leaves_the_priorities_that_it_says(
    team: Namespace, research: Path
) -> None:
    document = yaml.safe_load(research.read_text(encoding="utf-8"))
    document["spec"] |= {"allowedNamespaces": ["team-*"], "allowedPriorityClassNames": ["own"]}
    research.write_text(yaml.safe_dump(document), encoding="utf-8")
    outsider = Namespace(control_plane=team.control_plane, name="default")
    eventually(lambda: not accepts(outsider, "research"), "the class to be for teams only")
    assert (
        "class research is not for namespace default; its allowedNamespaces: team-*. Name another "
        "class, or have the namespace added"
    ) in outsider.refused(pod("x", "research"))
    assert team.warnings(pod("x", "research", priorityClassName="own")) == []
    assert team.get("pod", "x")["spec"]["priority"] == 77


def test_a_missing_priority_class_of_a_class_is_named_by_the_api_server(team: Namespace) -> None:
    api = team.control_plane.api
    path = "/apis/scheduling.k8s.io/v1/priorityclasses"
    found = api.request("GET", f"{path}/gpu-batch-priority")
    api.request("DELETE", f"{path}/gpu-batch-priority")
    try:
        message = eventually(
            lambda: _refusal(team, pod("x-", "training")), "the plug-in to miss the class"
        )
        assert "no PriorityClass with name gpu-batch-priority was found" in message
    finally:
        del found["metadata"]["resourceVersion"], found["metadata"]["uid"]
        api.request("POST", path, found)
    eventually(lambda: accepts(team, "training"), "the priority class to be back")


def _refusal(team: Namespace, manifest: Json) -> str:
    answer = team.kubectl(
        "create", "--dry-run=server", "--filename", "-", text=json.dumps(manifest), check=False
    )
    return answer.stderr if answer.returncode else ""


def _resources(wanted: Json) -> Json:
    gets_gpu = GETS_GPU in wanted["metadata"].get("annotations", {})
    return {"limits": {"nvidia.com/gpu": "1"}} if gets_gpu else {}


@pytest.fixture
def injector(team: Namespace, tmp_path: Path) -> Iterator[None]:
    """Have a second mutating webhook, which adds a sidecar to every pod that has none."""

    def add_sidecar(found: Json) -> None:
        containers = found["spec"]["containers"]
        if SIDECAR["name"] not in [each["name"] for each in containers]:
            containers.append({**SIDECAR, "resources": _resources(found)})

    with meddling(team, tmp_path, add_sidecar):
        yield


@pytest.mark.usefixtures("injector")
@pytest.mark.parametrize("gpu_class", ["training", "production", "general"])
def test_a_second_webhook_has_us_called_again_and_nothing_is_done_twice(
    team: Namespace, gpu_class: str
) -> None:
    team.create(pod("x", gpu_class))
    bound = team.bound("x")
    assert [each["name"] for each in bound["spec"]["containers"]] == ["main", SIDECAR["name"]]
    priority = {"training": 50, "production": 1_000_000, "general": 0}[gpu_class]
    assert bound["spec"]["priority"] == priority
    keys = [each["key"] for each in bound["spec"]["tolerations"]]
    assert keys.count("nvidia.com/gpu") == 1
    events = audit.of(team.control_plane.audit_events(), "pods", team.name, "create")
    (event,) = [each for each in events if each["objectRef"].get("name") == "x"]
    ours = [each for each in audit.mutations(event) if each.configuration == "gpuclass"]
    assert [(each.round, each.mutated) for each in ours] == [(0, True), (1, False)]


def gaining(name: str, gpu_class: str | None = None) -> Json:
    """Give a pod without GPUs to which the second webhook adds one, as Spark's does."""
    manifest = pod(name, gpu_class, gpus=None)
    annotations = {**manifest["metadata"].get("annotations", {}), GETS_GPU: "1"}
    return {**manifest, "metadata": {**manifest["metadata"], "annotations": annotations}}


@pytest.mark.usefixtures("injector")
def test_a_gpu_that_a_second_webhook_adds_is_placed_where_the_pod_names_a_class(
    team: Namespace,
) -> None:
    team.create(gaining("x", "training"))
    bound = team.bound("x")
    assert bound["metadata"]["labels"]["gpuclass.io/class"] == "training"
    assert bound["spec"]["priority"] == 50
    assert "nvidia.com/gpu" in [each["key"] for each in bound["spec"]["tolerations"]]


@pytest.mark.usefixtures("injector")
def test_without_a_class_it_is_refused_and_not_left_pending(team: Namespace) -> None:
    assert (
        "spec.affinity.nodeAffinity: is not what class general makes of it: another admission "
        "webhook changed the pod after gpuclass, or it was not sent to gpuclass for mutation; look "
        "at the webhook configurations (rule placement)"
    ) in team.refused(gaining("x"))
