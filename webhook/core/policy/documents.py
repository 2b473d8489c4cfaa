"""The documents that policies consist of, as values: pools, nodes, classes, the policy, priorities.

This module is the schema: field names, types, defaults and limits stand here and nowhere else.
In YAML and in the API names are camelCase; `metadata.labels` and `.annotations` are accepted and
not kept. What documents say of one another is the business of `check`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from webhook.core.names import API_GROUP, API_VERSION
from webhook.core.policy.choices import (
    NODE_RULE,
    RULE_NAMES,
    BlanketToleration,
    CpuTarget,
    Effect,
    Mode,
    Placement,
    PreemptionPolicy,
)
from webhook.core.policy.listed import PodTemplates, Workload
from webhook.core.policy.schema import about
from webhook.core.policy.syntax import (
    CLUSTER,
    DNS_LABEL,
    DNS_SUBDOMAIN,
    LABEL_VALUE,
    NAMESPACE_GLOB,
    NODE_GLOB,
    QUALIFIED_NAME,
    RESOURCE_GLOB,
    SUBJECT,
)

__all__ = [
    "KINDS",
    "NODE_RULE",
    "RULE_NAMES",
    "BlanketToleration",
    "Claims",
    "CpuPods",
    "CpuTarget",
    "Document",
    "Effect",
    "Exempt",
    "GPUClass",
    "GPUNode",
    "GPUNodePool",
    "GPUPolicy",
    "Mode",
    "Placement",
    "PodTemplates",
    "PoolReference",
    "PreemptionPolicy",
    "PriorityClass",
    "Taint",
    "Workload",
]

MAX_NAMES = 256
"""Entries of a list in which each namespace, user or node may stand by its own name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What every document has. Where it was read is not part of what it says.

    `lines` gives the line of a field path (`spec.pools[1].weight`); it is empty for objects of
    the API server.
    """

    API_VERSION: ClassVar[str] = f"{API_GROUP}/{API_VERSION}"
    FIELDS_AT: ClassVar[str] = "spec"

    name: str = field(metadata=about("its name, unique among its kind", syntax=DNS_LABEL))
    source: str = field(default="", compare=False)
    line: int = field(default=0, compare=False)
    lines: Mapping[str, int] = field(default_factory=dict, compare=False, repr=False)

    def line_of(self, path: str) -> int:
        """Give the line of a field, of what holds it where it is absent, else of the document."""
        while path:
            if path in self.lines:
                return self.lines[path]
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return self.line


@dataclass(frozen=True, slots=True, kw_only=True)
class Taint:
    """core/v1 Taint, and whether the pods of a class are let past it."""

    key: str = field(metadata=about("the taint's key", syntax=QUALIFIED_NAME))
    value: str = field(default="", metadata=about("the taint's value", syntax=LABEL_VALUE))
    effect: Effect = field(metadata=about("what the taint does to pods that do not tolerate it"))
    tolerate: bool = field(
        default=True,
        metadata=about(
            "whether pods of a class with this pool tolerate it; false for a taint that is the"
            " pod's own business (Arm, spot, maintenance)"
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """Which nodes a pool calls its own: the controller labels and taints them."""

    names: tuple[str, ...] = field(
        default=(),
        metadata=about("globs of node names", syntax=NODE_GLOB, unique=True, max_items=MAX_NAMES),
    )
    match_labels: Mapping[str, str] = field(
        default_factory=dict,
        hash=False,
        metadata=about(
            "labels of a cloud or of discovery that mark its nodes",
            key_syntax=QUALIFIED_NAME,
            syntax=LABEL_VALUE,
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class GPUNodePool(Document):
    """A kind of GPU node."""

    selector: Mapping[str, str] = field(
        hash=False,
        metadata=about(
            "the labels that identify its nodes; injected affinity requires these",
            key_syntax=QUALIFIED_NAME,
            syntax=LABEL_VALUE,
            min_items=1,
        ),
    )
    labels: Mapping[str, str] = field(
        default_factory=dict,
        hash=False,
        metadata=about(
            "further labels that its nodes carry", key_syntax=QUALIFIED_NAME, syntax=LABEL_VALUE
        ),
    )
    taints: tuple[Taint, ...] = field(
        default=(), metadata=about("the taints of its nodes", unique_by=("key", "effect"))
    )
    resources: tuple[str, ...] = field(
        default=(),
        metadata=about(
            "the resource names that its nodes offer", syntax=RESOURCE_GLOB, unique=True
        ),
    )
    claims: Claims = field(
        default_factory=Claims, metadata=about("which nodes are its own, declared in Git")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class GPUNode(Document):
    """One node, declared in Git: the node of its name is of its pool, now or when it joins."""

    name: str = field(metadata=about("the node's name", syntax=DNS_SUBDOMAIN))
    pool: str = field(metadata=about("the GPUNodePool that the node is of", syntax=DNS_LABEL))


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolReference:
    """A pool of a class."""

    name: str = field(metadata=about("the GPUNodePool's name", syntax=DNS_LABEL))
    weight: int = field(
        default=100,
        metadata=about("how much the pool is preferred to others", minimum=1, maximum=100),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class GPUClass(Document):
    """What a workload asks for: `gpu-class: training`."""

    pools: tuple[PoolReference, ...] = field(
        metadata=about("the pools that its pods run on", min_items=1, unique_by=("name",))
    )
    placement: Placement = field(
        default=Placement.REQUIRED,
        metadata=about(
            "Required: only these pools; Preferred: these by weight, else any GPU node whose"
            " taints its pods tolerate"
        ),
    )
    priority_class_name: str | None = field(
        default=None,
        metadata=about("the PriorityClass that its pods get", syntax=DNS_SUBDOMAIN),
    )
    allowed_priority_class_names: tuple[str, ...] = field(
        default=(),
        metadata=about(
            "others that a workload may choose itself", syntax=DNS_SUBDOMAIN, unique=True
        ),
    )
    allowed_namespaces: tuple[str, ...] = field(
        default=("*",),
        metadata=about(
            "globs of namespaces that may ask for it",
            syntax=NAMESPACE_GLOB,
            unique=True,
            max_items=MAX_NAMES,
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CpuPods:
    """What becomes of pods that ask for no GPU."""

    on_target: CpuTarget = field(
        default=CpuTarget.DENY, metadata=about("when they aim at GPU nodes")
    )
    on_blanket_toleration: BlanketToleration = field(
        default=BlanketToleration.STEER,
        metadata=about("when only a toleration without a key lets them onto GPU nodes"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Exempt:
    """Whose pods are left alone: exact names, since the API server compares them too."""

    namespaces: tuple[str, ...] = field(
        default=(),
        metadata=about("names of namespaces", syntax=DNS_LABEL, unique=True, max_items=MAX_NAMES),
    )
    users: tuple[str, ...] = field(
        default=(),
        metadata=about("names of users", syntax=SUBJECT, unique=True, max_items=MAX_NAMES),
    )
    groups: tuple[str, ...] = field(
        default=(),
        metadata=about("names of groups", syntax=SUBJECT, unique=True, max_items=MAX_NAMES),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class GPUPolicy(Document):
    """What holds for the whole cluster; there is one, named `cluster`."""

    name: str = field(metadata=about("its name, always cluster", syntax=CLUSTER))
    mode: Mode = field(
        default=Mode.ENFORCE, metadata=about("how far it goes, for injection and refusal alike")
    )
    default_class: str | None = field(
        default=None,
        metadata=about("the class of a GPU pod that names none", syntax=DNS_LABEL),
    )
    gpu_resources: tuple[str, ...] = field(
        default=("nvidia.com/gpu", "nvidia.com/gpu.shared", "nvidia.com/mig-*"),
        metadata=about(
            "globs of resource names that make a pod a GPU pod", syntax=RESOURCE_GLOB, unique=True
        ),
    )
    device_classes: tuple[str, ...] = field(
        default=("gpu.nvidia.com", "mig.nvidia.com"),
        metadata=about(
            "DeviceClasses whose claims make a pod a GPU pod", syntax=DNS_SUBDOMAIN, unique=True
        ),
    )
    cpu_pods: CpuPods = field(
        default_factory=CpuPods, metadata=about("what becomes of pods that ask for no GPU")
    )
    rules: Mapping[str, Mode] = field(
        default_factory=dict,
        hash=False,
        metadata=about(
            "a rule's own mode; offer, priority-borrowed, requests and runtime only warn without"
            " one",
            keys=RULE_NAMES,
        ),
    )
    schedulers: tuple[str, ...] = field(
        default=("system:kube-scheduler",),
        metadata=about(
            "users that may bind pods to GPU nodes", syntax=SUBJECT, unique=True, min_items=1
        ),
    )
    exempt: Exempt = field(default_factory=Exempt, metadata=about("whose pods are left alone"))
    workloads: tuple[Workload, ...] = field(
        default=(),
        metadata=about(
            "kinds beside those of Kubernetes that make pods", unique_by=("group", "kind")
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PriorityClass(Document):
    """scheduling.k8s.io/v1 PriorityClass, whose fields lie at the top."""

    API_VERSION: ClassVar[str] = "scheduling.k8s.io/v1"
    FIELDS_AT: ClassVar[str] = ""

    name: str = field(metadata=about("its name, unique among its kind", syntax=DNS_SUBDOMAIN))
    value: int = field(
        metadata=about("the priority", minimum=-2_147_483_648, maximum=1_000_000_000)
    )
    global_default: bool = field(
        default=False, metadata=about("whether pods that name no class get this one")
    )
    preemption_policy: PreemptionPolicy = field(
        default=PreemptionPolicy.PREEMPT_LOWER_PRIORITY,
        metadata=about("whether its pods may evict others"),
    )
    description: str = field(default="", compare=False, metadata=about("for people"))


KINDS: Mapping[str, type[Document]] = {
    kind.__name__: kind for kind in (GPUClass, GPUNode, GPUNodePool, GPUPolicy, PriorityClass)
}
"""Every kind that a folder of policies may hold."""
