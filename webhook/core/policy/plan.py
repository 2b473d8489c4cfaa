"""What a class makes of a pod, derived from its pools and never written by hand.

A plan is the final state of a class as a value: which node requirements, which preferences, which
tolerations, which priority. The rules bring a pod to it, or check that it is there.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from webhook.core.names import DISCOVERY_DOMAINS, GENERIC_LABELS, GPU_VENDOR_DOMAINS
from webhook.core.pod import (
    NodeAffinity,
    NodeSelector,
    NodeSelectorRequirement,
    NodeSelectorTerm,
    PreferredSchedulingTerm,
    Toleration,
)
from webhook.core.policy.documents import GPUClass, GPUNodePool, Placement, PriorityClass, Taint
from webhook.core.policy.resources import GPUResources, offering

Labels = Mapping[str, str]
Requirements = tuple[NodeSelectorRequirement, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PriorityTarget:
    """The three fields of a pod that the Priority admission plug-in ties together.

    `value` and `preemption_policy` are None where the PriorityClass is not known: the plug-in
    then fills them in.
    """

    name: str
    value: int | None = None
    preemption_policy: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassPlan:
    """The final state of a class.

    `alternatives` are ORed, the requirements in each ANDed; one alternative is the usual case.
    `taints` are what the pools have, `tolerations` answers them one by one, `affinity` is what a
    pod gets that has no node affinity of its own. `offers` are the resource names that the pools'
    nodes offer, None where a pool does not say.
    """

    name: str
    pools: tuple[GPUNodePool, ...]
    placement: Placement
    alternatives: tuple[Requirements, ...]
    preferred: tuple[PreferredSchedulingTerm, ...]
    taints: tuple[Taint, ...]
    taint_keys: frozenset[str]
    tolerations: tuple[Toleration, ...]
    priority: PriorityTarget | None
    allowed_priority_class_names: frozenset[str]
    allowed_namespaces: tuple[str, ...]
    affinity: NodeAffinity
    offers: GPUResources | None


def plan(
    document: GPUClass, pools: Mapping[str, GPUNodePool], priorities: Mapping[str, PriorityClass]
) -> ClassPlan:
    """Derive the plan of a class from the pools and PriorityClasses that it names."""
    members = tuple(pools[reference.name] for reference in document.pools)
    weights = {reference.name: reference.weight for reference in document.pools}
    selectors = [pool.selector for pool in members]
    alternatives = merge(selectors)
    preferred: tuple[PreferredSchedulingTerm, ...] = ()
    if document.placement is Placement.PREFERRED:
        shared = _shared(selectors)
        alternatives = merge([shared]) if is_telling(shared) else alternatives
        preferred = _preferences(members, weights, shared)
    taints = tuple(dict.fromkeys(t for pool in members for t in pool.taints if t.tolerate))
    terms = tuple(NodeSelectorTerm(match_expressions=each) for each in alternatives)
    return ClassPlan(
        name=document.name,
        pools=members,
        placement=document.placement,
        alternatives=alternatives,
        preferred=preferred,
        taints=taints,
        taint_keys=frozenset(taint.key for taint in taints),
        tolerations=tuple(map(_toleration, taints)),
        priority=_priority(document.priority_class_name, priorities),
        allowed_priority_class_names=frozenset(document.allowed_priority_class_names),
        allowed_namespaces=document.allowed_namespaces,
        affinity=NodeAffinity(
            required_during_scheduling_ignored_during_execution=NodeSelector(
                node_selector_terms=terms
            ),
            preferred_during_scheduling_ignored_during_execution=preferred or None,
        ),
        offers=_offers(members),
    )


def _offers(pools: Sequence[GPUNodePool]) -> GPUResources | None:
    if not all(pool.resources for pool in pools):
        return None
    return offering(tuple(dict.fromkeys(name for pool in pools for name in pool.resources)))


def merge(selectors: Sequence[Labels]) -> tuple[Requirements, ...]:
    """Turn selectors, any of which will do, into ORed alternatives: as few as are exact.

    Selectors that differ in the value of one label become one alternative with an `In` of the
    values; any others stay apart, since a wider alternative would admit nodes of no pool.
    """
    if not selectors:
        return ()
    keys = list(dict.fromkeys(key for selector in selectors for key in selector))
    differing = [key for key in keys if len({selector.get(key) for selector in selectors}) > 1]
    uniform = all(len(selector) == len(keys) for selector in selectors)
    groups = [selectors] if uniform and len(differing) <= 1 else [[each] for each in selectors]
    return tuple(dict.fromkeys(_requirements(group) for group in groups))


def _requirements(selectors: Sequence[Labels]) -> Requirements:
    return tuple(
        NodeSelectorRequirement(
            key=key,
            operator="In",
            values=tuple(dict.fromkeys(selector[key] for selector in selectors)),
        )
        for key in selectors[0]
    )


def _shared(selectors: Sequence[Labels]) -> Labels:
    """Give the labels that all selectors have with one value."""
    first, *others = selectors
    return {
        key: value
        for key, value in first.items()
        if all(other.get(key) == value for other in others)
    }


def _preferences(
    pools: Iterable[GPUNodePool], weights: Mapping[str, int], shared: Labels
) -> tuple[PreferredSchedulingTerm, ...]:
    """Give what is left of the selectors as weighted terms, pools of one weight in one term."""
    ordered = sorted(pools, key=lambda pool: -weights[pool.name])
    terms: list[PreferredSchedulingTerm] = []
    for weight, group in groupby(ordered, key=lambda pool: weights[pool.name]):
        rests = [
            {key: value for key, value in pool.selector.items() if key not in shared}
            for pool in group
        ]
        for expressions in merge([rest for rest in rests if rest]):
            preference = NodeSelectorTerm(match_expressions=expressions)
            terms.append(PreferredSchedulingTerm(weight=weight, preference=preference))
    return tuple(terms)


def _toleration(taint: Taint) -> Toleration:
    """Tolerate exactly one taint: the value too, so that another pool's stays shut."""
    return Toleration(
        key=taint.key, operator="Equal", value=taint.value or None, effect=taint.effect.value
    )


