"""Which new GPU pods are what their class makes of them, in CEL: they need not be judged again.

Mutation brings a pod to the final state of its class, and the validating webhook would only say so.
Where the API server can tell by itself, the creation of a GPU pod costs one call instead of two.
What it does not recognise is sent as ever (a webhook after ours, an author's own requirements on
the labels of a pool), so every condition here is narrower than the rules: never is one wider.

Parts of the final state are compared as text from which they can be told:

    nvidia.com/gpu=present:NoSchedule        a toleration: of one taint, for good
    gpu-type In 2 training,development       a requirement: key, operator, number of values, values
    100 1 gpu-type In 1 training             a preference: weight, number of requirements, those

A pod that brought no affinity of its own has that of its class to the letter, which is compared as
it is: that costs the API server a third of it.
"""

from collections.abc import Iterable, Iterator

import msgspec

from webhook.core.names import CLASS_ANNOTATION, CLASS_LABEL, REQUESTED, SYSTEM_PREFIX
from webhook.core.pod import NodeSelectorRequirement, PreferredSchedulingTerm, Toleration
from webhook.core.policy.choices import Mode
from webhook.core.policy.globs import is_everything
from webhook.core.policy.plan import ClassPlan, labels_of
from webhook.core.policy.policy import Policy
from webhook.core.registration.amounts import containers, names, requests
from webhook.core.registration.cel import (
    LONGEST,
    NEVER,
    Expression,
    all_of,
    any_of,
    grouped,
    let,
    listed,
    literal,
    matching,
    value,
)

_SPEC = "object.spec"
_AFFINITY = f"{_SPEC}.?affinity.?nodeAffinity"
_TERMS = (
    f"{_AFFINITY}.?requiredDuringSchedulingIgnoredDuringExecution.?nodeSelectorTerms.orValue([])"
)
_PREFERRED = f"{_AFFINITY}.?preferredDuringSchedulingIgnoredDuringExecution.orValue([])"
_TOLERATIONS = f"{_SPEC}.?tolerations.orValue([])"
_CLASS = (
    f"object.metadata.?annotations[?{literal(CLASS_ANNOTATION)}]"
    f".orValue(object.metadata.?labels[?{literal(CLASS_LABEL)}].orValue(''))"
)

_CONTAINERS = 64
_FEW = " && ".join(
    f"size({each}) <= {most}"
    for each, most in (
        (_TERMS, 16),
        (_PREFERRED, 16),
        (_TOLERATIONS, 64),
    )
)
"""Conditions have a cost limit, and refuse beyond it: what is larger is not looked through."""

_VALUES = "e.?values.orValue([])"
_REQUIREMENTS = (
    f"matchExpressions.orValue([]).map(e, e.key + ' ' + e.operator + ' ' + "
    f"string(size({_VALUES})) + ' ' + {_VALUES}.join(','))"
)


def settled(policy: Policy) -> Expression:
    """Tell whether a new pod is in the final state of a class that it may have.

    `false` where a policy is too large for that: its pods are all judged.
    """
    classes = policy.classes.values()
    if not classes or "placement" not in policy.writing:
        return NEVER
    joined = let("tolerated", _tolerated(), _let_affinity(any_of(*map(_is, classes))))
    given = any_of(*map(_is_as_given, classes), joined)
    shown = (
        all_of(
            f"named in {listed(each.name for each in classes)}",
            _FEW,
            _is_ordinary(policy),
            grouped(each),
        )
        for each in (given, joined)
    )
    found = (let("named", _CLASS, each) for each in shown)
    return next((each for each in found if len(each) <= LONGEST), NEVER)


def _is_ordinary(policy: Policy) -> Expression:
    """Tell whether a pod asks for a listed GPU, by no claim, of no node by its name."""
    asks = [f"size(containers) <= {_CONTAINERS}", requests("containers", policy)]
    if policy.modes["requests"] is Mode.ENFORCE:
        asks.append(f"containers.all(c, {_is_complete('c')})")
    return all_of(
        f"{_SPEC}.?nodeName.orValue('') == ''",
        f"size({_SPEC}.?resourceClaims.orValue([])) == 0",
        f"has({_SPEC}.priority)",
        let("containers", containers(_SPEC), all_of(*asks, *_offered(policy))),
    )


