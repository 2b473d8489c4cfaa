"""Which writes of workloads concern us, in CEL, from the table of kinds.

One entry serves every kind: a field that a kind does not have is simply absent, so paths are tried
one after the other. What an outage may stop is kept to writes that bring a class: scaling, a roll
of a template that shows its class already, status, finalizers and deletion are never sent.
"""

from collections.abc import Iterable

from webhook.core.names import CLASS_ANNOTATION, DAEMON_SET_CONTROLLER
from webhook.core.policy.policy import Policy
from webhook.core.registration.cel import (
    Expression,
    all_of,
    any_of,
    either,
    grouped,
    listed,
    literal,
)
from webhook.core.registration.pods import (
    IS_CREATE,
    SPEC,
    Conditions,
    aims,
    asks,
    asks_unlisted,
    not_exempt,
    tolerates,
)
from webhook.core.workload import KINDS, Path, Update, WorkloadKind

NEW = "object"
OLD = "oldObject"

_OWNERS = "object.metadata.?ownerReferences.orValue([])"
_IS_CONTROLLER = "o.?controller.orValue(false)"


def mutated(policy: Policy) -> Conditions:
    """Give the conditions by which a workload is sent to have its annotation carried."""
    return {
        **not_exempt(policy.exempt),
        "names-or-named-a-class": any_of(
            f"{named(NEW)}.hasValue()",
            f"(request.operation == 'UPDATE' && {named(OLD)}.hasValue())",
        ),
        # Whoever deletes is never in our hands, whatever else the object lacks.
        "not-being-deleted": "!has(object.metadata.deletionTimestamp)",
        "declares-its-own-template": any_of(
            _is_kind(each for each in KINDS if each.run_once),
            f"!{_OWNERS}.exists(o, {_IS_CONTROLLER})",
        ),
        "its-template-lags-behind": any_of(IS_CREATE, grouped(_lags_behind())),
    }


def warned(policy: Policy) -> Conditions:
    """Give the conditions by which somebody is told what pods would meet.

    A pod is sent only if it asks for what no list has: nobody else says so.
    """
    return {
        **not_exempt(policy.exempt),
        "declared-by-a-person": f"!{_OWNERS}.exists(o, {_IS_CONTROLLER} && "
        f"o.kind in {listed(each.kind for each in KINDS)})",
        "new-class-or-template": any_of(
            IS_CREATE,
            f"{named(NEW)} != {named(OLD)}",
            f"{_template(NEW)} != {_template(OLD)}",
        ),
        "concerns-gpus": either(
            "request.kind.kind == 'Pod'", asks_unlisted(SPEC, policy), _has_outlook(policy)
        ),
    }


def named(document: Expression) -> Expression:
    """Give, as an optional, the class that an object names, nearest to the pod first."""
    nearer = dict.fromkeys(place for kind in KINDS for place in kind.nearer)
    first, *others = (_annotation(document, place) for place in (*nearer, ()))
    return first + "".join(f".or({each})" for each in others)


def _template(document: Expression) -> Expression:
    """Give, as an optional, the pod template of an object of any kind, deepest first."""
    paths = sorted({kind.template for kind in KINDS}, key=len, reverse=True)
    first, *others = (f"{document}{_steps(path)}" for path in paths)
    return first + "".join(f".or({each})" for each in others)


def _shown(document: Expression) -> Expression:
    """Give, as an optional, the class that the pod template names."""
    paths = sorted({kind.template for kind in KINDS}, key=len, reverse=True)
    first, *others = (_annotation(document, path) for path in paths)
    return first + "".join(f".or({each})" for each in others)


def _lags_behind() -> Expression:
    """Tell whether an update brings a class, or takes one away, that the template disagrees with.

    A template that disagrees since long and is not written now is left for the write that rolls it.
    """
    is_new = f"{named(NEW)} != {named(OLD)}"
    is_rolled = grouped(all_of(f"{_template(NEW)} != {_template(OLD)}", _is_open()))
    brought = all_of(f"{named(NEW)} != {_shown(NEW)}", grouped(any_of(is_new, is_rolled)))
    taken = all_of(f"{named(OLD)} == {_shown(NEW)}", _is_open())
    return either(f"{named(NEW)}.hasValue()", brought, taken)


def _is_open() -> Expression:
    """Tell whether the template may still change."""
    while_suspended = (each for each in KINDS if each.update is Update.WHILE_SUSPENDED)
    return grouped(
        any_of(
            f"!({_is_kind(while_suspended)})",
            "(oldObject.spec.?suspend.orValue(false) && !oldObject.?status.?startTime.hasValue())",
        )
    )


def _has_outlook(policy: Policy) -> Expression:
    """Tell whether there may be something to say: of the class, or of the pods."""
    daemon_sets = (each for each in KINDS if each.creator == DAEMON_SET_CONTROLLER)
    near = any_of(tolerates("spec", policy), *aims("spec", policy))
    pods = any_of(
        asks("spec", policy),
        asks_unlisted("spec", policy),
        grouped(all_of(f"!({_is_kind(daemon_sets)})", grouped(near))),
    )
    return any_of(
        f"{named(NEW)}.hasValue()",
        f"{_shown(NEW)}.hasValue()",
        f"({_template(NEW)}).?spec.optMap(spec, {grouped(pods)}).orValue(false)",
    )


def _is_kind(kinds: Iterable[WorkloadKind]) -> Expression:
    return f"request.kind.kind in {listed(each.kind for each in kinds)}"


def _annotation(document: Expression, owner: Path) -> Expression:
    return f"{document}{_steps((*owner, 'metadata', 'annotations'))}[?{literal(CLASS_ANNOTATION)}]"


def _steps(path: Path) -> Expression:
    """Write the way to a field; only what every object has, its metadata and spec, is certain."""
    first, *others = path
    return f".{first}" + "".join(f".?{step}" for step in others)
