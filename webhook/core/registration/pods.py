"""Which pods concern GPUs, in CEL: those that ask for one, and those that could come near one.

Every function takes the expression of a pod's spec, so that the same conditions serve pods and the
templates of workloads. Amounts and values are compared, never keys alone: a namespace whose
LimitRange defaults GPUs to 0, or a `node-role` of other nodes, is none of our business.
"""

import re
from collections.abc import Collection, Mapping

from webhook.core.names import (
    CLASS_ANNOTATION,
    DAEMON_SET_CONTROLLER,
    GPU_VENDOR_DOMAINS,
    MIRROR_ANNOTATION,
    NO_DEVICES,
    NODES_GROUP,
    NVIDIA_RUNTIME_CLASSES,
    STAMP_ANNOTATION,
    VISIBLE_DEVICES,
)
from webhook.core.nodes import NAME_FIELD, POSITIVE_OPERATORS
from webhook.core.policy.choices import Mode
from webhook.core.policy.policy import Exemptions, Policy
from webhook.core.registration.amounts import containers, requests, requests_unlisted
from webhook.core.registration.cel import (
    NEVER,
    Expression,
    all_of,
    any_of,
    grouped,
    let,
    listed,
    literal,
    mapped,
)
from webhook.core.registration.settled import settled

Conditions = Mapping[str, Expression]
"""Conditions by name; all must hold. Those that are cheap and decide most come first."""

SPEC = "object.spec"
CONTAINERS = containers(SPEC)
IS_CREATE = "request.operation == 'CREATE'"

UNSETTLED = "not-as-its-class-makes-it"
"""The condition by which a pod that its class made what it is stays unsent."""

_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
_GROUPS = "request.userInfo.?groups.orValue([])"


def mutated(policy: Policy) -> Conditions:
    """Give the conditions by which a pod is sent to be changed."""
    concerned = any_of(
        "request.operation == 'UPDATE'",
        _unless_daemon_set(_names_class()),
        requests(CONTAINERS, policy),
        _unless_daemon_set(_has_claims(SPEC), tolerates(SPEC, policy)),
    )
    return {
        "new-or-lost-what-was-injected": any_of(IS_CREATE, grouped(_lost())),
        "concerns-gpus": concerned,
        **_judged(policy.exempt),
    }


def validated(policy: Policy) -> Conditions:
    """Give the conditions by which a pod is sent to be judged."""
    asked = requests(CONTAINERS, policy)
    concerned = any_of(
        _unless_daemon_set(_names_class()),
        asked,
        _unless_daemon_set(
            _has_claims(SPEC),
            tolerates(SPEC, policy),
            # Every pod that runs has a node: who names it at once goes round the scheduler.
            grouped(all_of(IS_CREATE, names_node(SPEC))),
            with_labels(policy, aims(SPEC)),
            *misuses(SPEC, policy, (Mode.ENFORCE,)),
        ),
    )
    return {
        "new-or-placed-anew": any_of(IS_CREATE, grouped(_placed_anew(asked))),
        "concerns-gpus": concerned,
        **_unsettled(policy),
        **_judged(policy.exempt),
    }


def _unsettled(policy: Policy) -> Conditions:
    """Give the condition by which a pod that its class made what it is stays unsent."""
    found = settled(policy)
    if found == NEVER:
        return {}
    return {UNSETTLED: f"!{grouped(all_of(IS_CREATE, found))}"}


def bound(policy: Policy) -> Conditions:
    """Give the conditions by which the binding of a pod is sent: whoever is no scheduler sent it.

    Of which pool its node is the API server can not know.
    """
    schedulers = listed(sorted(policy.schedulers))
    return {
        "not-a-scheduler": f"!(request.userInfo.username in {schedulers})",
        **not_exempt(policy.exempt),
    }


def not_exempt(exempt: Exemptions) -> Conditions:
    """Give a condition for each list of users or groups that is exempt."""
    users, groups = sorted(exempt.users), sorted(exempt.groups)
    found: dict[str, Expression] = {}
    if users:
        found["not-an-exempt-user"] = f"!(request.userInfo.username in {listed(users)})"
    if groups:
        exempt_groups = any_of(*(f"{literal(each)} in {_GROUPS}" for each in groups))
        found["not-an-exempt-group"] = f"!{grouped(exempt_groups)}"
    return found


def tolerates(spec: Expression, policy: Policy) -> Expression:
    """Tell whether a toleration names the key of a pool's taint, or no key at all."""
    keys = listed(("", *sorted(policy.taints)))
    return f"{spec}.?tolerations.orValue([]).exists(t, t.?key.orValue('') in {keys})"


def told(policy: Policy) -> Expression:
    """Tell whether a pod is to be warned of what no workload said and nothing refuses."""
    near = any_of(*misuses(SPEC, policy, (Mode.WARN, Mode.AUDIT)))
    needs_none = all_of(
        f"!{requests(CONTAINERS, policy)}", f"!({_has_claims(SPEC)})", grouped(near)
    )
    return any_of(requests_unlisted(CONTAINERS, policy), _unless_daemon_set(needs_none))


def misuses(spec: Expression, policy: Policy, modes: Collection[Mode]) -> tuple[Expression, ...]:
    """Give what tells whether a pod without GPUs takes what is meant for those with some.

    Only what rules in some modes look at: nobody shall wait for what is merely warned of.
    """
    found = {
        "priority-borrowed": f"{spec}.?priorityClassName.orValue('') in "
        f"{listed(sorted(policy.class_priorities))}",
        "runtime": grouped(_sees_devices(spec)),
    }
    return tuple(each for rule, each in found.items() if policy.modes[rule] in modes)


