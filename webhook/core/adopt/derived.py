"""Documents as they are written, each with what it was derived from and what to look at.

Values are objects of the API; comments are lines of text without the mark of a comment.
"""

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from webhook.core.adopt.groups import Group
from webhook.core.adopt.labels import STEADY, Labels
from webhook.core.cluster import Taint
from webhook.core.names import POLICY_NAME
from webhook.core.node_filter import Candidate
from webhook.core.nodes import HARD_EFFECTS
from webhook.core.policy.catalogue import is_discovered
from webhook.core.policy.check_pools import is_other_business
from webhook.core.policy.documents import Document, GPUPolicy
from webhook.core.policy.globs import is_match
from webhook.core.policy.schema import tidy

Object: TypeAlias = dict[str, object]

SHOWN = 5
"""Names that a comment has before it only counts them."""

_WIDTH = 90
_GUARDED = frozenset({"GPUNodePool", "GPUPolicy"})
"""Kinds that Argo CD does not delete because a file was lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived:
    """A document and its comment."""

    value: Object
    comment: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A pool: its nodes, its name, which is that of its class too, and what a selector is made of.

    `is_declared`: GPUNodes name its nodes, since no label tells them. `resources` are the GPUs that
    they offer, `priorities` the PriorityClasses of GPU pods there, with how many have it.
    """

    group: Group
    name: str
    selector: Labels
    is_declared: bool
    resources: tuple[str, ...]
    priorities: Mapping[str, int]

    @property
    def has_hard_taint(self) -> bool:
        """Tell whether a taint keeps pods off that do not tolerate it."""
        return any(
            each.effect in HARD_EFFECTS and not is_other_business(each.key)
            for each in self.group.taints
        )

    @property
    def priority(self) -> str:
        """Give the PriorityClass that every GPU pod there has, if there is one."""
        return next(iter(self.priorities)) if len(self.priorities) == 1 else ""


def shown(names: Sequence[str]) -> str:
    """Name the first few of many."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"{', '.join(names[:SHOWN])}{more}"


def pool_document(found: Found) -> Derived:
    """Give the GPUNodePool."""
    spec: Object = {"selector": dict(found.selector)}
    common = found.group.common.items()
    further = {k: v for k, v in common if k in STEADY and k not in found.selector}
    if further:
        spec["labels"] = further
    if found.group.taints:
        spec["taints"] = [_taint(each) for each in found.group.taints]
    if found.resources:
        spec["resources"] = list(found.resources)
    return Derived(
        value=_document("GPUNodePool", found.name, spec), comment=_lines(_why_pool(found))
    )


def _taint(taint: Taint) -> Object:
    value: Object = {"key": taint.key}
    if taint.value:
        value["value"] = taint.value
    value["effect"] = taint.effect
    return value | ({"tolerate": False} if is_other_business(taint.key) else {})


def _why_pool(found: Found) -> Iterable[str]:
    nodes = [each.name for each in found.group.nodes]
    yield f"Adopted from {len(nodes)} node{'s' if len(nodes) > 1 else ''}: {shown(nodes)}."
    if found.is_declared:
        yield "No label tells them from all others: GPUNodes name them, and the label is a new one."
    else:
        yield f"No other node has {' and '.join(found.selector)} as they have."
    if all(map(is_discovered, found.selector)):
        yield (
            "Look at: discovery writes that label, so an autoscaler at zero nodes does not know it,"
            " and it goes while discovery restarts; a label of your own, such as gpu-type, stays."
        )
    yield f"They offer {_offers(found)}."
    if not found.has_hard_taint:
        yield "Look at: no taint keeps CPU pods off them."
    if any(is_other_business(each.key) for each in found.group.taints):
        yield (
            "Taints with tolerate: false are the pod's own business, as before: what may run there"
            " brings the toleration itself."
        )


def _offers(found: Found) -> str:
    offers = found.group.offers
    if not found.resources:
        return "no GPU at the moment: see that the device plug-in runs there"
    parts = [f"{' or '.join(map(str, offers[each]))} {each} each" for each in found.resources]
    return ", ".join(parts)


def node_document(node: Candidate, found: Found) -> Derived:
    """Give the GPUNode of a node."""
    spec: Object = {"pool": found.name}
    return Derived(value=_document("GPUNode", node.name, spec), comment=())


def pool_class(found: Found) -> Derived:
    """Give the class of one pool."""
    spec: Object = {"pools": [{"name": found.name}], "placement": "Required"}
    if found.priority:
        spec["priorityClassName"] = found.priority
    comment = [f"For the nodes of pool {found.name} alone.", *_why_priority(found)]
    return Derived(value=_document("GPUClass", found.name, spec), comment=_lines(comment))


def _why_priority(found: Found) -> Iterable[str]:
    if found.priority:
        yield f"Every GPU pod there has the priority {found.priority} today."
    elif any(found.priorities):
        used = [f"{name or 'none'} ({count})" for name, count in sorted(found.priorities.items())]
        yield (f"Look at: GPU pods there have different priorities today: {', '.join(used)}.")
        yield "Without a priorityClassName each keeps its own."
    else:
        yield "Without a priorityClassName pods keep their own priority."


def general_class(name: str, found: Iterable[Found]) -> Derived:
    """Give the class over several pools that pods without a class get."""
    spec: Object = {"pools": [{"name": each.name} for each in found], "placement": "Required"}
    comment = (
        "For GPU pods that name no class: the pools that have no taints but those which say GPU, or"
        " which every pool has. Look at: whether all of them are for everybody.",
    )
    return Derived(value=_document("GPUClass", name, spec), comment=_lines(comment))


def policy_document(shipped: Mapping[str, object], default: str, gpus: Iterable[str]) -> Derived:
    """Give the GPUPolicy that is shipped, in mode Audit: no pod is changed, no node is marked."""
    listed = GPUPolicy(name=POLICY_NAME).gpu_resources
    more = [each for each in gpus if not any(is_match(glob, each) for glob in listed)]
    spec = {**shipped, "mode": "Audit", "gpuResources": [*listed, *more]}
    spec.pop("defaultClass", None)
    named = {"defaultClass": default} if default else {}
    comment = (
        "Mode Audit: nothing is changed or refused, everything is recorded (docs/rollout.md).",
        "Exemptions and workload kinds are those that are shipped. Look at: gpuclass audit names"
        " the namespaces that need an exemption here.",
    )
    value = _document("GPUPolicy", POLICY_NAME, tidy(GPUPolicy, spec | named))
    return Derived(value=value, comment=_lines(comment))


def _document(kind: str, name: str, spec: Object) -> Object:
    kept: Object = {"annotations": {"argocd.argoproj.io/sync-options": "Prune=false"}}
    return {
        "apiVersion": Document.API_VERSION,
        "kind": kind,
        "metadata": {"name": name, **(kept if kind in _GUARDED else {})},
        "spec": spec,
    }


def _lines(sentences: Iterable[str]) -> tuple[str, ...]:
    return tuple(line for each in sentences for line in textwrap.wrap(each, _WIDTH))
