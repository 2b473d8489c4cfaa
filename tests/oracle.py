"""Where the scheduler may put a pod, by labels and taints: an oracle for the tests.

Written from the Kubernetes API documentation (NodeSelectorTerm, NodeSelectorRequirement,
Toleration, Taint), on plain JSON, and sharing nothing with the product.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]
Labels: TypeAlias = Mapping[str, str]

REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


def may_run(pod: Json, node: Json) -> bool:
    """Tell whether a pod may come to run on a node.

    The scheduler is not asked about a pod that names its node, and only it heeds NoSchedule.
    """
    metadata, spec = node["metadata"], node["spec"]
    if pod["spec"].get("nodeName"):
        return bool(pod["spec"]["nodeName"] == metadata["name"])
    return may_land(pod, metadata["labels"], spec.get("taints") or [], metadata["name"])


def may_land(pod: Json, labels: Labels, taints: Sequence[Json], name: str = "node") -> bool:
    """Tell whether labels, taints and name of a node let a pod be scheduled there."""
    tolerations = pod["spec"].get("tolerations") or []
    return _selects(pod["spec"], labels, name) and not untolerated(tolerations, taints)


def is_selected(pod: Json, node: Json) -> bool:
    """Tell whether a node is what nodeSelector and required affinity of a pod ask for."""
    metadata = node["metadata"]
    return _selects(pod["spec"], metadata["labels"], metadata["name"])


def _selects(spec: Json, labels: Labels, name: str) -> bool:
    selector = spec.get("nodeSelector") or {}
    selected = all(labels.get(key) == value for key, value in selector.items())
    return selected and _affinity_admits(spec, labels, name)


def _affinity_admits(spec: Json, labels: Labels, name: str) -> bool:
    required = ((spec.get("affinity") or {}).get("nodeAffinity") or {}).get(REQUIRED)
    if required is None:
        return True
    return any(matches(term, labels, name) for term in required.get("nodeSelectorTerms") or [])


def matches(term: Json, labels: Labels, name: str = "node") -> bool:
    """Tell whether a node meets a term: every expression and field of it, and at least one."""
    expressions, fields = term.get("matchExpressions") or [], term.get("matchFields") or []
    parts = [
        *(meets(each, labels) for each in expressions),
        *(meets(each, {"metadata.name": name}) for each in fields),
    ]
    return bool(parts) and all(parts)


def meets(expression: Json, labels: Labels) -> bool:
    """Tell whether a node meets one requirement."""
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
        case "Gt" | "Lt" as operator:
            # The number that is asked for has to be a label value too: it has no sign.
            is_asked = bool(re.fullmatch(r"\d+", wanted[0], re.ASCII))
            asked, found = wanted[0], value or ""
            one, other = (found, asked) if operator == "Gt" else (asked, found)
            return there and is_asked and _is_greater(one, other, r"[+-]?\d+")
    raise AssertionError(expression)


def _is_greater(one: str, other: str, form: str) -> bool:
    """Compare as whole numbers of a form; what is none is greater than nothing."""
    both = (one, other)
    return all(re.fullmatch(form, each, re.ASCII) for each in both) and int(one) > int(other)


def untolerated(tolerations: Sequence[Json], taints: Sequence[Json]) -> list[Json]:
    """Give the taints that keep a pod with these tolerations away."""
    hard = [taint for taint in taints if taint["effect"] in {"NoSchedule", "NoExecute"}]
    return [taint for taint in hard if not any(tolerates(each, taint) for each in tolerations)]


def tolerates(toleration: Json, taint: Json) -> bool:
    """Tell whether a toleration matches a taint."""
    if toleration.get("effect") not in (None, "", taint["effect"]):
        return False
    key, operator = toleration.get("key") or "", toleration.get("operator") or "Equal"
    if key not in ("", taint["key"]):
        return False
    if operator == "Exists":
        return True
    wanted, found = toleration.get("value") or "", taint.get("value", "")
    numeric = {"Gt": (found, wanted), "Lt": (wanted, found)}
    if operator in numeric:
        return key != "" and _is_greater(*numeric[operator], r"0|-?[1-9]\d*")
    return key != "" and wanted == found
