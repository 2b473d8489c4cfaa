"""The fixtures themselves, proved on the real control plane."""

import json
import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from kubernetes import client as official

from tests.cluster import audit
from tests.cluster.access import KubectlError
from tests.cluster.api import ApiError, Json
from tests.cluster.binaries import ASSETS_VARIABLE, KUBERNETES_VERSION, Binaries
from tests.cluster.components import Admission
from tests.cluster.controlplane import ControlPlane
from tests.cluster.podstatus import COMPLETE_ANNOTATION
from tests.cluster.waiting import eventually

pytestmark = pytest.mark.cluster

ROOT = Path(__file__).parents[2]
TOLERATE_GPU: Json = {"key": "nvidia.com/gpu", "operator": "Exists"}

HOST = """
import signal
from tests.cluster.binaries import find
from tests.cluster.controlplane import ControlPlane
# Started in the background, by a shell without job control, a program ignores it.
signal.signal(signal.SIGINT, signal.default_int_handler)
with ControlPlane(find(print)) as control_plane:
    print(*control_plane.pids.values(), control_plane.kubeconfig.parent, flush=True)
    signal.pause()
"""


def pod_spec(**more: object) -> Json:
    return {"containers": [{"name": "main", "image": "example.com/app:1"}], **more}


def pod(name: str, **spec: object) -> Json:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": pod_spec(**spec),
    }


def workload(kind: str, group: str, spec: Json, annotations: Json | None = None) -> Json:
    """Give a workload called `app` with one pod template."""
    template = {"metadata": {"annotations": annotations or {}}, "spec": pod_spec()}
    if kind == "Job":
        template["spec"]["restartPolicy"] = "Never"
    else:
        template["metadata"]["labels"] = {"app": "app"}
        spec = {**spec, "selector": {"matchLabels": {"app": "app"}}}
    return {
        "apiVersion": group,
        "kind": kind,
        "metadata": {"name": "app"},
        "spec": {**spec, "template": template},
    }


def create(control_plane: ControlPlane, namespace: str, document: Json) -> None:
    control_plane.kubectl("create", "-n", namespace, "-f", "-", input=json.dumps(document))


def node_of(control_plane: ControlPlane, namespace: str, name: str) -> str:
    found = control_plane.api.request("GET", f"/api/v1/namespaces/{namespace}/pods/{name}")
    return str(found["spec"].get("nodeName", ""))


def creations(control_plane: ControlPlane, namespace: str) -> list[Json]:
    """Give the audit events of created pods."""
    return audit.of(control_plane.audit_events(), "pods", namespace, "create")


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_the_server_is_of_the_version_that_is_named(control_plane: ControlPlane) -> None:
    if ASSETS_VARIABLE in os.environ:
        pytest.skip(f"{ASSETS_VARIABLE} brings programs of its own version")
    answer = json.loads(control_plane.kubectl("version", "-o", "json").stdout)
    assert answer["serverVersion"]["gitVersion"] == f"v{KUBERNETES_VERSION}"
    assert answer["clientVersion"]["gitVersion"] == f"v{KUBERNETES_VERSION}"


@pytest.mark.usefixtures("pod_runner")
def test_a_pod_is_bound_to_the_node_that_it_selects_and_becomes_ready(
    control_plane: ControlPlane, namespace: str
) -> None:
    taint = {"key": "gpu-type", "value": "training", "effect": "NoSchedule"}
    spec = pod_spec(nodeSelector={"gpu-type": "training"}, tolerations=[TOLERATE_GPU, taint])
    spec["containers"][0]["resources"] = {"limits": {"nvidia.com/gpu": 1}}
    create(control_plane, namespace, {**pod("app"), "spec": spec})
    control_plane.kubectl("wait", "-n", namespace, "--for=condition=Ready", "pod/app")
    assert node_of(control_plane, namespace, "app") == "training-1"


@pytest.mark.usefixtures("nodes")
def test_a_tainted_node_is_avoided(control_plane: ControlPlane, namespace: str) -> None:
    create(control_plane, namespace, pod("plain"))
    bound = eventually(lambda: node_of(control_plane, namespace, "plain"), "the pod is bound")
    assert bound in {"cpu-a-1", "cpu-b-1"}

    create(control_plane, namespace, pod("aimed", nodeSelector={"gpu-type": "training"}))
    path = f"/api/v1/namespaces/{namespace}/pods/aimed"
    eventually(
        lambda: "untolerated taint" in str(control_plane.api.request("GET", path)["status"]),
        "the scheduler says why the pod stays Pending",
    )


@pytest.mark.usefixtures("pod_runner")
def test_a_deployment_rolls(control_plane: ControlPlane, namespace: str) -> None:
    create(control_plane, namespace, workload("Deployment", "apps/v1", {"replicas": 3}))
    rollout = ("rollout", "status", "deployment/app", "-n", namespace, "--timeout=180s")
    control_plane.kubectl(*rollout)
    control_plane.kubectl(
        "set", "image", "-n", namespace, "deployment/app", "main=example.com/app:2"
    )
    control_plane.kubectl(*rollout)
    images = "jsonpath={.items[*].spec.containers[0].image}"
    eventually(
        lambda: (
            control_plane.kubectl("get", "pods", "-n", namespace, "-o", images).stdout.split()
            == ["example.com/app:2"] * 3
        ),
        "only new pods are left",
    )


