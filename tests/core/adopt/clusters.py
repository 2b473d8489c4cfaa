"""Clusters before gpuclass: nodes as providers, NVIDIA's tools and people label and taint them.

Labels are those of each provider's documentation; what differs from node to node is there too
(names, zones, discovery's timestamps), since it must not count.
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]

PRESENT = {"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"}
SPOT = {"key": "kubernetes.azure.com/scalesetpriority", "value": "spot", "effect": "NoSchedule"}
NOT_READY = {"key": "node.kubernetes.io/not-ready", "effect": "NoExecute"}


def taint(key: str, value: str = "", effect: str = "NoSchedule") -> Json:
    return {"key": key, "effect": effect, **({"value": value} if value else {})}


def node(
    name: str,
    labels: Mapping[str, str] | None = None,
    taints: Sequence[Json] = (),
    offers: Mapping[str, str] | None = None,
) -> Json:
    """Give a Node as the API server has it, with the labels that every kubelet sets."""
    own = {
        "beta.kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
    }
    resources = {"cpu": "16", "memory": "64Gi", "pods": "110", **(offers or {})}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": {**own, **(labels or {})}},
        "spec": {"taints": list(taints)} if taints else {},
        "status": {"capacity": resources, "allocatable": resources},
    }


def discovered(product: str, count: int = 1, seen: int = 0) -> dict[str, str]:
    """Give what NVIDIA's GPU feature discovery writes on a node."""
    return {
        "nvidia.com/gpu.present": "true",
        "nvidia.com/gpu.product": product,
        "nvidia.com/gpu.count": str(count),
        "nvidia.com/gpu.memory": "81559",
        "nvidia.com/gfd.timestamp": str(1764000000 + seen),
        "nvidia.com/mig.capable": "false",
    }


def gpus(count: int, name: str = "nvidia.com/gpu") -> dict[str, str]:
    return {name: str(count)}


def gke() -> list[Json]:
    """Google Kubernetes Engine: it labels the accelerator and taints GPU node pools itself."""

    def of(pool: str, number: int, machine: str, **more: str) -> dict[str, str]:
        return {
            "cloud.google.com/gke-nodepool": pool,
            "cloud.google.com/machine-family": machine.partition("-")[0],
            "node.kubernetes.io/instance-type": machine,
            "topology.gke.io/zone": f"europe-west4-{'abc'[number % 3]}",
            "topology.kubernetes.io/zone": f"europe-west4-{'abc'[number % 3]}",
            **more,
        }

    h100 = {"cloud.google.com/gke-accelerator": "nvidia-h100-80gb"}
    l4 = {"cloud.google.com/gke-accelerator": "nvidia-l4", "cloud.google.com/gke-spot": "true"}
    return [
        node("gke-default-1", of("default-pool", 1, "e2-standard-8")),
        node("gke-default-2", of("default-pool", 2, "e2-standard-8")),
        *(
            node(f"gke-h100-{n}", of("h100", n, "a3-highgpu-8g") | h100, [PRESENT], gpus(8))
            for n in (1, 2)
        ),
        *(
            node(f"gke-l4-{n}", of("l4-spot", n, "g2-standard-12") | l4, [PRESENT], gpus(1))
            for n in (1, 2, 3)
        ),
    ]


def eks() -> list[Json]:
    """Amazon EKS, managed node groups: labels, no taints; one group has two instance types."""

    def of(group: str, machine: str) -> dict[str, str]:
        return {
            "eks.amazonaws.com/nodegroup": group,
            "eks.amazonaws.com/capacityType": "ON_DEMAND",
            "eks.amazonaws.com/nodegroup-image": "ami-0123",
            "node.kubernetes.io/instance-type": machine,
        }

    a10g, h100 = discovered("NVIDIA-A10G", 1), discovered("NVIDIA-H100-80GB-HBM3", 8, 7)
    team = [PRESENT, taint("team", "vision")]
    return [
        node("ip-10-0-0-1.ec2.internal", of("apps", "m6i.2xlarge")),
        node("ip-10-0-0-2.ec2.internal", of("gpus", "g5.xlarge") | a10g, offers=gpus(1)),
        node("ip-10-0-0-3.ec2.internal", of("gpus", "p5.48xlarge") | h100, offers=gpus(8)),
        node("ip-10-0-0-4.ec2.internal", of("vision", "g5.xlarge") | a10g, team, gpus(1)),
    ]


def aks() -> list[Json]:
    """Azure Kubernetes Service: agent pools; spot pools are tainted by it, `sku=gpu` by people."""

    def of(pool: str, **more: str) -> dict[str, str]:
        return {"kubernetes.azure.com/agentpool": pool, "agentpool": pool, **more}

    nvidia = {"kubernetes.azure.com/accelerator": "nvidia"}
    spot = {"kubernetes.azure.com/scalesetpriority": "spot"}
    sku = taint("sku", "gpu")
    return [
        node("aks-system-0", of("system"), [taint("CriticalAddonsOnly", "true")]),
        node("aks-apps-0", of("apps")),
        node("aks-a100-0", of("a100") | nvidia, [sku], gpus(1)),
        node("aks-a100-1", of("a100") | nvidia, [sku, NOT_READY]),
        node("aks-a100spot-0", of("a100spot") | nvidia | spot, [sku, SPOT], gpus(1)),
    ]


def karpenter() -> list[Json]:
    """Karpenter: one NodePool may bring CPU nodes and several kinds of GPU."""

    def of(pool: str, **more: str) -> dict[str, str]:
        return {"karpenter.sh/nodepool": pool, "karpenter.sh/capacity-type": "spot", **more}

    def gpu(name: str) -> dict[str, str]:
        return {
            "karpenter.k8s.aws/instance-gpu-name": name,
            "karpenter.k8s.aws/instance-gpu-count": "1",
            "karpenter.k8s.aws/instance-gpu-manufacturer": "nvidia",
        }

    disrupted = taint("karpenter.sh/disrupted")
    return [
        node("karp-1", of("default")),
        node("karp-2", of("default") | gpu("t4") | discovered("Tesla-T4"), [PRESENT], gpus(1)),
        node("karp-3", of("default") | gpu("a10g"), [PRESENT, disrupted], gpus(1)),
        node("karp-4", of("large") | gpu("a10g"), [PRESENT], gpus(1)),
    ]


def guide() -> list[Json]:
    """A kind cluster with GPU nodes as the guide labels and taints them."""

    def of(kind: str, role: str) -> Json:
        labels = {"nvidia.com/gpu.present": "true", "gpu-type": kind, "node-role": role}
        return node(f"{role}-1", labels, [taint("gpu-type", kind)], gpus(8))

    worker = {"nvidia.com/gpu.present": "true", "node-role": "gpu-worker"}
    return [
        node("kind-control-plane", taints=[taint("node-role.kubernetes.io/control-plane")]),
        node("kind-worker"),
        node("gpu-worker-1", worker, [PRESENT], gpus(1)),
        of("development", "gpu-dev"),
        of("production", "gpu-prod"),
        of("training", "gpu-training"),
    ]


def kind() -> list[Json]:
    """A kind cluster whose one GPU node was labelled and tainted by hand, no plug-in running."""
    return [
        node("kind-control-plane", taints=[taint("node-role.kubernetes.io/control-plane")]),
        node("kind-worker"),
        node("kind-worker2", {"nvidia.com/gpu.present": "true"}, [PRESENT]),
    ]


CLUSTERS = {each.__name__: each for each in (gke, eks, aks, karpenter, guide, kind)}
