"""The Applications as shipped: what they bring, in which order, and that all of it is healthy."""

from pathlib import Path

import pytest

from tests.cluster.api import ApiError, Json
from tests.gitops.argocd import health, results
from tests.gitops.waiting import eventually
from tests.gitops.world import World
from webhook.core.names import CLASS_LABEL

pytestmark = pytest.mark.cluster

WAVES = (
    ("gpuclass", "gpu-policies", "gpu-nodes"),
    ("nvidia-device-plugin", "dcgm-exporter"),
    ("monitoring", "workloads"),
)
FIRST, SECOND, LAST = WAVES
GPU_NODES = {"development-1", "production-1", "training-1", "worker-1"}
AGENTS = {
    "nvidia-device-plugin": ("nvidia-device-plugin", "nvidia-device-plugin-gpu-feature-discovery"),
    "dcgm-exporter": ("dcgm-exporter",),
}
"""DaemonSets for GPU nodes, by their namespace."""


def test_everything_comes_up_from_one_application(world: World) -> None:
    assert sorted(world.argo.names()) == sorted(["root", *FIRST, *SECOND, *LAST])
    for name in (*FIRST, *SECOND):
        eventually(lambda name=name: world.is_well(name), f"{name} to be well")  # type: ignore[misc]
    assert world.ours.is_governed()


def test_a_wave_begins_when_the_one_before_was_synced(world: World) -> None:
    def begins(names: tuple[str, ...]) -> str:
        made = [world.argo.application(name)["metadata"]["creationTimestamp"] for name in names]
        return str(min(made))

    def ends(names: tuple[str, ...]) -> str:
        histories = [world.argo.application(name)["status"]["history"] for name in names]
        return str(max(history[0]["deployedAt"] for history in histories))

    assert ends(FIRST) <= begins(SECOND)
    assert ends(SECOND) <= begins(LAST)


@pytest.mark.parametrize("namespace", AGENTS)
def test_agents_run_on_gpu_nodes_and_on_no_others(world: World, namespace: str) -> None:
    def nodes(name: str) -> set[str]:
        pods = [each for each in world.pods(namespace)
                if each["metadata"]["labels"].get("app") == name]  # fmt: skip
        return {each["spec"].get("nodeName", "") for each in pods}

    for name in AGENTS[namespace]:
        eventually(lambda name=name: nodes(name) >= GPU_NODES, f"{name} on every GPU node")  # type: ignore[misc]
        assert not nodes(name) & {"cpu-a-1", "cpu-b-1"}
    for each in world.pods(namespace):
        if each["metadata"]["labels"]["app"] in AGENTS[namespace]:
            assert each["spec"]["runtimeClassName"] == "nvidia"


@pytest.mark.parametrize(
    ("name", "level"), [("dcgm-exporter", "privileged"), ("monitoring", "baseline")]
)
def test_namespaces_that_argo_cd_makes_have_their_labels(
    world: World, name: str, level: str
) -> None:
    found = eventually(lambda: world.get(f"/api/v1/namespaces/{name}"), f"namespace {name}")
    assert found is not None
    assert found["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == level


def test_monitoring_holds_up_nothing_and_comes_with_its_kinds(world: World) -> None:

    def of_monitor() -> Json:
        found = results(world.argo.application("monitoring"))
        return found.get(("ServiceMonitor", "gpuclass"), {})

    refused = eventually(of_monitor, "a try to bring a ServiceMonitor")
    assert refused["status"] == "SyncFailed"
    assert 'no matches for kind "ServiceMonitor"' in refused["message"]
    kinds = Path(__file__).with_name("operator.yaml")
    world.plane.kubectl("apply", "--server-side", "--filename", str(kinds))
    eventually(lambda: world.is_well("monitoring"), "monitoring to be tried again")


def test_workloads_come_when_somebody_says_so_and_get_their_classes(world: World) -> None:
    application = world.argo.application("workloads")
    assert health(application["status"]) == "Missing"
    assert "history" not in application["status"]
    with pytest.raises(ApiError):
        world.plane.api.request("GET", "/api/v1/namespaces/gpu-workloads")

    revision = application["status"]["sync"]["revision"]
    world.argo.sync("workloads", revision)
    world.argo.wait_synced("workloads", revision)

    def classes() -> set[str]:
        pods = world.pods("gpu-workloads")
        return {each["metadata"]["labels"].get(CLASS_LABEL, "") for each in pods}

    eventually(lambda: classes() == {"development", "production", "training"}, "pods of classes")
