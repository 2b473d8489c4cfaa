"""Which writes of workloads concern us, in CEL, from a table of kinds: the built-in or the listed.

What an outage may stop is kept to writes that bring a class: scaling, a roll of a template that
shows its class already, status, finalizers and deletion are never sent.
"""

from collections.abc import Iterable, Iterator

from webhook.core.names import DAEMON_SET_CONTROLLER
from webhook.core.policy.choices import Mode
from webhook.core.policy.policy import Policy
from webhook.core.registration.amounts import asks, asks_unlisted
from webhook.core.registration.cel import (
    ALWAYS,
    NEVER,
    Expression,
    all_of,
    any_of,
    either,
    grouped,
    listed,
)
from webhook.core.registration.pods import (
    IS_CREATE,
    Conditions,
    aims,
    misuses,
    names_node,
    not_exempt,
    told,
    tolerates,
    with_labels,
)
from webhook.core.registration.templates import (
    annotation,
    are_at_hand,
    by_kind,
    changed,
    field,
    is_kind,
    some_template,
    specs,
)
from webhook.core.workload import KINDS, Update, WorkloadKind, is_listed

Kinds = Iterable[WorkloadKind]

NEW = "object"
OLD = "oldObject"

_OWNERS = "object.metadata.?ownerReferences.orValue([])"
_IS_CONTROLLER = "o.?controller.orValue(false)"


def mutated(policy: Policy, kinds: tuple[WorkloadKind, ...]) -> Conditions:
    """Give the conditions by which a workload is sent to have its annotation carried."""
    new, old = named(NEW, kinds), named(OLD, kinds)
    fixed = tuple(each for each in kinds if _is_open(each) != ALWAYS)
    showed = by_kind(fixed, lambda kind: some_template(OLD, kind, _shows))
    return {
        "names-or-named-a-class": any_of(
            f"{new}.hasValue()",
            grouped(
                all_of(
                    "request.operation == 'UPDATE'",
                    grouped(any_of(f"{old}.hasValue()", grouped(showed))),
                )
            ),
        ),
        # Whoever deletes is never in our hands, whatever else the object lacks.
        "not-being-deleted": "!has(object.metadata.deletionTimestamp)",
        "declares-its-own-template": any_of(
            is_kind(each for each in kinds if each.run_once),
            f"!{_OWNERS}.exists(o, {_IS_CONTROLLER})",
        ),
        "its-template-lags-behind": any_of(
            IS_CREATE, grouped(by_kind(kinds, lambda kind: _lags_behind(kind, new, old)))
        ),
        **not_exempt(policy.exempt),
    }


def warned(policy: Policy, kinds: tuple[WorkloadKind, ...]) -> Conditions:
    """Give the conditions by which somebody is told what pods of a workload would meet.

    What is asked of a pod spec is long, and kinds may be many: of listed ones it is written once.
    Of one whose templates lie in lists within lists only those that ask for a GPU are looked at.
    """
    return _told_to_a_person(policy, kinds, _outlook(policy, kinds))


def warned_with_pods(policy: Policy) -> Conditions:
    """Give the conditions of the built-in kinds, under which pods come too.

    A pod is sent only for what nobody else says: that it asks for what no list has, or takes what
    is not its own and is not refused for it.
    """
    outlook = either("request.kind.kind == 'Pod'", told(policy), _outlook(policy, KINDS))
    return _told_to_a_person(policy, KINDS, outlook)


def _told_to_a_person(
    policy: Policy, kinds: tuple[WorkloadKind, ...], outlook: Expression
) -> Conditions:
    """Give the conditions of what a person declares, who is to hear of its outlook.

    Most of what is written has a controller: that stands first, what is dear to tell last.
    """
    new, old = named(NEW, kinds), named(OLD, kinds)
    declared = (
        f"!{_OWNERS}.exists(o, {_IS_CONTROLLER} && "
        f"o.kind in {listed(dict.fromkeys(each.kind for each in (*KINDS, *kinds)))})"
    )
    return {
        "declared-by-a-person": declared,
        "new-class-or-template": any_of(
            IS_CREATE,
            f"{new} != {old}",
            grouped(by_kind(kinds, lambda kind: changed(NEW, OLD, kind))),
        ),
        "concerns-gpus": outlook,
        **not_exempt(policy.exempt),
    }


