"""Which new GPU pods are what their class makes of them, in CEL: they need not be judged again.

Mutation brings a pod to the final state of its class, and the validating webhook would only say so.
Where the API server can tell by itself, the creation of a GPU pod costs one call instead of two.
What it does not recognise is sent as ever (a webhook after ours, an author's own requirements on
the labels of a pool), so every condition here is narrower than the rules: never is one wider.

What classes make of a pod stands in maps by their names, of values as the API server holds them:

    {'training': [{'key': 'gpu-type', 'operator': 'Equal', 'value': 'training', ...}], ...}[named]

An API server makes such a map once, when it compiles a condition: a class more costs no pod more.
"""

from collections.abc import Iterable, Iterator
from typing import TypeAlias

import msgspec

from webhook.core.names import CLASS_ANNOTATION, CLASS_LABEL, REQUESTED, SYSTEM_PREFIX
from webhook.core.policy.choices import Mode
from webhook.core.policy.globs import is_everything
from webhook.core.policy.plan import ClassPlan, labels_of
from webhook.core.policy.policy import Policy
from webhook.core.registration.amounts import names, requests
from webhook.core.registration.cel import (
    LONGEST,
    NEVER,
    Expression,
    all_of,
    any_of,
    either,
    grouped,
    let,
    listed,
    literal,
    mapping,
    matching,
    sequence,
    value,
)

Classes: TypeAlias = Iterable[ClassPlan]

_SPEC = "object.spec"
_AFFINITY = f"{_SPEC}.?affinity.?nodeAffinity"
_TERMS = (
    f"{_AFFINITY}.?requiredDuringSchedulingIgnoredDuringExecution.?nodeSelectorTerms.orValue([])"
)
_PREFERRED = f"{_AFFINITY}.?preferredDuringSchedulingIgnoredDuringExecution.orValue([])"
_TOLERATIONS = f"{_SPEC}.?tolerations.orValue([])"
_PRIORITY = f"{_SPEC}.?priorityClassName.orValue('')"
_CONTAINERS = either(
    f"has({_SPEC}.initContainers)",
    f"{_SPEC}.containers + {_SPEC}.initContainers",
    f"{_SPEC}.containers",
)
_CLASS = (
    f"object.metadata.?annotations[?{literal(CLASS_ANNOTATION)}]"
    f".orValue(object.metadata.?labels[?{literal(CLASS_LABEL)}].orValue(''))"
)

_FEW = (f"size({_TERMS}) <= 16", f"size({_PREFERRED}) <= 16", f"size({_TOLERATIONS}) <= 64")
_FEW_CONTAINERS = "size(containers) <= 64"
"""Conditions have a cost limit, and refuse beyond it: what is larger is not looked through."""

_COVERS = (
    "!has(t.tolerationSeconds) && t.?effect.orValue('') in ['', each.effect] &&\n"
    "(t.?operator.orValue('Equal') == 'Exists' ? t.?key.orValue('') in ['', each.key] :\n"
    "  t.?key.orValue('') == each.key && t.?operator.orValue('Equal') == 'Equal' &&\n"
    "  t.?value.orValue('') == each.?value.orValue(''))"
)
"""Of a toleration `t`: it covers for good what `each` does (core/v1 Toleration.ToleratesTaint)."""


def settled(policy: Policy) -> Expression:
    """Tell whether a new pod is in the final state of a class that it may have.

    `false` where a policy is too large for that: its pods are all judged.
    """
    classes = tuple(policy.classes.values())
    if not classes or "placement" not in policy.writing:
        return NEVER
    parts = (
        f"named in {listed(each.name for each in classes)}",
        *_FEW,
        *_is_ordinary(policy),
        *_is_allowed(classes),
        grouped(_has_priority(classes)),
        *_is_placed(classes),
        *_prefers(classes),
        *_tolerates(classes),
    )
    found = let("named", _CLASS, all_of(*parts))
    return found if len(found) <= LONGEST else NEVER


