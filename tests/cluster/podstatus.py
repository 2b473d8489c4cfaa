"""Which status a kubelet would report next for a pod that is bound to its node: a pure function."""

from collections.abc import Iterable

from tests.cluster.api import Json

COMPLETE_ANNOTATION = "test.gpuclass.io/complete"
"""With the value "true" a pod ends well at once; meant for the pod template of a Job."""

READY_CONDITIONS = ("PodReadyToStartContainers", "Initialized", "ContainersReady", "Ready")
ENDED_CONDITIONS = ("ContainersReady", "Ready")


def next_status(pod: Json, now: str) -> Json | None:
    """Give the status to write, or None where there is nothing to do.

    `now` is a time as Kubernetes writes it. Conditions merge by type, so PodScheduled, which the
    scheduler writes, need not be repeated; a pod that came with nodeName gets it here.
    """
    phase = pod.get("status", {}).get("phase", "Pending")
    completes = pod["metadata"].get("annotations", {}).get(COMPLETE_ANNOTATION) == "true"
    if completes and phase in {"Pending", "Running"}:
        return _succeeded(pod["spec"], now)
    return _running(pod["spec"], now) if phase == "Pending" else None


def _running(spec: Json, now: str) -> Json:
    """Report that every container runs and is ready."""
    return {
        "phase": "Running",
        "startTime": now,
        "conditions": _conditions(("PodScheduled", *READY_CONDITIONS), "True", now),
        "containerStatuses": [_container_running(each, now) for each in spec["containers"]],
        "initContainerStatuses": [
            _container_running(each, now) if _is_sidecar(each) else _container_ended(each, now)
            for each in spec.get("initContainers", [])
        ],
    }


def _succeeded(spec: Json, now: str) -> Json:
    """Report that every container has ended with 0."""
    return {
        "phase": "Succeeded",
        "startTime": now,
        "conditions": [
            *_conditions(("PodScheduled", "Initialized"), "True", now),
            *_conditions(ENDED_CONDITIONS, "False", now),
        ],
        "containerStatuses": [_container_ended(each, now) for each in spec["containers"]],
        "initContainerStatuses": [
            _container_ended(each, now) for each in spec.get("initContainers", [])
        ],
    }


def _is_sidecar(container: Json) -> bool:
    """Tell the init containers that go on running (KEP-753)."""
    return bool(container.get("restartPolicy") == "Always")


def _conditions(types: Iterable[str], status: str, now: str) -> list[Json]:
    """Give conditions of one status."""
    return [{"type": each, "status": status, "lastTransitionTime": now} for each in types]


def _container_running(container: Json, now: str) -> Json:
    """Give the status of a container that runs."""
    return _container(container, {"running": {"startedAt": now}}) | {"ready": True, "started": True}


def _container_ended(container: Json, now: str) -> Json:
    """Give the status of a container that ended well."""
    ended = {"exitCode": 0, "reason": "Completed", "startedAt": now, "finishedAt": now}
    return _container(container, {"terminated": ended}) | {"ready": False, "started": False}


def _container(container: Json, state: Json) -> Json:
    """Give what every container status must have."""
    return {
        "name": container["name"],
        "image": container["image"],
        "imageID": f"simulated://{container['image']}",
        "restartCount": 0,
        "state": state,
    }
