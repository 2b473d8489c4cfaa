"""What the scheduler's filters say of labels and taints, as pure functions.

Sources: core/v1 NodeSelectorRequirement, Toleration and Taint, and the scheduler's NodeAffinity
and TaintToleration plug-ins. It knows nothing of pools, classes or policies.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Protocol

from webhook.core.names import GPU_VENDOR_DOMAINS
from webhook.core.pod import NodeSelectorRequirement, NodeSelectorTerm, Toleration

HARD_EFFECTS = frozenset({"NoSchedule", "NoExecute"})
"""Effects that keep a pod away; PreferNoSchedule only makes a node less liked."""

POSITIVE_OPERATORS = frozenset({"In", "Exists", "Gt", "Lt"})
"""Operators that ask for a label; NotIn and DoesNotExist ask for its absence."""

NAME_FIELD = "metadata.name"
"""The one field that matchFields may ask for."""

_NOT_THERE = frozenset({"false", "0"})
"""Values of a vendor's label that say that there is no GPU."""

_WHOLE = re.compile(r"[+-]?[0-9]+")
_DECIMAL = re.compile(r"0|-?[1-9][0-9]*")
"""What tolerations compare (KEP-5471): no leading zeros, no plus."""
_DIGITS = re.compile(r"[0-9]+")
"""What node affinity compares with: a number that is a label value too, so it has no sign."""
_WHOLE_LENGTH = 63
"""Characters of a label value; a longer text is no number that a node carries."""


class Taint(Protocol):
    """core/v1 Taint, whatever carries it."""

    @property
    def key(self) -> str:
        """The taint's key."""

    @property
    def value(self) -> str:
        """The taint's value, empty where it has none."""

    @property
    def effect(self) -> str:
        """NoSchedule, PreferNoSchedule or NoExecute."""


def written(taint: Taint) -> str:
    """Write a taint as kubectl does: `nvidia.com/gpu=present:NoSchedule`."""
    return (
        f"{taint.key}={taint.value}:{taint.effect}"
        if taint.value
        else f"{taint.key}:{taint.effect}"
    )


def vendors_mark(labels: Mapping[str, str]) -> str:
    """Give a label by which a vendor's tools say that a node has a GPU, else nothing."""
    for key, value in sorted(labels.items()):
        if key.partition("/")[0] in GPU_VENDOR_DOMAINS and value not in _NOT_THERE:
            return f"{key}={value}"
    return ""


def is_blanket(toleration: Toleration) -> bool:
    """Tell whether a toleration names no key, and so tolerates every taint of its effect."""
    return not toleration.key and toleration.operator == "Exists"


def tolerates(toleration: Toleration, taint: Taint) -> bool:
    """Tell whether a toleration covers a taint (core/v1 Toleration.ToleratesTaint)."""
    if toleration.effect and toleration.effect != taint.effect:
        return False
    if toleration.key and toleration.key != taint.key:
        return False
    operator = toleration.operator or "Equal"
    if operator == "Exists":
        return True
    if not toleration.key:
        return False
    value = toleration.value or ""
    if operator == "Equal":
        return value == taint.value
    return _compare(_whole(taint.value, _DECIMAL), operator, _whole(value, _DECIMAL))


def _compare(found: int | None, operator: str, wanted: int | None) -> bool:
    """Compare as Gt and Lt do: both sides numbers, else no match."""
    if found is None or wanted is None:
        return False
    return found > wanted if operator == "Gt" else operator == "Lt" and found < wanted


def _whole(text: str, form: re.Pattern[str]) -> int | None:
    """Read a number of 64 bits as Go does: `int` also takes `1_0`, spaces and any size."""
    if len(text) > _WHOLE_LENGTH or not form.fullmatch(text):
        return None
    number = int(text)
    return number if -(2**63) <= number < 2**63 else None


def tolerates_all(tolerations: Iterable[Toleration], taints: Iterable[Taint]) -> bool:
    """Tell whether no hard taint is left that no toleration covers."""
    given = tuple(tolerations)
    return all(
        taint.effect not in HARD_EFFECTS or any(tolerates(each, taint) for each in given)
        for taint in taints
    )


def satisfies(labels: Mapping[str, str], requirement: NodeSelectorRequirement) -> bool:
    """Tell whether a node with just these labels meets one requirement."""
    value = labels.get(requirement.key)
    wanted = requirement.values or ()
    match requirement.operator:
        case "In":
            return value is not None and value in wanted
        case "NotIn":
            return value is None or value not in wanted
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case operator:
            if value is None or len(wanted) != 1:
                return False
            return _compare(_whole(value, _WHOLE), operator, _whole(wanted[0], _DIGITS))


def may_satisfy(labels: Mapping[str, str], term: NodeSelectorTerm) -> bool:
    """Tell whether some node that has these labels among others may meet a term.

    A key that `labels` lacks is unknown, so its requirement may be met; an empty term never is.
    """
    expressions = term.match_expressions or ()
    if not expressions and not term.match_fields:
        return False
    return all(each.key not in labels or satisfies(labels, each) for each in expressions)


def meets(labels: Mapping[str, str], name: str, term: NodeSelectorTerm) -> bool:
    """Tell whether a node with this name and just these labels meets a term."""
    expressions, fields = term.match_expressions or (), term.match_fields or ()
    if not expressions and not fields:
        return False
    named = {NAME_FIELD: name}
    return all(satisfies(labels, each) for each in expressions) and all(
        satisfies(named, each) for each in fields
    )
