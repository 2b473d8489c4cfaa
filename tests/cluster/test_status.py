"""What the controller says of documents on a real API server: in force or not, nodes, GPUs."""

import json
from collections.abc import Iterator

import pytest

from tests.cluster.api import Json
from tests.cluster.binaries import Binaries
from tests.cluster.controlplane import ControlPlane
from tests.cluster.governed.cluster import Namespace
from tests.cluster.governed.manifests import pod
from tests.cluster.installed import CONTROLLER, SERVER, SYSTEM, Installed
from tests.cluster.shipped import POLICIES
from tests.cluster.simulation import GPU, Capacity, PodRunner, create_node, create_pool, delete_node
from tests.cluster.waiting import eventually
from webhook.core.audit.finding import SEVERITIES
from webhook.core.names import PAUSED_ANNOTATION
from webhook.watch import policies

pytestmark = pytest.mark.cluster

DOCUMENTS = "/apis/gpuclass.io/v1alpha1"
TRAINING = f"{DOCUMENTS}/gpunodepools/training"


@pytest.fixture(scope="module")
def plane(binaries: Binaries) -> Iterator[ControlPlane]:
    """Give a control plane with two training nodes."""
    with ControlPlane(binaries) as running, PodRunner(running.api):
        create_pool(running.api, "training", 2)
        yield running


@pytest.fixture(scope="module")
def installed(plane: ControlPlane) -> Iterator[Installed]:
    """Give an installation."""
    with Installed(plane, ("--audit-every=2s",)) as running:
        yield running


def status(installed: Installed, path: str) -> Json:
    found: Json = installed.control_plane.api.request("GET", path).get("status", {})
    return found


def conditions(installed: Installed, path: str) -> dict[str, tuple[str, str]]:
    found = status(installed, path).get("conditions", [])
    return {each["type"]: (each["status"], each["reason"]) for each in found}


GOOD = {"Ready": ("True", "InForce"), "Degraded": ("False", "AsExpected")}


def test_every_shipped_document_becomes_ready(installed: Installed) -> None:
    for resource in ("gpunodepools", "gpuclasses", "gpupolicies"):
        installed.control_plane.kubectl(
            "wait", "--for=condition=Ready", resource, "--all", "--timeout=180s"
        )
    assert conditions(installed, f"{DOCUMENTS}/gpupolicies/cluster") == GOOD
    found = status(installed, f"{DOCUMENTS}/gpupolicies/cluster")
    assert (found["documents"], found["classes"], found["pools"]) == (9, 4, 4)
    assert found["revision"] == policies.load(POLICIES).revision


def test_pool_and_class_count_nodes_and_gpus(installed: Installed, plane: ControlPlane) -> None:
    plane.kubectl("create", "namespace", "team")
    team = Namespace(control_plane=plane, name="team")
    account = "/api/v1/namespaces/team/serviceaccounts/default"
    eventually(lambda: plane.api.is_ready(account), "a ServiceAccount")
    team.create(pod("x", "training"))
    team.bound("x")
    eventually(lambda: status(installed, TRAINING).get("gpus", {}).get("allocated") == 1, "the GPU")
    found = status(installed, TRAINING)
    assert found["gpus"] == {"capacity": 16, "allocatable": 16, "allocated": 1}
    assert (found["nodes"], found["readyNodes"], found.get("problems")) == (2, 2, None)
    classes = plane.kubectl("get", "gpuclass", "training").stdout.splitlines()
    assert classes[1].split()[:3] == ["training", "training,", "development"]
    team.kubectl("delete", "pod", "x")
    eventually(
        lambda: status(installed, TRAINING)["gpus"]["allocated"] == 0, "the GPU to be free again"
    )


def test_status_moves_no_generation_and_is_not_written_for_nothing(
    installed: Installed, plane: ControlPlane
) -> None:
    before = plane.api.request("GET", TRAINING)["metadata"]
    team = f"{DOCUMENTS}/gpuclasses/general"
    plane.kubectl("annotate", "gpuclass", "general", "note=1", "--overwrite")
    eventually(lambda: conditions(installed, team) == GOOD, "the class to be seen again")
    after = plane.api.request("GET", TRAINING)["metadata"]
    assert after["generation"] == before["generation"] == 1
    assert after["resourceVersion"] == before["resourceVersion"]


