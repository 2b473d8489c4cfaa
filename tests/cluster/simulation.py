"""Nodes that are only objects, and the statuses that their kubelets would report.

What schedules, rolls and completes is the real control plane; nothing here runs a container.
"""

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from http.client import HTTPException
from typing import Self

from tests.cluster.api import STRATEGIC_MERGE_PATCH, Api, ApiError, Json, Watch
from tests.cluster.podstatus import next_status

GPU = "nvidia.com/gpu"
GPU_TAINT: Json = {"key": GPU, "value": "present", "effect": "NoSchedule"}
ZONE = "topology.kubernetes.io/zone"

NODES = "/api/v1/nodes"
PODS = "/api/v1/pods"
RETRY_SECONDS = 0.5
JOIN_SECONDS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """What the nodes of one kind have in common."""

    labels: Mapping[str, str]
    taints: Sequence[Json] = ()
    gpus: int = 8


def _gpu_pool(kind: str, role: str) -> Pool:
    """Describe the nodes of one `gpu-type`."""
    taint: Json = {"key": "gpu-type", "value": kind, "effect": "NoSchedule"}
    return Pool(
        labels={"nvidia.com/gpu.present": "true", "gpu-type": kind, "node-role": role},
        taints=(GPU_TAINT, taint),
    )


POOLS: Mapping[str, Pool] = {
    "development": _gpu_pool("development", "gpu-dev"),
    "production": _gpu_pool("production", "gpu-prod"),
    "training": _gpu_pool("training", "gpu-training"),
    "worker": Pool(
        labels={"nvidia.com/gpu.present": "true", "node-role": "gpu-worker"}, taints=(GPU_TAINT,)
    ),
    "cpu-a": Pool(labels={"node-role": "cpu", ZONE: "zone-a"}, gpus=0),
    "cpu-b": Pool(labels={"node-role": "cpu", ZONE: "zone-b"}, gpus=0),
}
"""The node kinds of the documentation, and CPU nodes in two zones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """What a node offers, in Kubernetes' quantities; all of it may be allocated."""

    cpu: str = "64"
    memory: str = "256Gi"
    pods: str = "200"
    extended: Mapping[str, str] = field(default_factory=dict)

    def as_resources(self) -> dict[str, str]:
        """Give the ResourceList."""
        return {"cpu": self.cpu, "memory": self.memory, "pods": self.pods, **self.extended}


def create_node(
    api: Api,
    name: str,
    *,
    labels: Mapping[str, str] | None = None,
    taints: Sequence[Json] = (),
    capacity: Capacity | None = None,
) -> None:
    """Create a node that is Ready and has room."""
    own = {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", **(labels or {})}
    resources = (capacity or Capacity()).as_resources()
    status = {
        "capacity": resources,
        "allocatable": resources,
        "conditions": [{"type": "Ready", "status": "True", "reason": "Simulated"}],
    }
    api.request(
        "POST",
        NODES,
        {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": name, "labels": own},
            "spec": {"taints": list(taints)},
        },
    )
    patch: Json = {"status": status}
    api.request("PATCH", f"{NODES}/{name}/status", patch, STRATEGIC_MERGE_PATCH)


def create_pool(api: Api, pool: str, count: int = 1) -> list[str]:
    """Create nodes of one of POOLS and give their names, such as `training-1`."""
    names = [f"{pool}-{number}" for number in range(1, count + 1)]
    kind = POOLS[pool]
    capacity = Capacity(extended={GPU: str(kind.gpus)} if kind.gpus else {})
    for name in names:
        create_node(api, name, labels=kind.labels, taints=kind.taints, capacity=capacity)
    return names


def delete_node(api: Api, name: str) -> None:
    """Delete a node; its pods go with it some time later."""
    api.request("DELETE", f"{NODES}/{name}")


class PodRunner:
    """A thread that plays the kubelet of every node.

    A bound pod becomes Running and Ready (or Succeeded, see `podstatus`); a bound pod that is being
    deleted is gone at once. Without it rolling updates, StatefulSets and Jobs never end.
    """

    def __init__(self, api: Api) -> None:
        """Take an access that may write statuses; nothing runs before `start`."""
        self._api = api
        self._ending = threading.Event()
        self._watch: Watch | None = None
        self._thread = threading.Thread(target=self._run, name="pod-runner", daemon=True)

    def __enter__(self) -> Self:
        """Start it."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop it."""
        self.stop()

    def start(self) -> None:
        """Begin to look after pods."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread and wait for it."""
        self._ending.set()
        if self._watch:
            self._watch.cancel()
        self._thread.join(JOIN_SECONDS)

    def _run(self) -> None:
        """List and watch, again after every end or fault."""
        while not self._ending.is_set():
            try:
                self._follow()
            except (OSError, ApiError, HTTPException, ValueError):
                # The API server restarts, or `stop` closed the connection.
                self._ending.wait(RETRY_SECONDS)

    def _follow(self) -> None:
        """Bring every pod up to date, then each one that changes, until the watch ends."""
        listed = self._api.request("GET", PODS)
        for pod in listed["items"]:
            self._attend(pod)
        self._watch = self._api.watch(PODS, listed["metadata"]["resourceVersion"])
        if self._ending.is_set():
            self._watch.cancel()
        for event in self._watch.events():
            if event["type"] == "ERROR":
                return
            if event["type"] != "DELETED":
                self._attend(event["object"])

    def _attend(self, pod: Json) -> None:
        """Do for one pod what its kubelet would do now, if anything."""
        if not pod["spec"].get("nodeName"):
            return
        metadata = pod["metadata"]
        path = f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}"
        try:
            if "deletionTimestamp" in metadata:
                self._api.request("DELETE", path, _final_delete(metadata["uid"]))
            elif status := next_status(pod, _now()):
                body: Json = {"metadata": {"uid": metadata["uid"]}, "status": status}
                self._api.request("PATCH", f"{path}/status", body, STRATEGIC_MERGE_PATCH)
        except ApiError as error:
            if error.status not in {HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT}:
                raise


def _final_delete(uid: str) -> Json:
    """Give the options by which a kubelet lets go of a pod."""
    return {
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "gracePeriodSeconds": 0,
        "preconditions": {"uid": uid},
    }


def _now() -> str:
    """Give the time as Kubernetes writes it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