def _sees_devices(spec: Expression) -> Expression:
    """Tell whether a runtime would hand GPUs to a pod, asked for or not."""
    gives = f"has(e.valueFrom) || !(e.?value.orValue('') in {listed(sorted(NO_DEVICES))})"
    return any_of(
        f"{spec}.?runtimeClassName.orValue('') in {listed(sorted(NVIDIA_RUNTIME_CLASSES))}",
        f"({containers(spec)}).exists(c, c.?env.orValue([]).exists(e,\n"
        f"  e.name == {literal(VISIBLE_DEVICES)} && ({gives})))",
    )


def names_node(spec: Expression) -> Expression:
    """Tell whether a pod names a node; of which pool it is the API server can not know."""
    return f"{spec}.?nodeName.orValue('') != ''"


def with_labels(policy: Policy, body: Expression) -> Expression:
    """Let a condition name the `labels` of pools: written once, for a thousand have many."""
    labels = {key: sorted(values) for key, values in sorted(policy.labels.items())}
    return let("labels", mapped(labels), body)


def aims(spec: Expression) -> Expression:
    """Tell whether a pod selects or prefers one of `labels`, or a node by name.

    Labels of those who make GPUs may be a pool's too: which nodes carry them is not known here.
    """
    affinity = f"{spec}.?affinity.?nodeAffinity"
    required = grouped(any_of(_term("term"), _asks_vendors("term")))
    preferred = grouped(_term("term"))
    return any_of(
        f"{spec}.?nodeSelector.orValue({{}}).exists(k, "
        f"{spec}.nodeSelector[k] in labels[?k].orValue({{}}) || {_is_vendors('k')})",
        f"{affinity}.?{_REQUIRED}.?nodeSelectorTerms.orValue([]).exists(term, {required})",
        f"{affinity}.?{_PREFERRED}.orValue([]).map(p, p.preference).exists(term, {preferred})",
    )


def _asks_vendors(term: str) -> Expression:
    """Tell whether a node selector term asks for a label of those who make GPUs."""
    asking = listed(sorted(POSITIVE_OPERATORS))
    return (
        f"{term}.?matchExpressions.orValue([]).exists(e,\n"
        f"  e.operator in {asking} && {_is_vendors('e.key')})"
    )


def _is_vendors(key: Expression) -> Expression:
    """Tell whether a label key is of such a domain, or of one within it."""
    domains = "|".join(map(re.escape, sorted(GPU_VENDOR_DOMAINS)))
    return f"{key}.matches({literal(f'^([^/]*[.])?({domains})/')})"


def _judged(exempt: Exemptions) -> Conditions:
    return {
        "not-a-mirror-pod": f"!({_annotation('object', MIRROR_ANNOTATION)}.hasValue() && "
        f"{literal(NODES_GROUP)} in {_GROUPS})",
        **not_exempt(exempt),
    }


def _unless_daemon_set(*concerns: Expression) -> Expression:
    """Except the pods of a DaemonSet, whose controller chose the node."""
    sender = f"request.userInfo.username != {literal(DAEMON_SET_CONTROLLER)}"
    return grouped(all_of(sender, grouped(any_of(*concerns))))


def _annotation(document: Expression, key: str) -> Expression:
    return f"{document}.metadata.?annotations[?{literal(key)}]"


def _has_claims(spec: Expression) -> Expression:
    return f"size({spec}.?resourceClaims.orValue([])) > 0"


def _names_class() -> Expression:
    return f"{_annotation('object', CLASS_ANNOTATION)}.hasValue()"


def _changed(*paths: str) -> Expression:
    parts = (f"object.spec{path} != oldObject.spec{path}" for path in paths)
    return any_of(*parts)


def _lost() -> Expression:
    """Tell whether a pod with our stamp is written with other scheduling fields."""
    stamped = f"{_annotation('oldObject', STAMP_ANNOTATION)}.hasValue()"
    changed = _changed(".?tolerations", ".?affinity.?nodeAffinity", ".?priorityClassName")
    return all_of(stamped, grouped(changed))


def _placed_anew(asked: Expression) -> Expression:
    """Tell whether a pod that asks for no GPU and stays is written with another placement."""
    changed = _changed(".?nodeSelector", ".?affinity", ".?tolerations")
    return all_of("!has(object.metadata.deletionTimestamp)", grouped(changed), f"!{asked}")


def _term(term: str) -> Expression:
    """Tell whether a term asks for one of `labels`, which pools' nodes carry, or names a node."""
    known = "labels[?e.key].optMap(known, e.?values.orValue([]).exists(v, v in known))"
    others = listed(sorted(POSITIVE_OPERATORS - {"In"}))
    expression = (
        f"{term}.?matchExpressions.orValue([]).exists(e,\n"
        f"  (e.operator == 'In' && {known}.orValue(false)) ||\n"
        f"  (e.operator in {others} && e.key in labels))"
    )
    field = (
        f"{term}.?matchFields.orValue([]).exists(f,\n"
        f"  f.key == {literal(NAME_FIELD)} && f.operator == 'In')"
    )
    return any_of(expression, field)
