"""A small cluster for audits: nodes, pods and DaemonSets as the API server has them."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from tests.core.given import Json, admitted, shipped
from webhook.core.audit import audit
from webhook.core.audit.finding import Finding
from webhook.core.audit.inventory import Inventory, read_daemon_set, read_pod
from webhook.core.cluster import Cluster, NamespacedName
from webhook.core.node_filter import Candidate, read_candidate
from webhook.core.policy.policy import Policy

NOW = datetime(2027, 1, 1, 12, tzinfo=UTC)
GPU = "nvidia.com/gpu"
PRESENT = {"key": GPU, "value": "present", "effect": "NoSchedule"}
LABELS: Mapping[str, Mapping[str, str]] = {
    "worker": {"node-role": "gpu-worker"},
    "training": {"node-role": "gpu-training", "gpu-type": "training"},
    "development": {"node-role": "gpu-dev", "gpu-type": "development"},
    "production": {"node-role": "gpu-prod", "gpu-type": "production"},
}


def taints(pool: str) -> list[Json]:
    """Give the taints of a shipped pool."""
    own = {"key": "gpu-type", "value": pool, "effect": "NoSchedule"}
    return [PRESENT] if pool == "worker" else [PRESENT, own]


def labels(pool: str) -> Json:
    """Give the labels of a shipped pool."""
    return {"nvidia.com/gpu.present": "true", **LABELS[pool]}


def node(name: str, **fields: Any) -> Candidate:  # noqa: ANN401 - any JSON
    """Give a node: `labels`, `taints`, `gpus` (None: it has no status)."""
    gpus = fields.get("gpus", 8)
    status = {} if gpus is None else {"allocatable": {GPU: str(gpus), "cpu": "4"}}
    spec = {"taints": fields.get("taints", [])}
    metadata = {"name": name, "labels": fields.get("labels", {})}
    return read_candidate({"metadata": metadata, "spec": spec, "status": status})


def of_pool(pool: str, name: str = "", **fields: Any) -> Candidate:  # noqa: ANN401 - any JSON
    """Give a sound node of a shipped pool."""
    return node(name or f"{pool}-1", **{"labels": labels(pool), "taints": taints(pool), **fields})


DOUBT = ". Who created it is not stored: if it was gpuclass:node-debuggers, it is exempt"
"""What is said where the policy has exempt users or groups, as the shipped one has."""

NODES: tuple[Candidate, ...] = (*map(of_pool, LABELS), node("cpu-1", gpus=0))
"""A node of each pool, and one of none."""


def bound(pod: Json, where: str, **metadata: object) -> Json:
    """Give a pod as it runs on a node."""
    own = {"creationTimestamp": "2027-01-01T00:00:00Z", **pod["metadata"], **metadata}
    spec = {**pod["spec"], "nodeName": where}
    return {**pod, "metadata": own, "spec": spec, "status": {"phase": "Running"}}


def placed(pod: Json, where: str, by: Policy | None = None, **metadata: object) -> Json:
    """Give a pod as the webhook let it in, on a node."""
    return bound(admitted(pod, by), where, **metadata)


def audited(
    *pods: Json,
    nodes: Iterable[Candidate] = NODES,
    daemon_sets: Iterable[Json] | None = (),
    namespaces: Mapping[str, Mapping[str, str]] | None = None,
    by: Policy | None = None,
) -> list[Finding]:
    """Audit a cluster, by the shipped policy."""
    inventory = Inventory(
        nodes=tuple(nodes),
        pods=map(read_pod, pods),
        daemon_sets=None
        if daemon_sets is None
        else {_key(e): read_daemon_set(e) for e in daemon_sets},
        cluster=Cluster(namespaces=namespaces or {}),
    )
    return sorted(audit.find(inventory, by or shipped(), NOW), key=lambda each: each.rank)


def _key(value: Json) -> NamespacedName:
    return value["metadata"]["namespace"], value["metadata"]["name"]


def lines(found: Iterable[Finding]) -> list[tuple[str, str, str]]:
    """Give name, object and message of findings."""
    return [(each.name, each.object, each.message) for each in found]


def daemon_set(name: str = "agent", namespace: str = "monitoring", **spec: object) -> Json:
    """Give a DaemonSet; `spec` are further fields of its pods' spec."""
    template: Json = {
        "metadata": {"labels": {"app": name}},
        "spec": {"containers": [{"name": "c"}]},
    }
    template["spec"] |= spec
    metadata = {"name": name, "namespace": namespace, "uid": f"uid-{name}"}
    return {"metadata": metadata, "spec": {"template": template}}


def controlled(kind: str, name: str, uid: str = "") -> list[Json]:
    """Give the ownerReferences of a pod that has a controller."""
    own = {"apiVersion": "apps/v1", "kind": kind, "name": name, "uid": uid or f"uid-{name}"}
    return [{**own, "controller": True}]
