"""Nodes as their kubelets make them: with a node's own credential, judged by NodeRestriction."""

from collections.abc import Mapping, Sequence

from tests.cluster.api import STRATEGIC_MERGE_PATCH, Json
from tests.cluster.controlplane import ControlPlane
from tests.cluster.simulation import GPU, NODES, Capacity

GROUPS = ("system:nodes", "system:authenticated")


def join(
    plane: ControlPlane,
    name: str,
    *,
    labels: Mapping[str, str] | None = None,
    taints: Sequence[Json] = (),
    gpus: int = 0,
) -> Json:
    """Register a node as its kubelet, then report it Ready; give it as it was registered."""
    kubelet = plane.api_for(f"system:node:{name}", GROUPS)
    own = {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", **(labels or {})}
    body = {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": own},
        "spec": {"taints": list(taints)},
    }
    registered = kubelet.request("POST", NODES, body)
    resources = Capacity(extended={GPU: str(gpus)} if gpus else {}).as_resources()
    status = {
        "capacity": resources,
        "allocatable": resources,
        "conditions": [{"type": "Ready", "status": "True", "reason": "Simulated"}],
    }
    kubelet.request("PATCH", f"{NODES}/{name}/status", {"status": status}, STRATEGIC_MERGE_PATCH)
    return registered


def taints_of(node: Json) -> set[str]:
    """Give the taints of a node as kubectl writes them."""
    found = node["spec"].get("taints", [])
    return {f"{each['key']}={each.get('value', '')}:{each['effect']}" for each in found}
