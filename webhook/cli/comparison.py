"""What one workload meets under two policies, compared field by field.

Pure: two findings and their policies in, what differs out. Findings are `judging`'s business, and
how a difference is shown is that of `diff_report`.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import TypeAlias

import msgspec

from webhook.cli import shapes
from webhook.cli.finding import Finding
from webhook.cli.report import audited
from webhook.core.decision import Verdict
from webhook.core.patch import JSON
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

PLACEMENT = ("class", "pools", "nodes", "preferred", "tolerations", "priority")
"""What is compared of the pods of each template."""

TOLD = ("violations", "warnings", "audit")
"""What is compared of the object: what its sender is told, and what would have been."""

_NOWHERE: Mapping[str, Value] = {
    "class": None,
    "pools": (),
    "nodes": (),
    "preferred": (),
    "tolerations": (),
    "priority": None,
}
"""The placement of pods that there are none of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A field, as it was and as it would be.

    `path` is the template whose pods it is about, where a kind has several; else empty.
    """

    path: str = ""
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
    changes = [*_changes("", told(old), told(new))]
    if new.verdict is not Verdict.DENY:
        # That the pods of one that is refused have no place any more goes without saying.
        before, after = places(old, old_policy), places(new, new_policy)
        paths = dict.fromkeys((*before, *after))
        moves = (
            _changes(path, before.get(path, _NOWHERE), after.get(path, _NOWHERE)) for path in paths
        )
        changes = [*chain(*moves), *changes]
    if not changes and old.verdict is new.verdict:
        return None
    return Changed(old=old, new=new, changes=tuple(changes))


def _changes(path: str, old: Mapping[str, Value], new: Mapping[str, Value]) -> Iterator[Change]:
    for field in old:
        if old[field] != new[field]:
            yield Change(path=path, field=field, old=old[field], new=new[field])


def told(finding: Finding) -> Mapping[str, Value]:
    """Give what the sender of an object is told, and what would have been."""
    refusals = (f"{each.path}: {each.message} (rule {each.rule})" for each in finding.violations)
    told = (refusals, finding.warnings, audited(finding))
    return {name: tuple(sorted(each)) for name, each in zip(TOLD, told, strict=True)}


def places(finding: Finding, policy: Policy) -> Mapping[str, Mapping[str, Value]]:
    """Give where pods would run, by the path of their template; `policy` made the finding.

    The path is empty where a kind has one template only, or is a pod itself.
    """
    if finding.verdict in (Verdict.IGNORE, Verdict.DENY):
        return {}
    if finding.pods is None:
        return {"": _place(finding.gpu_class, finding.pod_after, policy)}
    return {each.path: _place(each.gpu_class, each.after, policy) for each in finding.pods}


def _place(gpu_class: str | None, pod: JSON, policy: Policy) -> Mapping[str, Value]:
    plan = policy.classes.get(gpu_class or "")
    spec = msgspec.convert(at(shapes.filled(pod, None), ("spec",)) or {}, PodSpec)
    affinity = (spec.affinity and spec.affinity.node_affinity) or NodeAffinity()
    return {
        "class": gpu_class,
        "pools": tuple(sorted(pool.name for pool in plan.pools)) if plan else (),
        "nodes": _nodes(affinity),
        "preferred": _preferred(affinity),
        "tolerations": tuple(sorted(map(toleration, spec.tolerations or ()))),
        "priority": _priority(spec),
    }


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
