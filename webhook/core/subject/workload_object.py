"""A workload: its annotation is carried to its templates, and its author hears of its pods."""

from collections.abc import Callable, Iterator

import msgspec
from msgspec.structs import replace

from webhook.core import origin, workload
from webhook.core.decision import Decision, Verdict
from webhook.core.patch import diff
from webhook.core.paths import JSONObject
from webhook.core.policy.documents import Mode
from webhook.core.policy.policy import Policy
from webhook.core.review import Request
from webhook.core.rules import member, priority, propagation, rollout
from webhook.core.rules.propagation import Change
from webhook.core.subject.case import Stage, allow
from webhook.core.template import Template
from webhook.core.workload import WorkloadKind

PodJudge = Callable[[Request, Policy, Stage], Decision]


def judge(
    request: Request, kind: WorkloadKind, policy: Policy, stage: Stage, judge_pod: PodJudge
) -> Decision:
    """Carry the annotation (mutate), or say what the workload's pods would meet (validate)."""
    new, old = workload.read(request.object), workload.read(request.old_object)
    if new is None:
        return allow("nothing is written")
    change = Change(kind=kind, new=new, old=old)
    after = propagation.carry(change)
    warnings = propagation.warn(change, after)
    rules = (propagation.NAME,) if after is not new or warnings else ()
    if stage is Stage.VALIDATE:
        pods = tuple(_pods(request, change, after, policy, judge_pod))
        warnings = (
            *warnings,
            *rollout.warn(change, request.namespace, policy),
            *priority.warn_gang(kind, after, change.named, policy),
            *member.warn_workload(kind, after, policy),
            *(each for place, decision in pods for each in _outlook(place, decision)),
        )
        rules = (*rules, *dict.fromkeys(rule for _, decision in pods for rule in decision.rules))
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


def _pods(
    request: Request, change: Change, after: JSONObject, policy: Policy, judge_pod: PodJudge
) -> Iterator[tuple[Template, Decision]]:
    """Decide about a pod of each template that shows what its pods are, as its namespace has it."""
    for each in workload.templates(change.kind, after):
        if workload.is_seen(each, after):
            asked = workload.pod_request(change.kind, each, request, after)
            if origin.adds(request.namespace, policy.cluster):
                pod = workload.template_pod(each, after)
                made = origin.completed(pod, request.namespace, policy.cluster)
                asked = replace(asked, object=msgspec.Raw(msgspec.json.encode(made)))
            yield each, judge_pod(asked, policy, Stage.MUTATE)


def _outlook(template: Template, pods: Decision) -> Iterator[str]:
    """Say at the workload what its pods would be told."""
    for each in pods.violations:
        yield f"its pods would be refused: {template.place(each.path)}: {each.message}"
    for warning in pods.warnings:
        yield template.placed(warning)
