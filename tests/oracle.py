"""Where the scheduler may put a pod, by labels and taints: an oracle for the tests.

Written from the Kubernetes API documentation (NodeSelectorTerm, NodeSelectorRequirement,
Toleration, Taint), on plain JSON, and sharing nothing with the product.
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]
Labels: TypeAlias = Mapping[str, str]

REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


def may_land(pod: Json, labels: Labels, taints: Sequence[Json]) -> bool:
    """Tell whether labels and taints of a node let a pod be scheduled there."""
    spec = pod["spec"]
    selected = all(
        labels.get(key) == value for key, value in (spec.get("nodeSelector") or {}).items()
    )
    return selected and _affinity_admits(spec, labels) and _taints_admit(spec, taints)


def _affinity_admits(spec: Json, labels: Labels) -> bool:
    required = ((spec.get("affinity") or {}).get("nodeAffinity") or {}).get(REQUIRED)
    if not required:
        return True
    return any(_term(term, labels) for term in required.get("nodeSelectorTerms") or [])


def _term(term: Json, labels: Labels) -> bool:
    expressions = term.get("matchExpressions") or []
    return bool(expressions) and all(_expression(each, labels) for each in expressions)


def _expression(expression: Json, labels: Labels) -> bool:
    value, wanted = labels.get(expression["key"]), expression.get("values") or []
    there = value is not None
    match expression["operator"]:
        case "In":
            return there and value in wanted
        case "NotIn":
            return not (there and value in wanted)
        case "Exists":
            return there
        case "DoesNotExist":
            return not there
    raise AssertionError(expression)


def _taints_admit(spec: Json, taints: Sequence[Json]) -> bool:
    hard = [taint for taint in taints if taint["effect"] in {"NoSchedule", "NoExecute"}]
    tolerations = spec.get("tolerations") or []
    return all(any(_tolerates(each, taint) for each in tolerations) for taint in hard)


def _tolerates(toleration: Json, taint: Json) -> bool:
    if toleration.get("effect") not in (None, "", taint["effect"]):
        return False
    key, operator = toleration.get("key") or "", toleration.get("operator") or "Equal"
    if key not in ("", taint["key"]):
        return False
    if operator == "Exists":
        return True
    return key != "" and (toleration.get("value") or "") == taint.get("value", "")