@pytest.mark.usefixtures("pod_runner")
def test_a_job_completes(control_plane: ControlPlane, namespace: str) -> None:
    job = workload("Job", "batch/v1", {"completions": 2}, {COMPLETE_ANNOTATION: "true"})
    create(control_plane, namespace, job)
    control_plane.kubectl(
        "wait", "-n", namespace, "--for=condition=Complete", "job/app", "--timeout=180s"
    )


@pytest.mark.usefixtures("pod_runner")
def test_a_stateful_set_scales_up_and_down(control_plane: ControlPlane, namespace: str) -> None:
    document = workload("StatefulSet", "apps/v1", {"replicas": 1, "serviceName": "app"})
    create(control_plane, namespace, document)
    for replicas in (3, 1):
        control_plane.kubectl("scale", "-n", namespace, "statefulset/app", f"--replicas={replicas}")
        control_plane.kubectl(
            "wait",
            "-n",
            namespace,
            "statefulset/app",
            f"--for=jsonpath={{.status.replicas}}={replicas}",
            "--timeout=180s",
        )
    list_pods = ("get", "pods", "-n", namespace, "-o", "name")
    eventually(
        lambda: control_plane.kubectl(*list_pods).stdout.split() == ["pod/app-0"],
        "only the first pod is left",
    )


def test_the_audit_log_has_what_was_asked_and_by_whom(
    control_plane: ControlPlane, namespace: str
) -> None:
    create(control_plane, namespace, pod("app"))
    events = eventually(partial(creations, control_plane, namespace), "the event")
    assert [event["user"]["username"] for event in events] == ["admin"]
    assert events[0]["requestObject"]["metadata"]["name"] == "app"
    assert audit.mutations(events[0]) == []


def test_a_user_has_the_rights_that_were_bound_and_no_others(
    control_plane: ControlPlane, namespace: str
) -> None:
    tenant = control_plane.kubeconfig_for("alice", ["tenants"])
    get_pods = ("get", "pods", "-n", namespace)
    with pytest.raises(KubectlError, match='User "alice" cannot list resource "pods"'):
        control_plane.kubectl(*get_pods, as_=tenant)
    control_plane.kubectl(
        "create", "rolebinding", "edit", "-n", namespace, "--clusterrole=edit", "--group=tenants"
    )
    eventually(
        lambda: control_plane.kubectl(*get_pods, as_=tenant, check=False).returncode == 0,
        "the role counts",
    )


def test_the_official_client_works(control_plane: ControlPlane, namespace: str) -> None:
    core = official.CoreV1Api(control_plane.client())
    metadata = core.read_namespace(namespace).metadata
    assert metadata
    assert metadata.name == namespace


def test_a_refusal_is_an_error_with_its_code(control_plane: ControlPlane) -> None:
    with pytest.raises(ApiError, match='404: namespaces "absent" not found'):
        control_plane.api.request("GET", "/api/v1/namespaces/absent")


@pytest.mark.usefixtures("pod_runner")
def test_a_restarted_api_server_keeps_its_data_and_pods_go_on(
    control_plane: ControlPlane, namespace: str
) -> None:
    before = control_plane.pids["kube-apiserver"]
    create(control_plane, namespace, pod("old"))
    control_plane.restart_apiserver()
    create(control_plane, namespace, pod("new"))
    control_plane.kubectl(
        "wait", "-n", namespace, "--for=condition=Ready", "pod/old", "pod/new", "--timeout=180s"
    )
    assert control_plane.pids["kube-apiserver"] != before


def test_a_second_one_beside_it_with_plug_ins_leaves_no_process_and_no_file(
    binaries: Binaries, control_plane: ControlPlane
) -> None:
    plugins = ("PodNodeSelector", "PodTolerationRestriction", "ExtendedResourceToleration")
    with ControlPlane(binaries, admission=Admission(plugins=plugins)) as second:
        pids, folder = second.pids, second.kubeconfig.parent
        assert len(pids) == len(set(pids.values()) - set(control_plane.pids.values())) == 4
        assert folder.stat().st_mode & 0o777 == 0o700
        create(second, "default", pod("app"))
        found = second.api.request("GET", "/api/v1/namespaces/default/pods/app")
        assert found["spec"]["priority"] == 0
        with pytest.raises(ApiError):
            control_plane.api.request("GET", "/api/v1/namespaces/default/pods/app")
    assert second.pids == {}
    assert not folder.exists()
    assert not any(is_alive(pid) for pid in pids.values())
    assert control_plane.api.is_ready()


@pytest.mark.usefixtures("binaries")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_nothing_outlives_a_program_that_was_killed(number: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOST],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as host:
        assert host.stdout
        *pids, folder = host.stdout.readline().split()
        host.send_signal(number)
    assert len(pids) == 4
    eventually(lambda: not any(is_alive(int(pid)) for pid in pids), "the processes have ended")
    eventually(lambda: not Path(folder).exists(), "the folder is gone")


def test_before_and_after_nothing_can_be_asked(binaries: Binaries) -> None:
    stopped = ControlPlane(binaries)
    with pytest.raises(RuntimeError, match="the control plane is not started"):
        stopped.kubectl("version")
    stopped.stop()
    assert stopped.pids == {}