def _is_ordinary(policy: Policy) -> Iterator[Expression]:
    """Tell whether a pod asks for a listed GPU, by no claim, of no node by its name."""
    usual = (f"containers.exists(c, {_given('c', each)})" for each in policy.resources.names[:1])
    asks = [_FEW_CONTAINERS, grouped(any_of(*usual, requests("containers", policy)))]
    if policy.modes["requests"] is Mode.ENFORCE:
        asks.append(f"containers.all(c, {_is_complete('c')})")
    yield f"{_SPEC}.?nodeName.orValue('') == ''"
    yield f"size({_SPEC}.?resourceClaims.orValue([])) == 0"
    yield f"has({_SPEC}.priority)"
    yield let("containers", _CONTAINERS, all_of(*asks, *_offered(policy)))


def _is_complete(container: Expression) -> Expression:
    return " && ".join(_given(container, each) for each in REQUESTED)


def _given(container: Expression, name: str) -> Expression:
    """Tell whether a container requests some of a resource."""
    return f"{container}.?resources.?requests[?{literal(name)}].orValue('0') != '0'"


def _offered(policy: Policy) -> Iterator[Expression]:
    """Tell whether a pod asks for nothing on the list that the pools of its class do not offer."""
    on_list = matching("r", (*policy.resources.names, *policy.resources.globs))
    offering: dict[Expression, list[str]] = {}
    for each in policy.classes.values():
        if each.offers is not None:
            offered = matching("r", (*each.offers.names, *each.offers.globs))
            offering.setdefault(offered, []).append(each.name)
    for offered, having in offering.items():
        missing = names("containers", f"({on_list}) && !({offered})")
        yield grouped(any_of(f"!(named in {listed(having)})", f"!{missing}"))


def _is_allowed(classes: Classes) -> Iterator[Expression]:
    """Tell whether the pod's namespace may have the class."""
    for each in classes:
        if not any(map(is_everything, each.allowed_namespaces)):
            allowed = matching("request.namespace", each.allowed_namespaces)
            yield grouped(any_of(f"named != {literal(each.name)}", allowed))


def _has_priority(classes: Classes) -> Expression:
    """Tell whether a pod has the priority of its class, where that has one."""
    given = mapping({each.name: literal(each.priority.name) for each in classes if each.priority})
    own = f"!{_PRIORITY}.startsWith({literal(SYSTEM_PREFIX)})"
    return either(f"named in {given}", f"{_PRIORITY} == {given}[named]", own)


def _is_placed(classes: Classes) -> Iterator[Expression]:
    """Tell whether each term requires an alternative, and of pools' labels nothing else."""
    pools = (pool for each in classes for pool in each.pools)
    keys = listed(sorted({key for pool in pools for key in labels_of(pool)}))
    alternatives = mapping(
        {each.name: sequence(map(_values, each.alternatives)) for each in classes}
    )
    yield f"!{_SPEC}.?nodeSelector.orValue({{}}).exists(k, k in {keys})"
    yield f"{_TERMS} != []"
    yield (
        f"{_TERMS}.map(t, t.?matchExpressions.orValue([]).filter(e, e.key in {keys}))\n"
        f"  .all(term, {alternatives}[named]\n"
        "    .exists(wanted, size(wanted) == size(term) && wanted.all(e, e in term)))"
    )


def _prefers(classes: Classes) -> Iterator[Expression]:
    """Tell whether a pod prefers what its class prefers."""
    preferred = {each.name: _values(each.preferred) for each in classes if each.preferred}
    if preferred:
        yield f"{mapping(preferred)}[?named].orValue([]).all(each, each in {_PREFERRED})"


def _tolerates(classes: Classes) -> Iterator[Expression]:
    """Tell whether a pod tolerates the taints of its class's pools, by its own way or by ours."""
    tolerations = {each.name: _values(each.tolerations) for each in classes if each.tolerations}
    if tolerations:
        tolerated = any_of(
            f"each in {_TOLERATIONS}",
            f"{_TOLERATIONS}.exists(t, {grouped(_COVERS)})",
        )
        yield f"{mapping(tolerations)}[?named].orValue([]).all(each, {grouped(tolerated)})"


def _values(parts: Iterable[object]) -> Expression:
    """Write parts of a pod as the API server holds them."""
    return sequence(value(msgspec.to_builtins(each)) for each in parts)