def test_document_that_got_in_while_nobody_answered_is_degraded_with_an_event(
    installed: Installed, plane: ControlPlane
) -> None:
    broken = {
        "apiVersion": "gpuclass.io/v1alpha1",
        "kind": "GPUClass",
        "metadata": {"name": "broken"},
        "spec": {"pools": [{"name": "trainin"}]},
    }
    path = f"{DOCUMENTS}/gpuclasses/broken"
    installed.kill(SERVER)
    plane.kubectl("create", "--filename", "-", input=json.dumps(broken))
    installed.restart(SERVER)
    refused = {"Ready": ("False", "Refused"), "Degraded": ("True", "Refused")}
    eventually(lambda: conditions(installed, path) == refused, "the refusal")
    (ready, _) = status(installed, path)["conditions"]
    assert ready["message"].startswith(
        "gpuclass/broken spec.pools[0].name: there is no GPUNodePool trainin; "
        "known: development, production, training, worker; did you mean training?"
    )
    assert ready["message"].endswith("stays in force")
    assert conditions(installed, f"{DOCUMENTS}/gpuclasses/training") == GOOD
    policy = conditions(installed, f"{DOCUMENTS}/gpupolicies/cluster")
    assert policy["Degraded"] == ("True", "OtherDocumentsRefused")
    events = plane.kubectl("get", "events", "--field-selector=reason=Refused", "-o", "json").stdout
    (event, *_) = json.loads(events)["items"]
    assert (event["type"], event["involvedObject"]["name"]) == ("Warning", "broken")
    assert installed.is_governed()
    plane.kubectl("delete", "gpuclass", "broken")
    eventually(
        lambda: conditions(installed, f"{DOCUMENTS}/gpupolicies/cluster") == GOOD, "all to be well"
    )


def found(installed: Installed, *names: str) -> list[float]:
    """Give how often the last audit found these."""
    metrics = installed.metrics(CONTROLLER)
    key = 'gpuclass_audit_findings{{finding="{}",severity="{}"}}'
    return [metrics.get(key.format(name, SEVERITIES[name].value), -1) for name in names]


def test_the_leader_audits_what_came_while_nothing_was_registered(
    installed: Installed, plane: ControlPlane
) -> None:
    names = ("cpu-pod-on-gpu-node", "gpu-pod-unstamped", "node-unclaimed")
    eventually(lambda: found(installed, *names) == [0] * 3, "an audit that finds nothing")
    plane.kubectl("annotate", "namespace", SYSTEM, f"{PAUSED_ANNOTATION}=true")
    eventually(lambda: not installed.configurations(), "the registration to go")
    plane.kubectl("create", "namespace", "away")
    away = Namespace(control_plane=plane, name="away")
    account = "/api/v1/namespaces/away/serviceaccounts/default"
    eventually(lambda: plane.api.is_ready(account), "a ServiceAccount")
    away.create(pod("cpu", gpus=None, nodeName="training-1"), pod("a", "training"), pod("b"))
    create_node(plane.api, "stray", capacity=Capacity(extended={GPU: "1"}))
    plane.kubectl("annotate", "namespace", SYSTEM, f"{PAUSED_ANNOTATION}-")
    eventually(installed.is_registered, "the registration to come back")
    eventually(lambda: found(installed, *names) == [1, 2, 1], "an audit that finds all")
    metrics = installed.metrics(CONTROLLER)
    assert metrics["gpuclass_audit_failed"] == 0
    assert metrics["gpuclass_audit_last_run_timestamp_seconds"] > 0
    assert "forbidden" not in installed.log(CONTROLLER)
    away.kubectl("delete", "pods", "--all")
    delete_node(plane.api, "stray")
    eventually(lambda: found(installed, *names) == [0] * 3, "an audit that finds nothing again")
