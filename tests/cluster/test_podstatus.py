"""What the kubelets' stand-in reports, as values."""

import pytest

from tests.cluster.api import Json
from tests.cluster.podstatus import COMPLETE_ANNOTATION, next_status

NOW = "2026-01-01T00:00:00Z"


def pod(phase: str, *, complete: str = "") -> Json:
    containers = [{"name": "main", "image": "app:1"}]
    initial = [
        {"name": "setup", "image": "setup:1"},
        {"name": "proxy", "image": "proxy:1", "restartPolicy": "Always"},
    ]
    return {
        "metadata": {"annotations": {COMPLETE_ANNOTATION: complete}} if complete else {},
        "spec": {"containers": containers, "initContainers": initial},
        "status": {"phase": phase},
    }


def states(status: Json, field: str) -> dict[str, str]:
    return {each["name"]: next(iter(each["state"])) for each in status[field]}


def test_a_pending_pod_runs_and_is_ready() -> None:
    status = next_status(pod("Pending"), NOW)
    assert status
    assert status["phase"] == "Running"
    assert {each["type"]: each["status"] for each in status["conditions"]} == dict.fromkeys(
        (
            "PodScheduled",
            "PodReadyToStartContainers",
            "Initialized",
            "ContainersReady",
            "Ready",
        ),
        "True",
    )
    assert states(status, "containerStatuses") == {"main": "running"}
    assert states(status, "initContainerStatuses") == {"setup": "terminated", "proxy": "running"}


def test_a_pod_that_is_to_complete_has_succeeded() -> None:
    status = next_status(pod("Pending", complete="true"), NOW)
    assert status
    assert status["phase"] == "Succeeded"
    assert states(status, "containerStatuses") == {"main": "terminated"}
    assert states(status, "initContainerStatuses") == {"setup": "terminated", "proxy": "terminated"}


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(pod("Running"), id="running"),
        pytest.param(pod("Succeeded"), id="succeeded"),
        pytest.param(pod("Failed", complete="true"), id="failed"),
    ],
)
def test_nothing_is_left_to_report(document: Json) -> None:
    assert next_status(document, NOW) is None