def _is_complete(container: Expression) -> Expression:
    given = f"{container}.?resources.?requests"
    return " && ".join(
        f"{given}[?{literal(name)}].optMap(q, quantity(string(q)).isGreaterThan(quantity('0')))"
        ".orValue(false)"
        for name in REQUESTED
    )


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


def _tolerated() -> Expression:
    return (
        f"{_TOLERATIONS}.filter(t, t.?operator.orValue('Equal') == 'Equal' && "
        "!has(t.tolerationSeconds))\n"
        "  .map(t, t.?key.orValue('') + '=' + t.?value.orValue('') + ':' + t.?effect.orValue(''))"
    )


def _let_affinity(body: Expression) -> Expression:
    weighed = "string(p.weight) + ' ' + string(size(p.preference.?matchExpressions.orValue([])))"
    preferred = (
        f"{_PREFERRED}.filter(p, size(p.preference.?matchFields.orValue([])) == 0)\n"
        f"  .map(p, {weighed} + ' ' + p.preference.?{_REQUIREMENTS}.join('; '))"
    )
    return let(
        "required", f"{_TERMS}.map(t, t.?{_REQUIREMENTS})", let("preferred", preferred, body)
    )


def _is(plan: ClassPlan) -> Expression:
    """Tell whether a pod whose class was named is what the class makes of it."""
    parts = (
        *_is_of(plan),
        _all_in(map(_toleration, plan.tolerations), "tolerated"),
        _all_in(map(_preference, plan.preferred), "preferred"),
        _is_placed(plan),
    )
    return grouped(all_of(*filter(None, parts)))


def _is_as_given(plan: ClassPlan) -> Expression:
    """Tell the same of a pod whose node affinity is that of the class, and nothing else."""
    tolerations = ", ".join(value(msgspec.to_builtins(each)) for each in plan.tolerations)
    parts = (
        *_is_of(plan),
        f"[{tolerations}].all(t, t in {_TOLERATIONS})" if tolerations else "",
        f"{_AFFINITY}.orValue({{}}) == {value(msgspec.to_builtins(plan.affinity))}",
    )
    return grouped(all_of(*filter(None, parts)))


def _is_of(plan: ClassPlan) -> Iterator[Expression]:
    """Tell whether a pod names a class that it may have, with its priority, and selects nothing."""
    yield f"named == {literal(plan.name)}"
    if not any(map(is_everything, plan.allowed_namespaces)):
        yield grouped(matching("request.namespace", plan.allowed_namespaces))
    yield _has_priority(plan)
    yield f"!{_SPEC}.?nodeSelector.orValue({{}}).exists(k, k in {_label_keys(plan)})"


def _has_priority(plan: ClassPlan) -> Expression:
    name = f"{_SPEC}.?priorityClassName.orValue('')"
    if plan.priority is None:
        return f"!{name}.startsWith({literal(SYSTEM_PREFIX)})"
    return f"{name} == {literal(plan.priority.name)}"


def _is_placed(plan: ClassPlan) -> Expression:
    """Tell whether a pod requires an alternative in each term, and of its labels nothing else."""
    keys = _label_keys(plan)
    alternatives = (listed(map(_requirement, each)) for each in plan.alternatives)
    within = any_of(
        *(
            f"{each}.all(r, r in term) && term.all(r, r in {each} || !(r.split(' ')[0] in {keys}))"
            for each in alternatives
        )
    )
    return f"size(required) > 0 && required.all(term, {within})"


def _label_keys(plan: ClassPlan) -> Expression:
    return listed(sorted({key for pool in plan.pools for key in labels_of(pool)}))


def _all_in(texts: Iterable[str], where: Expression) -> Expression:
    wanted = tuple(texts)
    return f"{listed(wanted)}.all(each, each in {where})" if wanted else ""


def _toleration(each: Toleration) -> str:
    return f"{each.key}={each.value or ''}:{each.effect}"


def _preference(each: PreferredSchedulingTerm) -> str:
    expressions = each.preference.match_expressions or ()
    return f"{each.weight} {len(expressions)} {'; '.join(map(_requirement, expressions))}"


def _requirement(each: NodeSelectorRequirement) -> str:
    values = each.values or ()
    return f"{each.key} {each.operator} {len(values)} {','.join(values)}"
