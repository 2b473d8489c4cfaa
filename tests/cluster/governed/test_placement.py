"""Every class, every kind of workload: where the real scheduler puts their pods."""

import pytest

from tests.cluster.governed.cluster import Namespace
from tests.cluster.governed.manifests import GPU, KINDS, container, pod, workload
from tests.cluster.waiting import eventually

pytestmark = pytest.mark.cluster

CPU_POOLS = {"cpu-a", "cpu-b", "cpu-c"}

ROWS = [
    # class, pools that its pods may land on, priority class, priority, preemption policy
    pytest.param("general", {"worker"}, None, 0, "PreemptLowerPriority", id="general"),
    pytest.param("development", {"development"}, None, 0, "PreemptLowerPriority", id="development"),
    pytest.param(
        "production",
        {"production"},
        "gpu-high-priority",
        1_000_000,
        "PreemptLowerPriority",
        id="production",
    ),
    pytest.param(
        "training", {"training", "development"}, "gpu-batch-priority", 50, "Never", id="training"
    ),
]


def pool(bound: dict[str, object]) -> str:
    """Give the pool of the node that a pod is bound to."""
    spec = bound["spec"]
    assert isinstance(spec, dict)
    return str(spec["nodeName"]).rpartition("-")[0]


@pytest.mark.parametrize(("gpu_class", "pools", "priority_class", "priority", "preemption"), ROWS)
def test_a_pod_lands_on_the_nodes_of_its_class_with_its_priority(
    team: Namespace,
    gpu_class: str,
    pools: set[str],
    priority_class: str | None,
    priority: int,
    preemption: str,
) -> None:
    team.create(pod("x", gpu_class))
    bound = team.bound("x")
    assert pool(bound) in pools
    assert bound["spec"].get("priorityClassName") == priority_class
    assert bound["spec"]["priority"] == priority
    assert bound["spec"]["preemptionPolicy"] == preemption
    assert bound["metadata"]["labels"]["gpuclass.io/class"] == gpu_class


def test_a_gpu_pod_that_names_no_class_gets_the_default(team: Namespace) -> None:
    team.create(pod("x"))
    assert pool(team.bound("x")) == "worker"


def test_a_cpu_pod_lands_on_a_cpu_node_untouched(team: Namespace) -> None:
    team.create(pod("x", gpus=None))
    bound = team.bound("x")
    assert pool(bound) in CPU_POOLS
    assert "gpuclass.io/class" not in bound["metadata"].get("labels", {})
    assert "affinity" not in bound["spec"]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in {"DaemonSet", "CronJob"}])
@pytest.mark.parametrize("gpu_class", ["production", "training"])
def test_the_pods_of_every_kind_of_workload_follow_its_annotation(
    team: Namespace, kind: str, gpu_class: str
) -> None:
    team.create(workload(kind, "x", gpu_class))
    bound = eventually(
        lambda: next((p for p in team.pods() if p["spec"].get("nodeName")), {}), "a bound pod"
    )
    assert (
        pool(bound)
        in {"production": {"production"}, "training": {"training", "development"}}[gpu_class]
    )
    assert bound["metadata"]["annotations"]["gpu-class"] == gpu_class
    assert bound["metadata"]["labels"]["gpuclass.io/class"] == gpu_class


def test_the_pods_of_a_cron_job_follow_its_annotation(team: Namespace) -> None:
    team.create(workload("CronJob", "x", "training"))
    team.kubectl("create", "job", "once", "--from=cronjob/x")
    bound = eventually(
        lambda: next((p for p in team.pods() if p["spec"].get("nodeName")), {}), "a bound pod"
    )
    assert pool(bound) in {"training", "development"}
    assert bound["spec"]["priority"] == 50


OPEN = [
    {"key": GPU, "operator": "Exists", "effect": "NoSchedule"},
    {"key": "gpu-type", "operator": "Exists", "effect": "NoSchedule"},
]


def test_pods_of_a_daemon_set_get_priority_and_label_but_no_placement(team: Namespace) -> None:
    selector = {"gpu-type": "production"}
    daemon_set = workload("DaemonSet", "x", "production", tolerations=OPEN, nodeSelector=selector)
    team.create(daemon_set)
    bound = eventually(
        lambda: next((p for p in team.pods() if p["spec"].get("nodeName")), {}), "a bound pod"
    )
    assert pool(bound) == "production"
    assert bound["spec"]["priority"] == 1_000_000
    assert bound["metadata"]["labels"]["gpuclass.io/class"] == "production"
    required = bound["spec"]["affinity"]["nodeAffinity"][
        "requiredDuringSchedulingIgnoredDuringExecution"
    ]
    assert [set(term) for term in required["nodeSelectorTerms"]] == [{"matchFields"}]


def test_a_daemon_set_whose_gpu_pods_stray_from_their_class_is_told_so(team: Namespace) -> None:
    selector = {"nvidia.com/gpu.present": "true"}
    straying = workload("DaemonSet", "x", "production", tolerations=OPEN, nodeSelector=selector)
    said = " ".join(team.warnings(straying))
    assert "these run on nodes of development, training, worker too" in said
    eventually(
        lambda: (
            {pool(each) for each in team.pods() if each["spec"].get("nodeName")}
            >= {"production", "training"}
        ),
        "pods where the warning says",
    )


def test_a_gpu_pod_spread_over_zones_counts_no_zone_without_gpus(team: Namespace) -> None:
    spread = {
        "maxSkew": 1,
        "topologyKey": "topology.kubernetes.io/zone",
        "whenUnsatisfiable": "DoNotSchedule",
        "nodeTaintsPolicy": "Honor",
        "labelSelector": {"matchLabels": {"app": "x"}},
    }
    deployment = workload("Deployment", "x", "training", topologySpreadConstraints=[spread])
    deployment["spec"]["replicas"] = 3
    team.create(deployment)
    eventually(lambda: sum("nodeName" in p["spec"] for p in team.pods()) == 3, "three bound pods")


@pytest.mark.parametrize("place", ["initContainers", "sidecar", "second container"])
def test_a_gpu_is_found_wherever_a_container_asks_for_it(team: Namespace, place: str) -> None:
    manifest = pod("x", "training", gpus=None)
    asking = container(1, "asking")
    if place == "second container":
        manifest["spec"]["containers"].append(asking)
    else:
        restart = {"restartPolicy": "Always"} if place == "sidecar" else {}
        manifest["spec"]["initContainers"] = [{**asking, **restart}]
    team.create(manifest)
    assert pool(team.bound("x")) in {"training", "development"}


@pytest.mark.parametrize("amount", [0, "0"])
def test_zero_gpus_is_no_gpu(team: Namespace, amount: str | int) -> None:
    team.create(pod("x", gpus=amount))
    bound = team.bound("x")
    assert pool(bound) in CPU_POOLS
    assert "gpuclass.io/class" not in bound["metadata"].get("labels", {})
