"""What is refused, and the words in which kubectl shows it."""

import json

import pytest

from tests.cluster.api import Json
from tests.cluster.governed.cluster import Namespace
from tests.cluster.governed.manifests import GPU, pod, workload
from tests.cluster.governed.test_placement import CPU_POOLS, pool
from tests.cluster.governed.test_shapes import expression, requiring
from tests.cluster.waiting import eventually

pytestmark = pytest.mark.cluster

ENDING = (
    "but the pod asks for no GPU; drop it, ask for a GPU, or have its namespace exempted "
    "(GPUPolicy spec.exempt)"
)
TOLERATION: Json = {"key": GPU, "operator": "Exists", "effect": "NoSchedule"}
TERMS = "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution"


@pytest.mark.parametrize(
    ("own", "said"),
    [
        pytest.param(
            {"nodeSelector": {"gpu-type": "training"}},
            'spec.nodeSelector["gpu-type"]: gpu-type=training selects nodes of pool training, ',
            id="nodeSelector",
        ),
        pytest.param(
            {"tolerations": [TOLERATION]},
            f"spec.tolerations[0]: tolerates {GPU}=present:NoSchedule of pools development, "
            "production, training, worker, ",
            id="toleration",
        ),
        pytest.param(
            {"affinity": requiring({"matchExpressions": [expression("gpu-type", "training")]})},
            f"{TERMS}.nodeSelectorTerms[0].matchExpressions[0]: gpu-type In [training] selects "
            "nodes of pool training, ",
            id="required affinity",
        ),
        pytest.param(
            {"nodeName": "gpu-train-7"},
            "spec.nodeName: gpu-train-7 is a node of pool training, ",
            id="nodeName",
        ),
        pytest.param(
            {"affinity": requiring({"matchFields": [expression("metadata.name", "gpu-train-7")]})},
            f"{TERMS}.nodeSelectorTerms[0].matchFields[0]: metadata.name In [gpu-train-7] names "
            "nodes of pool training, ",
            id="matchFields",
        ),
    ],
)
def test_a_cpu_pod_that_aims_at_gpu_nodes_is_refused_and_told_how_to_go_on(
    team: Namespace, own: Json, said: str
) -> None:
    message = team.refused(pod("x", gpus=None, **own))
    assert 'admission webhook "pods.gpuclass.io" denied the request: ' in message
    assert said + ENDING in message


def test_every_fault_is_named_at_once(team: Namespace) -> None:
    message = team.refused(
        pod(
            "x",
            gpus=None,
            tolerations=[TOLERATION],
            nodeSelector={"nvidia.com/gpu.present": "true"},
        )
    )
    assert 'spec.nodeSelector["nvidia.com/gpu.present"]' in message
    assert "spec.tolerations[0]" in message


def test_a_cpu_pod_that_tolerates_everything_is_steered_off_gpu_nodes(team: Namespace) -> None:
    preferring = {
        "nodeAffinity": {
            "preferredDuringSchedulingIgnoredDuringExecution": [
                {
                    "weight": 100,
                    "preference": {"matchExpressions": [expression("gpu-type", "training")]},
                }
            ]
        }
    }
    team.create(pod("x", gpus=None, tolerations=[{"operator": "Exists"}], affinity=preferring))
    assert pool(team.bound("x")) in CPU_POOLS


def test_a_daemon_set_of_agents_runs_on_every_node(
    team: Namespace, nodes_of_cluster: tuple[str, ...]
) -> None:
    team.create(workload("DaemonSet", "x", gpus=None, tolerations=[{"operator": "Exists"}]))
    eventually(
        lambda: {p["spec"].get("nodeName") for p in team.pods()} == set(nodes_of_cluster),
        "an agent on every node",
    )


def test_a_gpu_pod_whose_selector_contradicts_its_class_is_refused(team: Namespace) -> None:
    message = team.refused(pod("x", "production", nodeSelector={"gpu-type": "development"}))
    assert (
        'spec.nodeSelector["gpu-type"]: development contradicts class production: nodes of pool '
        "production carry gpu-type=production; drop it or name another class"
    ) in message


def test_a_gpu_pod_that_names_its_node_is_refused(team: Namespace) -> None:
    message = team.refused(pod("x", "training", nodeName="training-1"))
    assert "spec.nodeName: training-1 is named by the pod itself" in message


def test_a_workload_of_cpu_pods_that_aim_is_let_in_with_the_refusal_of_its_pods_as_warning(
    team: Namespace,
) -> None:
    warnings = team.warnings(workload("Deployment", "x", gpus=None, tolerations=[TOLERATION]))
    assert any(
        each.startswith("its pods would be refused: spec.template.spec.tolerations[0]: tolerates ")
        for each in warnings
    )
    events = eventually(
        lambda: team.kubectl(
            "get", "events", "--field-selector=reason=FailedCreate", "--output=jsonpath={.items}"
        ).stdout.strip("[]"),
        "a FailedCreate event",
    )
    assert "spec.tolerations[0]: tolerates" in events


def test_a_cpu_pod_that_appends_a_gpu_toleration_later_is_refused(team: Namespace) -> None:
    team.create(pod("x", gpus=None))
    found = team.bound("x")
    found["spec"]["tolerations"].append(TOLERATION)
    message = team.refused(found, command="replace")
    assert "spec.tolerations[2]: tolerates" in message


def test_a_runtime_class_that_brings_a_toleration_is_judged_by_it(team: Namespace) -> None:
    tolerating = {
        "apiVersion": "node.k8s.io/v1",
        "kind": "RuntimeClass",
        "metadata": {"name": "tolerating"},
        "handler": "runc",
        "scheduling": {"tolerations": [TOLERATION], "nodeSelector": {"gpu-type": "training"}},
    }
    team.apply(tolerating)
    message = team.refused(pod("x", gpus=None, runtimeClassName="tolerating"))
    assert f"tolerates {GPU}=present:NoSchedule of pools " in message
    assert 'spec.nodeSelector["gpu-type"]: gpu-type=training selects nodes of pool' in message


def test_a_cpu_pod_that_sees_devices_is_let_in_with_a_warning(team: Namespace) -> None:
    manifest = pod("x", gpus=None)
    manifest["spec"]["containers"][0]["env"] = [{"name": "NVIDIA_VISIBLE_DEVICES", "value": "all"}]
    assert team.warnings(manifest) == [
        "spec.containers[0].env[0]: NVIDIA_VISIBLE_DEVICES=all hands GPUs to a pod that asks for "
        "none, and nobody counts them; drop it or ask for a GPU"
    ]


@pytest.mark.parametrize("name", ["kube-system"])
def test_an_exempt_namespace_is_left_alone(team: Namespace, name: str) -> None:
    manifest = pod("exempt-x", gpus=None, tolerations=[TOLERATION])
    manifest["metadata"]["namespace"] = name
    team.control_plane.kubectl(
        "create", "--filename", "-", "--dry-run=server", input=json.dumps(manifest)
    )
