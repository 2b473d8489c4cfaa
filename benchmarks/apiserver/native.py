"""A MutatingAdmissionPolicy that does the part that CEL can do, made from the compiled policy.

It brings a GPU pod to the node affinity, tolerations, priority and label of its class. It does not
stamp, warn or refuse, knows no owner's and no namespace's class, and takes a class whose pools can
be told by one alternative alone. A pod of a class that there is not is left as it is.

Data of a class is CEL, since its parts are merged with the pod's own; only that of the pod's class
is evaluated.
"""

from collections.abc import Mapping
from typing import TypeAlias

import msgspec

from benchmarks.errors import BenchmarkError
from webhook.core.names import CLASS_ANNOTATION, CLASS_LABEL, SYSTEM_PREFIX
from webhook.core.policy.plan import ClassPlan
from webhook.core.policy.policy import Policy
from webhook.core.registration.amounts import asks
from webhook.core.registration.cel import (
    Expression,
    all_of,
    either,
    grouped,
    listed,
    literal,
    value,
)

Object: TypeAlias = dict[str, object]

NAME = "native-benchmark"
API_VERSION = "admissionregistration.k8s.io/v1"

_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
_AFFINITY = "/spec/affinity/nodeAffinity"
_OWN = "object.spec.?affinity.?nodeAffinity"
_CLASS = f"object.metadata.?annotations[?{literal(CLASS_ANNOTATION)}]"


def policy_of(policy: Policy, selector: Object) -> tuple[Object, Object]:
    """Give the policy and its binding, for the namespaces that a label selector chooses."""
    spec: Object = {
        "matchConstraints": {"resourceRules": [_rule()], "namespaceSelector": selector},
        "matchConditions": [
            {"name": "asks-for-gpus", "expression": asks("object.spec", policy)},
            {"name": "has-a-class", "expression": _is_known(policy)},
        ],
        "variables": [
            {"name": name, "expression": each} for name, each in _variables(policy).items()
        ],
        "mutations": [{"patchType": "JSONPatch", "jsonPatch": {"expression": _patch()}}],
        "failurePolicy": "Fail",
        "reinvocationPolicy": "Never",
    }
    return (
        _document("MutatingAdmissionPolicy", spec),
        _document("MutatingAdmissionPolicyBinding", {"policyName": NAME}),
    )


def _document(kind: str, spec: Object) -> Object:
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": {"name": NAME}, "spec": spec}


def _rule() -> Object:
    return {
        "apiGroups": [""],
        "apiVersions": ["v1"],
        "operations": ["CREATE"],
        "resources": ["pods"],
    }


def _named(policy: Policy) -> Expression:
    return f"{_CLASS}.orValue({literal(policy.default_class or '')})"


def _is_known(policy: Policy) -> Expression:
    return f"{_named(policy)} in {listed(policy.classes)}"


def _variables(policy: Policy) -> Mapping[str, Expression]:
    """Give what the patch is made of: the class's name and its data, the pod's own terms."""
    chosen = "variables.wanted.allowed"
    return {
        "named": _named(policy),
        "wanted": _of_class([*policy.classes.values()]),
        "priority": "object.spec.?priorityClassName.orValue('')",
        "keepsOwn": f"variables.priority.startsWith({literal(SYSTEM_PREFIX)}) || "
        f"variables.priority in {chosen}",
        "terms": f"{_OWN}.?{_REQUIRED}.?nodeSelectorTerms.orValue([])",
        "preferences": f"{_OWN}.?{_PREFERRED}.orValue([])",
        "tolerations": "object.spec.?tolerations.orValue([])",
    }


def _of_class(plans: list[ClassPlan]) -> Expression:
    """Write the data of the class that is named; all are known."""
    first, *others = plans
    data = _data(first)
    for each in others:
        data = either(f"variables.named == {literal(each.name)}", _data(each), data)
    return data