def _priority(name: str | None, known: Mapping[str, PriorityClass]) -> PriorityTarget | None:
    if name is None:
        return None
    found = known.get(name)
    if found is None:
        return PriorityTarget(name=name)
    return PriorityTarget(
        name=name, value=found.value, preemption_policy=found.preemption_policy.value
    )


def steering(pools: Iterable[GPUNodePool]) -> Requirements:
    """Give the requirements that keep a pod off every pool, each by one steady label of it."""
    excluded: dict[str, dict[str, None]] = {}
    for pool in pools:
        key, value = steady_label(pool)
        excluded.setdefault(key, {})[value] = None
    return tuple(
        NodeSelectorRequirement(key=key, operator="NotIn", values=tuple(values))
        for key, values in excluded.items()
    )


def steady_label(pool: GPUNodePool) -> tuple[str, str]:
    """Give a label of a pool's nodes that discovery does not take away while it restarts."""
    labels = own_labels(pool)
    steady = (item for item in labels.items() if not is_discovered(item[0]))
    return next(steady, next(iter(labels.items())))


def own_labels(pool: GPUNodePool) -> Labels:
    """Give the labels by which a pool's nodes are told from others, those of its selector first."""
    labels = {**pool.selector, **pool.labels}
    own = {key: value for key, value in labels.items() if key not in GENERIC_LABELS}
    return own or labels


def is_telling(keys: Iterable[str]) -> bool:
    """Tell whether one of some label keys tells GPU nodes from others."""
    return any(key not in GENERIC_LABELS for key in keys)


def is_discovered(key: str) -> bool:
    """Tell whether node discovery writes a label key."""
    return _is_within(key, DISCOVERY_DOMAINS)


def is_vendors(key: str) -> bool:
    """Tell whether a label key is of the domain of somebody who makes GPUs."""
    return _is_within(key, GPU_VENDOR_DOMAINS)


def _is_within(key: str, domains: Iterable[str]) -> bool:
    domain = key.partition("/")[0] if "/" in key else ""
    return any(domain == each or domain.endswith(f".{each}") for each in domains)


def labels_of(pool: GPUNodePool) -> Labels:
    """Give every label that a pool's nodes are declared to carry."""
    return {**pool.labels, **pool.selector}
