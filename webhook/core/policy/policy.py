"""One policy, prepared: every look-up that a decision makes is by key.

It is compiled once from the documents and never changes; a new revision is a new policy. What a
review costs therefore does not grow with the number of classes and pools.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from enum import Enum
from itertools import islice
from typing import TypeVar

import msgspec

from webhook.core import cluster as observed
from webhook.core.cluster import Cluster, Node
from webhook.core.errors import PolicyError
from webhook.core.final_state import Remembered
from webhook.core.policy.check import check
from webhook.core.policy.choices import default_mode
from webhook.core.policy.documents import (
    NODE_RULE,
    RULE_NAMES,
    CpuPods,
    Document,
    GPUClass,
    GPUNodePool,
    GPUPolicy,
    Mode,
    PriorityClass,
    Taint,
)
from webhook.core.policy.listed import compiled
from webhook.core.policy.membership import Membership, declared_by, membership_of
from webhook.core.policy.plan import ClassPlan, Requirements, own_labels, plan, steering
from webhook.core.policy.reach import Reach
from webhook.core.policy.resources import GPUResources
from webhook.core.workload import Listed

T = TypeVar("T")

REVISION_LENGTH = 12
"""Hexadecimal digits of a revision: enough to tell documents apart, short in a stamp."""

_NODES_LOOKED_AT = 100
"""Nodes of pools that are looked at to name their pools: one is enough to decide."""

_WRITING = (Mode.ENFORCE, Mode.WARN)
"""Modes in which a rule may change an object."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exemptions:
    """Whose pods are neither changed nor refused."""

    namespaces: frozenset[str]
    users: frozenset[str]
    groups: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What decisions are made by.

    `modes` gives the mode of each rule, `writing` the rules that may change an object, `taints`
    by key the taints with the pools that have them, `labels` the pools whose nodes carry a label by
    key and value, `class_priorities` the classes by the PriorityClass that is theirs alone,
    `steering` the requirements that keep a pod off every pool, `workloads` the kinds listed beside
    those of Kubernetes, `declared` the pool of each node that a GPUNode declares, `membership` the
    pools of any node, `reach` those that are open to a pod.
    `cluster` is what the API server says besides, `documents` what a document
    that is written is judged beside, `former` the policies that were in force a moment ago, newest
    first; none of them is part of the revision. `remembered` is what this very policy, no other,
    has made of pods lately.
    """

    revision: str
    mode: Mode
    modes: Mapping[str, Mode]
    writing: frozenset[str]
    classes: Mapping[str, ClassPlan]
    default_class: str | None
    resources: GPUResources
    cpu_pods: CpuPods
    exempt: Exemptions
    schedulers: frozenset[str]
    workloads: Listed
    pools: tuple[GPUNodePool, ...]
    declared: Mapping[str, str]
    taints: Mapping[str, Mapping[Taint, tuple[GPUNodePool, ...]]]
    labels: Mapping[str, Mapping[str, tuple[GPUNodePool, ...]]]
    steering: Requirements
    priority_classes: Mapping[str, PriorityClass]
    global_default: str | None
    class_priorities: Mapping[str, tuple[str, ...]]
    membership: Membership = field(compare=False, repr=False)
    reach: Reach = field(compare=False, repr=False)
    cluster: Cluster = observed.UNKNOWN
    documents: tuple[Document, ...] = field(default=(), compare=False, repr=False)
    former: tuple["Policy", ...] = field(default=(), compare=False, repr=False)
    remembered: Remembered = field(
        init=False, default_factory=Remembered, compare=False, repr=False
    )

    def knowing(self, cluster: Cluster) -> "Policy":
        """Give the same policy with what the API server says now."""
        return replace(self, cluster=cluster)

    def beside(self, documents: Iterable[Document]) -> "Policy":
        """Give the same policy with the documents that there are now, sound together or not."""
        return replace(self, documents=tuple(documents))

    def after(self, former: Iterable["Policy"]) -> "Policy":
        """Give the same policy with those that were in force before it."""
        return replace(self, former=tuple(former))

    def pools_of_node(self, name: str) -> tuple[GPUNodePool, ...]:
        """Give the pool of a node, by its name alone where the node is not known."""
        return self.membership.of(name, self.cluster.nodes.get(name))

    def pools_of_nodes(self, is_meant: Callable[[str, Node], bool]) -> tuple[GPUNodePool, ...]:
        """Give the pools of the known nodes that are meant; of very many the first suffice."""
        meant = (name for name, node in self.cluster.nodes.items() if is_meant(name, node))
        members = (pools for name in meant if (pools := self.pools_of_node(name)))
        found = (pool for pools in islice(members, _NODES_LOOKED_AT) for pool in pools)
        return tuple(dict.fromkeys(found))

    @property
    def is_enforcing(self) -> bool:
        """Tell whether any rule refuses pods; where none does, an outage may not either."""
        return any(mode is Mode.ENFORCE for name, mode in self.modes.items() if name != NODE_RULE)


def compile_policy(documents: Sequence[Document]) -> Policy:
    """Prepare a policy from documents; raise PolicyError with every fault that forbids it."""
    errors = tuple(fault for fault in check(documents) if fault.severity == "error")
    if errors:
        raise PolicyError(errors)
    settings = _of(documents, GPUPolicy)[0]
    pools = {pool.name: pool for pool in _of(documents, GPUNodePool)}
    priorities = {each.name: each for each in _of(documents, PriorityClass)}
    classes = {each.name: plan(each, pools, priorities) for each in _of(documents, GPUClass)}
    global_default = next((each.name for each in priorities.values() if each.global_default), None)
    exempt = settings.exempt
    modes = {
        name: settings.rules.get(name, default_mode(name, settings.mode)) for name in RULE_NAMES
    }
    return Policy(
        revision=revision(documents),
        mode=settings.mode,
        modes=modes,
        writing=frozenset(name for name, mode in modes.items() if mode in _WRITING),
        classes=dict(sorted(classes.items())),
        default_class=settings.default_class,
        resources=GPUResources(settings.gpu_resources, settings.device_classes),
        cpu_pods=settings.cpu_pods,
        exempt=Exemptions(
            namespaces=frozenset(exempt.namespaces),
            users=frozenset(exempt.users),
            groups=frozenset(exempt.groups),
        ),
        schedulers=frozenset(settings.schedulers),
        workloads=compiled(settings.workloads),
        pools=tuple(pools.values()),
        declared=declared_by(documents),
        taints=_taints(pools.values()),
        labels=_labels(pools.values()),
        steering=steering(pools.values()),
        priority_classes=priorities,
        global_default=global_default,
        class_priorities=_class_priorities(classes.values(), global_default),
        membership=membership_of(documents),
        reach=Reach(pools.values()),
        documents=tuple(documents),
    )


def _of(documents: Iterable[Document], kind: type[T]) -> tuple[T, ...]:
    return tuple(document for document in documents if isinstance(document, kind))


def _taints(pools: Iterable[GPUNodePool]) -> dict[str, dict[Taint, tuple[GPUNodePool, ...]]]:
    """Index the taints that say `GPU` by key; those that are the pod's own business are not."""
    found: dict[str, dict[Taint, tuple[GPUNodePool, ...]]] = {}
    for pool in pools:
        for taint in pool.taints:
            if taint.tolerate:
                having = found.setdefault(taint.key, {})
                having[taint] = (*having.get(taint, ()), pool)
    return found


