"""What one workload meets under two policies, compared field by field.

Pure: two findings and their policies in, what differs out. Findings are `judging`'s business, and
how a difference is shown is that of `diff_report`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import msgspec

from webhook.cli import shapes
from webhook.cli.finding import Finding
from webhook.cli.report import audited
from webhook.core.decision import Verdict
from webhook.core.paths import at
from webhook.core.pod import (
    NodeAffinity,
    NodeSelectorRequirement,
    NodeSelectorTerm,
    PodSpec,
    Toleration,
)
from webhook.core.policy.policy import Policy

Value: TypeAlias = str | tuple[str, ...] | None
"""A field's value: text, a list of texts in no order, or None where there is none."""

FIELDS = (
    "class",
    "pools",
    "nodes",
    "preferred",
    "tolerations",
    "priority",
    "violations",
    "warnings",
    "audit",
)
"""What is compared beside the verdict, in the order in which it is shown."""

_OF_REFUSED = ("violations", "warnings", "audit")
"""Fields of a workload that is refused: that its pods have no place then goes without saying."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A field, as it was and as it would be."""

    field: str
    old: Value
    new: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """A workload that the policies treat otherwise: both findings, and what differs."""

    old: Finding
    new: Finding
    changes: tuple[Change, ...]

    @property
    def is_newly_refused(self) -> bool:
        """Tell whether it is refused now and was not."""
        return self.new.verdict is Verdict.DENY and self.old.verdict is not Verdict.DENY

    @property
    def is_newly_admitted(self) -> bool:
        """Tell whether it was refused and is not any more."""
        return self.old.verdict is Verdict.DENY and self.new.verdict is not Verdict.DENY


def compare(old: Finding, old_policy: Policy, new: Finding, new_policy: Policy) -> Changed | None:
    """Compare two findings about one manifest; None where nothing differs.

    The order of lists does not count, nor do the phrase of the reason and the policy's revision.
    """
    before, after = describe(old, old_policy), describe(new, new_policy)
    compared = _OF_REFUSED if new.verdict is Verdict.DENY else FIELDS
    changes = tuple(
        Change(field=field, old=before[field], new=after[field])
        for field in compared
        if before[field] != after[field]
    )
    if not changes and old.verdict is new.verdict:
        return None
    return Changed(old=old, new=new, changes=changes)


def describe(finding: Finding, policy: Policy) -> Mapping[str, Value]:
    """Give the fields of a finding that are compared; `policy` made it."""
    plan = policy.classes.get(finding.gpu_class or "")
    spec = _spec(finding)
    affinity = (spec.affinity and spec.affinity.node_affinity) or NodeAffinity()
    return {
        "class": finding.gpu_class,
        "pools": tuple(sorted(pool.name for pool in plan.pools)) if plan else (),
        "nodes": _nodes(affinity),
        "preferred": _preferred(affinity),
        "tolerations": tuple(sorted(map(toleration, spec.tolerations or ()))),
        "priority": _priority(spec),
        "violations": tuple(
            sorted(f"{each.path}: {each.message} (rule {each.rule})" for each in finding.violations)
        ),
        "warnings": tuple(sorted(finding.warnings)),
        "audit": tuple(sorted(audited(finding))),
    }


def _spec(finding: Finding) -> PodSpec:
    """Give the pod as it would be stored; an empty one of a kind that has none, or is refused."""
    if finding.verdict in (Verdict.IGNORE, Verdict.DENY):
        return PodSpec()
    spec = at(shapes.filled(finding.pod_after, None), ("spec",))
    return msgspec.convert(spec or {}, PodSpec)


def _nodes(affinity: NodeAffinity) -> tuple[str, ...]:
    """Give what nodes have to meet: one text for each ORed term."""
    selector = affinity.required_during_scheduling_ignored_during_execution
    return tuple(sorted(map(term, (selector and selector.node_selector_terms) or ())))


def _preferred(affinity: NodeAffinity) -> tuple[str, ...]:
    terms = affinity.preferred_during_scheduling_ignored_during_execution or ()
    return tuple(sorted(f"{each.weight}: {term(each.preference)}" for each in terms))


def term(written: NodeSelectorTerm) -> str:
    """Write a term as `kubectl --selector` takes it: `a=b,gpu-type in (x,y),!c`."""
    requirements = (*(written.match_expressions or ()), *(written.match_fields or ()))
    return ",".join(map(requirement, requirements)) or "no node"


def requirement(written: NodeSelectorRequirement) -> str:
    """Write one requirement as `kubectl --selector` takes it; the order of values is not kept."""
    key, values = written.key, sorted(written.values or ())
    match written.operator:
        case "In" if len(values) == 1:
            return f"{key}={values[0]}"
        case "NotIn" if len(values) == 1:
            return f"{key}!={values[0]}"
        case "In" | "NotIn":
            return f"{key} {written.operator.lower()} ({_listed(values)})"
        case "Exists":
            return key
        case "DoesNotExist":
            return f"!{key}"
        case _:
            return f"{key} {written.operator} {_listed(values)}"


def _listed(values: Iterable[str]) -> str:
    return ",".join(values)


def toleration(written: Toleration) -> str:
    """Write a toleration as the taint that it answers: `gpu-type=training:NoSchedule`."""
    key = written.key or "*"
    value = "" if written.operator == "Exists" else f"={written.value or ''}"
    effect = f":{written.effect}" if written.effect else ""
    seconds = written.toleration_seconds
    return f"{key}{value}{effect}{'' if seconds is None else f' for {seconds}s'}"


def _priority(spec: PodSpec) -> str | None:
    """Give the priority class, and where they are known its value and who may be evicted."""
    known = [str(each) for each in (spec.priority, spec.preemption_policy) if each is not None]
    if not spec.priority_class_name and not known:
        return None
    return " ".join(
        [spec.priority_class_name or "no class", *([f"({', '.join(known)})"] * bool(known))]
    )
