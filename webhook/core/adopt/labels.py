"""What labels and taints of a node are worth for telling pools: tables, and questions to them.

Keys of providers: cloud.google.com (GKE), eks.amazonaws.com and alpha.eksctl.io (EKS),
kubernetes.azure.com (AKS), karpenter.sh, kops.k8s.io; `gpu-type` and `node-role` are people's own.
Of GKE's pools that it made by itself the ComputeClass is the name that stays.
"""

from collections.abc import Iterable, Iterator, Mapping

from webhook.core.cluster import Node, Taint
from webhook.core.names import GENERIC_LABELS, GPU_VENDOR_DOMAINS
from webhook.core.nodes import vendors_mark
from webhook.core.policy.catalogue import is_under
from webhook.core.policy.check_pools import is_other_business

Labels = Mapping[str, str]

OWN = ("gpu-type", "node-role")
"""What people call a kind of node."""

PROVIDERS = (
    "cloud.google.com/compute-class",
    "cloud.google.com/gke-nodepool",
    "eks.amazonaws.com/nodegroup",
    "alpha.eksctl.io/nodegroup-name",
    "kubernetes.azure.com/agentpool",
    "agentpool",
    "karpenter.sh/nodepool",
    "kops.k8s.io/instancegroup",
)
"""By which a provider names the group that it made a node for."""

PROMISED = (
    "cloud.google.com/gke-accelerator",
    "k8s.amazonaws.com/accelerator",
    "karpenter.k8s.aws/instance-gpu-name",
    "eks.amazonaws.com/instance-gpu-name",
)
"""Which GPU a node has, as an autoscaler knows it before the node exists."""

MODELS = (*PROMISED, "nvidia.com/gpu.product", "amd.com/gpu.product-name")
"""Which GPU a node has; discovery says so when the node is there."""

PARTS = (
    "cloud.google.com/gke-gpu-partition-size",
    "nvidia.com/mig.config",
    "nvidia.com/device-plugin.config",
)
"""How the GPUs of a node are cut or shared."""

ACCELERATORS = ("kubernetes.azure.com/accelerator", *PROMISED)
"""By which a provider says that a node has a GPU, before any device plug-in runs."""

STEADY = frozenset({*OWN, *PROVIDERS, *PROMISED})
"""What is there before a node is, and stays: what a pool declares of its nodes."""

_LAST = ("node.kubernetes.io/instance-type", "nvidia.com/gpu.present")
"""What tells pools where nothing better does."""

_INFRASTRUCTURE = (
    "kubernetes.io",
    "k8s.io",
    "cloud.google.com",
    "gke.io",
    "kubernetes.azure.com",
    "amazonaws.com",
    "eksctl.io",
    "k8s.aws",
    "karpenter.sh",
    "gpuclass.io",
    *sorted(GPU_VENDOR_DOMAINS),
)
"""Domains whose other labels say something about one node, or about every node."""

_PASSING = (
    "node.kubernetes.io",
    "node.cloudprovider.kubernetes.io",
    "node.cluster.x-k8s.io",
    "node.cilium.io",
    "startup-taint.cluster-autoscaler.kubernetes.io",
    "status-taint.cluster-autoscaler.kubernetes.io",
    "karpenter.sh",
    "ebs.csi.aws.com",
    "efs.csi.aws.com",
)
"""Domains whose taints come and go with a node's life."""

_PASSING_KEYS = frozenset(
    {"ToBeDeletedByClusterAutoscaler", "DeletionCandidateOfClusterAutoscaler"}
)


def sign(node: Node, offered: Iterable[str]) -> str:
    """Say by what a node is known to have GPUs: what it offers, a label, or a taint."""
    for name in offered:
        return f"offers {name}"
    mark = vendors_mark(node.labels) or next(_written(node.labels, ACCELERATORS), "")
    if mark:
        return f"carries the label {mark}"
    key = next((each.key for each in node.taints if is_vendors(each)), "")
    return f"has the taint {key}" if key else ""


def _written(labels: Labels, keys: Iterable[str]) -> Iterator[str]:
    return (f"{key}={labels[key]}" for key in keys if key in labels)


def lasting(taints: Iterable[Taint]) -> tuple[Taint, ...]:
    """Leave out the taints that come and go: cordons, not-ready, those of autoscalers."""
    return tuple(
        each
        for each in taints
        if each.key not in _PASSING_KEYS and not is_under(each.key, _PASSING)
    )


def is_vendors(taint: Taint) -> bool:
    """Tell whether a taint says GPU, as `nvidia.com/gpu` does."""
    return is_under(taint.key, GPU_VENDOR_DOMAINS)


def is_telling(taint: Taint) -> bool:
    """Tell whether a taint tells one kind of GPU node from another: not GPU as such, nor spot."""
    return not is_vendors(taint) and not is_other_business(taint.key)


def first(labels: Labels, keys: Iterable[str]) -> tuple[str, str] | None:
    """Give the first label of some keys that a node has."""
    return next(((key, labels[key]) for key in keys if labels.get(key)), None)


def usable(labels: Labels, taints: Iterable[Taint]) -> Labels:
    """Give the labels that a selector may be made of, the steadiest and most telling first."""
    tainted = {each.key: each.value for each in taints}
    twins = [key for key, value in tainted.items() if value and labels.get(key) == value]
    people = sorted(key for key in labels if _is_peoples(key))
    order = dict.fromkeys((*OWN, *PROVIDERS, *twins, *PROMISED, *people, *PARTS, *MODELS, *_LAST))
    return {key: labels[key] for key in order if key in labels}


def _is_peoples(key: str) -> bool:
    return key not in GENERIC_LABELS and not is_under(key, _INFRASTRUCTURE)
