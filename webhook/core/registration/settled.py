"""Which new GPU pods are what their class makes of them, in CEL: they need not be judged again.

Mutation brings a pod to the final state of its class, and the validating webhook would only say so.
Where the API server can tell by itself, the creation of a GPU pod costs one call instead of two.
What it does not recognise is sent as ever (a webhook after ours, an author's own requirements on
the labels of a pool), so every condition here is narrower than the rules: never is one wider.

What classes make of a pod stands in a map by their names, of values as the API server holds them:

    {'training': {'tolerations': [{'key': 'gpu-type', 'operator': 'Equal', ...}], ...}}[?named]

An API server makes such a map once, when it compiles a condition: a class more costs no pod more.
A pod that has just what its class gives is recognised by comparing lists, which costs little.
"""

from collections.abc import Iterable, Iterator
from typing import TypeAlias

import msgspec

from webhook.core.names import CLASS_ANNOTATION, CLASS_LABEL, REQUESTED, SYSTEM_PREFIX
from webhook.core.policy.choices import Mode
from webhook.core.policy.globs import is_everything
from webhook.core.policy.plan import ClassPlan, labels_of
from webhook.core.policy.policy import Policy
from webhook.core.registration.amounts import requests
from webhook.core.registration.cel import (
    LONGEST,
    NEVER,
    Expression,
    all_of,
    any_of,
    either,
    grouped,
    indented,
    let,
    listed,
    literal,
    mapping,
    matching,
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

_FEW_TERMS, _FEW_PREFERRED = f"size({_TERMS}) <= 16", f"size({_PREFERRED}) <= 16"
_FEW_TOLERATIONS = f"size({_TOLERATIONS}) <= 64"
_FEW_CONTAINERS = "size(containers) <= 64"
"""Conditions have a cost limit, and refuse beyond it: what is larger is not looked through."""

_USUAL = ("cpu", "memory", "ephemeral-storage")
"""What nearly every container requests, and no list has: its names have a domain."""

_COVERS = (
    "!has(t.tolerationSeconds) && t.?effect.orValue('') in [dyn(''), each.effect] &&\n"
    "(t.?operator.orValue('Equal') == 'Exists' ? t.?key.orValue('') in [dyn(''), each.key] :\n"
    "  t.?key.orValue('') == each.key && t.?operator.orValue('Equal') == 'Equal' &&\n"
    "  t.?value.orValue('') == each.?value.orValue(''))"
)
"""Of a toleration `t`: it covers for good what `each` does (core/v1 Toleration.ToleratesTaint)."""


def settled(policy: Policy) -> Expression:
    """Tell whether a new pod is in the final state of a class that it may have.

    `false` where a policy is too large for that: its pods are all judged.
    """
    classes = tuple(each for each in policy.classes.values() if each.alternatives)
    if not classes or "placement" not in policy.writing:
        return NEVER
    parts = (
        *_is_ordinary(policy),
        *_is_allowed(classes),
        grouped(_has_priority(classes)),
        *_is_placed(classes),
        *_prefers(classes),
        *_tolerates(classes),
    )
    body = all_of(*parts)
    is_named = "wanted.name" in body
    known = mapping({each.name: value(_wanted(each, is_named=is_named)) for each in classes})
    found = f"{known}[?{_CLASS}].optMap(wanted,\n{indented(body)}).orValue(false)"
    return found if len(found) <= LONGEST else NEVER


def _wanted(plan: ClassPlan, *, is_named: bool) -> object:
    """Give what conditions look up of a class, as `wanted`; what it does not want is left out."""
    terms = [{"matchExpressions": each} for each in plan.alternatives]
    found = {
        "name": is_named and plan.name,
        "terms": terms,
        "preferred": plan.preferred,
        "tolerations": plan.tolerations,
        "priority": plan.priority and plan.priority.name,
    }
    return msgspec.to_builtins({key: each for key, each in found.items() if each})


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
            offered = matching("r", (*_USUAL, *each.offers.names, *each.offers.globs))
            offering.setdefault(f"{offered} || !({on_list})", []).append(each.name)
    for is_offered, having in offering.items():
        all_are = f"containers.all(c, c.?resources.?requests.orValue({{}}).all(r, {is_offered}))"
        yield grouped(any_of(f"!(wanted.name in {listed(having)})", all_are))


def _is_allowed(classes: Classes) -> Iterator[Expression]:
    """Tell whether the pod's namespace may have the class."""
    for each in classes:
        if not any(map(is_everything, each.allowed_namespaces)):
            allowed = matching("request.namespace", each.allowed_namespaces)
            yield grouped(any_of(f"wanted.name != {literal(each.name)}", allowed))


def _has_priority(classes: Classes) -> Expression:
    """Tell whether a pod has the priority of its class, where that has one."""
    own = f"!{_PRIORITY}.startsWith({literal(SYSTEM_PREFIX)})"
    if not any(each.priority for each in classes):
        return own
    return either("has(wanted.priority)", f"{_PRIORITY} == wanted.priority", own)


def _is_placed(classes: Classes) -> Iterator[Expression]:
    """Tell whether each term requires an alternative, and of pools' labels nothing else."""
    pools = (pool for each in classes for pool in each.pools)
    keys = listed(sorted({key for pool in pools for key in labels_of(pool)}))
    each_is = (
        f"{_TERMS}.map(t, t.?matchExpressions.orValue([]).filter(e, e.key in {keys}))\n"
        "  .all(term, wanted.terms.exists(w,\n"
        "    size(w.matchExpressions) == size(term) && w.matchExpressions.all(e, e in term)))"
    )
    yield f"!{_SPEC}.?nodeSelector.orValue({{}}).exists(k, k in {keys})"
    own = all_of(f"{_TERMS} != []", _FEW_TERMS, each_is)
    yield grouped(any_of(f"wanted.terms == {_TERMS}", grouped(own)))


def _prefers(classes: Classes) -> Iterator[Expression]:
    """Tell whether a pod prefers what its class prefers."""
    if any(each.preferred for each in classes):
        wanted = "wanted.?preferred.orValue([])"
        own = f"{_FEW_PREFERRED} && {wanted}.all(each, each in {_PREFERRED})"
        yield grouped(any_of(f"{wanted} == {_PREFERRED}", grouped(own)))


def _tolerates(classes: Classes) -> Iterator[Expression]:
    """Tell whether a pod tolerates the taints of its class's pools, by its own way or by ours."""
    if any(each.tolerations for each in classes):
        tolerated = any_of(
            f"each in {_TOLERATIONS}",
            f"{_TOLERATIONS}.exists(t, {grouped(_COVERS)})",
        )
        yield _FEW_TOLERATIONS
        yield f"wanted.?tolerations.orValue([]).all(each, {grouped(tolerated)})"