def _outlook(policy: Policy, kinds: tuple[WorkloadKind, ...]) -> Expression:
    itself = f"{named(NEW, kinds)}.hasValue()"
    return with_labels(policy, any_of(itself, *_outlooks(kinds, policy)))


def named(document: Expression, kinds: Kinds) -> Expression:
    """Give, as an optional, the class that an object names, nearest to the pod first."""
    nearer = dict.fromkeys(place for kind in kinds for place in kind.nearer)
    first, *others = (annotation(document, place) for place in (*nearer, ()))
    return first + "".join(f".or({each})" for each in others)


def _lags_behind(kind: WorkloadKind, new: Expression, old: Expression) -> Expression:
    """Tell whether an update brings a class, or takes one away, that a template disagrees with.

    A template that disagrees since long and is not written now is left for the write that rolls it.
    One that can not change is sent where it changes all the same: what it lost is put back. Where
    the object names nothing any more that may have been carried long before.
    """
    changes = changed(NEW, OLD, kind)
    differs = some_template(
        NEW, kind, lambda itself, shown, _: f"{itself}.hasValue() && {shown} != {new}"
    )
    brought = all_of(grouped(any_of(f"{new} != {old}", changes)), grouped(differs))
    holds_it = some_template(
        NEW, kind, lambda _, shown, __: f"{shown}.hasValue() && {shown} == {old}"
    )
    showed = some_template(OLD, kind, _shows)
    is_open = _is_open(kind)
    if is_open == ALWAYS:
        return either(f"{new}.hasValue()", brought, holds_it)
    lost = all_of(grouped(changes), grouped(showed))
    left = lost if is_open == NEVER else either(grouped(is_open), holds_it, lost)
    return either(f"{new}.hasValue()", brought, left)


def _shows(_: Expression, shown: Expression, __: Expression) -> Expression:
    return f"{shown}.hasValue()"


def _is_open(kind: WorkloadKind) -> Expression:
    """Tell whether the templates may still change."""
    match kind.update:
        case Update.NEVER:
            return NEVER
        case Update.WHILE_SUSPENDED:
            suspended = f"{field(OLD, kind.suspend)}.orValue(false) == true"
            if kind.started is None:
                return suspended
            return f"{suspended} && !{field(OLD, kind.started)}.hasValue()"
        case _:
            return ALWAYS


def _outlooks(kinds: Kinds, policy: Policy) -> Iterator[Expression]:
    """Tell whether there may be something to say of the pods of an object."""
    kinds = tuple(kinds)
    at_hand = tuple(each for each in kinds if is_listed(each) and are_at_hand(each))
    if not at_hand:
        yield grouped(by_kind(kinds, lambda kind: _has_outlook(kind, policy)))
        return
    others = tuple(each for each in kinds if each not in at_hand)
    if others:
        yield grouped(by_kind(others, lambda kind: _has_outlook(kind, policy)))
    yield grouped(by_kind(at_hand, lambda kind: some_template(NEW, kind, _shows)))
    pods = grouped(any_of(*_asked(policy), grouped(any_of(*_near(policy)))))
    yield f"{specs(NEW, at_hand)}.exists(each, each.optMap(spec, {pods}).orValue(false))"


def _has_outlook(kind: WorkloadKind, policy: Policy) -> Expression:
    """Tell whether there may be something to say of the pods of a kind."""
    pods = [asks("spec", policy)] if is_listed(kind) else [*_asked(policy)]
    if not is_listed(kind) and kind.creator != DAEMON_SET_CONTROLLER:
        pods += [grouped(any_of(*_near(policy)))]
    return some_template(
        NEW,
        kind,
        lambda _, shown, spec: any_of(
            f"{shown}.hasValue()",
            f"{spec}.optMap(spec, {grouped(any_of(*pods))}).orValue(false)",
        ),
    )


def _asked(policy: Policy) -> tuple[Expression, ...]:
    return (asks("spec", policy), asks_unlisted("spec", policy))


def _near(policy: Policy) -> tuple[Expression, ...]:
    """Tell whether a pod without GPUs comes near them, or takes what is meant for them."""
    return (
        tolerates("spec", policy),
        names_node("spec"),
        aims("spec"),
        *misuses("spec", policy, (Mode.ENFORCE, Mode.WARN)),
    )