def _data(plan: ClassPlan) -> Expression:
    if len(plan.alternatives) != 1:
        raise BenchmarkError(f"class {plan.name}: the native policy takes one alternative")
    priority = plan.priority
    found = {
        "affinity": plan.affinity,
        "required": plan.alternatives[0],
        "preferred": plan.preferred,
        "tolerations": plan.tolerations,
        "allowed": sorted(plan.allowed_priority_class_names),
        "priority": {
            "/spec/priorityClassName": priority.name,
            "/spec/priority": priority.value,
            "/spec/preemptionPolicy": priority.preemption_policy,
        }
        if priority
        else {},
    }
    return value(msgspec.to_builtins(found))


def _patch() -> Expression:
    """Write the operations, a part of the final state after the other."""
    affinity = either(f"{_OWN}.hasValue()", _joined(), _whole())
    parts = (affinity, _priority(), _tolerations(), _label())
    return " +\n".join(map(grouped, parts))


def _operation(path: Expression, given: Expression) -> Expression:
    return f"JSONPatch{{op: 'add', path: {path}, value: {given}}}"


def _whole() -> Expression:
    """Give a pod that has no node affinity that of its class."""
    nested = _operation("'/spec/affinity'", "{'nodeAffinity': variables.wanted.affinity}")
    beside = _operation(literal(_AFFINITY), "variables.wanted.affinity")
    return f"has(object.spec.affinity) ? [{beside}] : [{nested}]"


def _joined() -> Expression:
    """AND the class's requirements into every term of the pod's own, and add its preferences."""
    required, preferred = f"{_AFFINITY}/{_REQUIRED}", f"{_AFFINITY}/{_PREFERRED}"
    place = f"{literal(f'{required}/nodeSelectorTerms/')} + string(i) + '/matchExpressions/-'"
    narrowed = (
        "lists.range(size(variables.terms)).filter(i, has(variables.terms[i].matchExpressions))"
        ".map(i,\n  variables.wanted.required.filter(r, "
        "!variables.terms[i].matchExpressions.exists(e, e.key == r.key &&\n"
        "    e.operator == r.operator && e.?values.orValue([]).all(v, v in r.values)))"
        f"\n  .map(r, {_operation(place, 'r')})).flatten()"
    )
    terms = _operation(literal(required), f"variables.wanted.affinity.{_REQUIRED}")
    missing = "variables.wanted.preferred.filter(p, !variables.preferences.exists(o, o == p))"
    appended = f"{missing}.map(p, {_operation(literal(f'{preferred}/-'), 'p')})"
    first = f"[{_operation(literal(preferred), 'variables.wanted.preferred')}]"
    first = f"size(variables.wanted.preferred) == 0 ? [] : {first}"
    return " +\n".join(
        (
            grouped(either("size(variables.terms) > 0", narrowed, f"[{terms}]")),
            grouped(either("size(variables.preferences) > 0", appended, first)),
        )
    )


def _priority() -> Expression:
    """Write the three fields of a priority together, unless the pod may keep its own."""
    written = "variables.wanted.priority.map(path, "
    written += f"{_operation('path', 'variables.wanted.priority[path]')})"
    return either("variables.keepsOwn", "[]", written)


def _tolerations() -> Expression:
    """Add the tolerations whose taints the pod does not tolerate for good; a list is there."""
    covers = all_of(
        "!(has(o.tolerationSeconds) && t.effect == 'NoExecute')",
        "(o.?effect.orValue('') in ['', string(t.effect)])",
        "(o.?key.orValue('') in ['', string(t.key)])",
        "(o.?operator.orValue('Equal') == 'Exists' || o.?value.orValue('') == t.value)",
    )
    missing = f"variables.wanted.tolerations.filter(t, !variables.tolerations.exists(o,\n{covers}))"
    return f"{missing}.map(t, {_operation(literal('/spec/tolerations/-'), 't')})"


def _label() -> Expression:
    """Write the class's label, into labels that may not be there."""
    path = literal(f"/metadata/labels/{CLASS_LABEL.replace('/', '~1')}")
    empty = _operation("'/metadata/labels'", "{}")
    return (
        f"(has(object.metadata.labels) ? [] : [{empty}]) +\n[{_operation(path, 'variables.named')}]"
    )