def _labels(pools: Iterable[GPUNodePool]) -> dict[str, dict[str, tuple[GPUNodePool, ...]]]:
    """Index the labels that say `GPU`, which an architecture or a zone does not."""
    found: dict[str, dict[str, tuple[GPUNodePool, ...]]] = {}
    for pool in pools:
        for key, value in own_labels(pool).items():
            values = found.setdefault(key, {})
            values[value] = (*values.get(value, ()), pool)
    return found


def _class_priorities(
    classes: Iterable[ClassPlan], global_default: str | None
) -> dict[str, tuple[str, ...]]:
    """Index the classes by their PriorityClass; one that is every pod's is nobody's own."""
    found: dict[str, tuple[str, ...]] = {}
    for each in classes:
        if each.priority and each.priority.name != global_default:
            name = each.priority.name
            found[name] = (*found.get(name, ()), each.name)
    return found


def revision(documents: Iterable[Document]) -> str:
    """Give a short digest of what the documents say: not of their order, files or comments.

    Of PriorityClasses only those count that a class names or that are the global default: a cluster
    has others.
    """
    given = tuple(documents)
    named = {name for each in _of(given, GPUClass) for name in _priority_names(each)}
    texts = sorted(
        msgspec.json.encode([type(document).__name__, _plain(document)], order="sorted")
        for document in given
        if not isinstance(document, PriorityClass)
        or document.name in named
        or document.global_default
    )
    return hashlib.sha256(b"\n".join(texts)).hexdigest()[:REVISION_LENGTH]


def _priority_names(document: GPUClass) -> tuple[str | None, ...]:
    return document.priority_class_name, *document.allowed_priority_class_names


def _plain(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value):
        return {
            each.name: _plain(getattr(value, each.name)) for each in fields(value) if each.compare
        }
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, tuple) else value
