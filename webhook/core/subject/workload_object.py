"""A workload: its annotation is carried to its template, and its author hears of its pods."""

from collections.abc import Callable, Iterator

from webhook.core import workload
from webhook.core.decision import Decision, Verdict
from webhook.core.patch import diff
from webhook.core.policy.documents import Mode
from webhook.core.policy.policy import Policy
from webhook.core.review import Request
from webhook.core.rules import propagation, rollout
from webhook.core.subject.case import Stage, allow
from webhook.core.workload import WorkloadKind

PodJudge = Callable[[Request, Policy, Stage], Decision]


def judge(
    request: Request, kind: WorkloadKind, policy: Policy, stage: Stage, judge_pod: PodJudge
) -> Decision:
    """Carry the annotation (mutate), or say what the workload's pods would meet (validate)."""
    new, old = workload.read(request.object), workload.read(request.old_object)
    if new is None:
        return allow("nothing is written")
    change = propagation.Change(kind=kind, new=new, old=old)
    after = propagation.carry(change)
    warnings = propagation.warn(change)
    rules = (propagation.NAME,) if after is not new or warnings else ()
    if stage is Stage.VALIDATE:
        pods = judge_pod(workload.pod_request(kind, request, after), policy, Stage.MUTATE)
        warnings = (
            *warnings,
            *rollout.warn(change, request.namespace, policy),
            *_outlook(kind, pods),
        )
        rules = (*rules, *pods.rules)
    mutates = stage is Stage.MUTATE and after is not new
    writes = mutates and propagation.NAME in policy.writing
    audits = mutates and policy.modes[propagation.NAME] is Mode.AUDIT
    named = change.named
    return Decision(
        verdict=Verdict.PROPAGATE,
        reason=f"names class {named}" if named else "names no class",
        gpu_class=named if named in policy.classes else None,
        patch=diff(new, after) if writes else (),
        rules=rules,
        would_change=(propagation.NAME,) if audits else (),
        violations=propagation.find(change, request.namespace, policy),
        warnings=warnings,
    )


def _outlook(kind: WorkloadKind, pods: Decision) -> Iterator[str]:
    """Say at the workload what its pods would be told."""
    place = ".".join(kind.template)
    for violation in pods.violations:
        yield f"its pods would be refused: {place}.{violation.path}: {violation.message}"
    for warning in pods.warnings:
        joint = "." if warning.startswith(("metadata.", "spec.")) else ": "
        yield f"{place}{joint}{warning}"
