"""The nested parts of a pod, written and read back in a line each: `gpu-type In production`."""

from typing import Any, TypeAlias

import msgspec

Json: TypeAlias = dict[str, Any]

REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"


def requirement(text: str) -> Json:
    """Read `key Operator value value` as a NodeSelectorRequirement."""
    key, operator, *values = text.split()
    return {"key": key, "operator": operator} | ({"values": values} if values else {})


def term(*requirements: str) -> Json:
    """Give a NodeSelectorTerm of expressions; empty without any."""
    return {"matchExpressions": [requirement(each) for each in requirements]}


def required(*terms: Json) -> Json:
    """Give an affinity that requires one of the terms."""
    return {"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": list(terms)}}}


def preferred(*terms: tuple[int, Json]) -> Json:
    """Give an affinity that prefers the terms, by weight."""
    weighted = [{"weight": weight, "preference": each} for weight, each in terms]
    return {"nodeAffinity": {PREFERRED: weighted}}


def required_of(document: Json) -> list[list[str]]:
    """Write the required terms of an object, a line a requirement."""
    selector = _node_affinity(document).get(REQUIRED) or {}
    return [_lines(each) for each in selector.get("nodeSelectorTerms") or ()]


def preferred_of(document: Json) -> list[tuple[int, list[str]]]:
    """Write the preferred terms of an object with their weights."""
    terms = _node_affinity(document).get(PREFERRED) or ()
    return [(each["weight"], _lines(each["preference"])) for each in terms]


def _node_affinity(document: Json) -> Json:
    return (document["spec"].get("affinity") or {}).get("nodeAffinity") or {}


def _lines(each: Json) -> list[str]:
    return [
        " ".join((item["key"], item["operator"], *(item.get("values") or ())))
        for part in ("matchExpressions", "matchFields")
        for item in each.get(part) or ()
    ]


def tolerations_of(document: Json) -> list[str]:
    """Write the tolerations of an object: `key=value:effect`, `key:effect` for Exists."""
    return [_toleration(each) for each in document["spec"].get("tolerations") or ()]


def _toleration(each: Json) -> str:
    value = "" if each.get("operator") == "Exists" else f"={each.get('value') or ''}"
    return f"{each.get('key') or ''}{value}:{each.get('effect') or ''}"


def priority_of(document: Json) -> tuple[object, object, object]:
    """Give the three fields that the Priority plug-in ties together."""
    spec = document["spec"]
    return spec.get("priorityClassName"), spec.get("priority"), spec.get("preemptionPolicy")


def stamp_of(document: Json) -> Json:
    """Give the stamp of a pod."""
    text = document["metadata"]["annotations"]["gpuclass.io/injected"]
    stamp: Json = msgspec.json.decode(text)
    return stamp
