"""A governed cluster as a user sees it: objects in, objects out, and what kubectl says."""

import json
import subprocess
import uuid
from dataclasses import dataclass

from tests.cluster.api import Api, Json
from tests.cluster.controlplane import ControlPlane
from tests.cluster.simulation import GPU, POOLS, ZONE, Capacity, create_node
from tests.cluster.waiting import eventually

GPU_POOLS = ("worker", "development", "production", "training")


@dataclass(frozen=True, slots=True, kw_only=True)
class Namespace:
    """One namespace of a governed control plane, and the commands of somebody who works there."""

    control_plane: ControlPlane
    name: str

    def kubectl(
        self, *arguments: str, text: str | None = None, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Run kubectl in the namespace."""
        return self.control_plane.kubectl(
            "--namespace", self.name, *arguments, input=text, check=check
        )

    def create(self, *manifests: Json, flags: tuple[str, ...] = ()) -> None:
        """Create objects with `kubectl create`."""
        self.kubectl("create", "--filename", "-", *flags, text=_stream(manifests))

    def apply(self, *manifests: Json, flags: tuple[str, ...] = ()) -> str:
        """Apply objects and give what kubectl says of each."""
        return self.kubectl("apply", "--filename", "-", *flags, text=_stream(manifests)).stdout

    def refused(self, *manifests: Json, command: str = "create") -> str:
        """Give the message by which objects are refused; they must be."""
        answer = self.kubectl(command, "--filename", "-", text=_stream(manifests), check=False)
        assert answer.returncode != 0, answer.stdout
        return answer.stderr

    def warnings(self, *manifests: Json, command: str = "create") -> list[str]:
        """Write objects and give the warnings that kubectl shows."""
        answer = self.kubectl(command, "--filename", "-", text=_stream(manifests))
        return [
            line.removeprefix("Warning: ")
            for line in answer.stderr.splitlines()
            if line.startswith("Warning: ")
        ]

    def get(self, kind: str, name: str) -> Json:
        """Give an object."""
        found: Json = json.loads(self.kubectl("get", kind, name, "--output", "json").stdout)
        return found

    def pods(self, selector: str = "") -> list[Json]:
        """Give the pods that are not being deleted, oldest first."""
        flags = ("--selector", selector) if selector else ()
        answer = self.kubectl("get", "pods", "--output", "json", *flags).stdout
        items: list[Json] = json.loads(answer)["items"]
        alive = [item for item in items if "deletionTimestamp" not in item["metadata"]]
        return sorted(alive, key=lambda item: item["metadata"]["creationTimestamp"])

    def bound(self, name: str) -> Json:
        """Give a pod once the scheduler has bound it."""
        return eventually(lambda: _if(self.get("pod", name), "nodeName"), f"pod {name} to be bound")

    def rolled(self, name: str) -> Json:
        """Give the one pod of a Deployment once its rollout is complete."""
        self.kubectl("rollout", "status", f"deployment/{name}", "--timeout=180s")
        return eventually(lambda: _single(self.pods(f"app={name}")), f"one pod of {name}")


def _if(found: Json, field: str) -> Json:
    return found if found["spec"].get(field) else {}


def _single(pods: list[Json]) -> Json:
    return pods[0] if len(pods) == 1 and pods[0]["spec"].get("nodeName") else {}


def _stream(manifests: tuple[Json, ...]) -> str:
    return "\n---\n".join(json.dumps(manifest) for manifest in manifests)


def fresh_name(prefix: str = "test") -> str:
    """Give a name that nothing has."""
    return f"{prefix}-{uuid.uuid4().hex[:10]}"


def create_in_zone(api: Api, pool: str, name: str, zone: str) -> None:
    """Create a node of a pool (`cpu-` and anything: one without GPUs) in a zone."""
    kind = POOLS.get(pool, POOLS["cpu-a"])
    capacity = Capacity(extended={GPU: str(kind.gpus)} if kind.gpus else {})
    labels = {**kind.labels, ZONE: f"zone-{zone}"}
    create_node(api, name, labels=labels, taints=kind.taints, capacity=capacity)
