"""From a manifest to a finding: what the cluster would do with it, asked of `decide` alone.

A manifest becomes the request that the API server would send: first to the mutating webhook, then,
patched, to the validating one. The pods of a workload are asked about as its controller would
create them. Nothing is decided here; wrong types are found with their line before anybody is asked.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import msgspec

from webhook.cli import shapes
from webhook.cli.finding import Finding, PodFinding
from webhook.cli.manifests import Manifest
from webhook.core import workload
from webhook.core.decide import decide, decide_pod
from webhook.core.decision import Decision, Verdict, Violation
from webhook.core.errors import Fault, RequestError
from webhook.core.patch import JSON, Operation, apply
from webhook.core.paths import JSONObject, at, written
from webhook.core.policy.policy import Policy
from webhook.core.review import GroupVersionKind, Request, UserInfo
from webhook.core.rules import propagation
from webhook.core.subject.case import Stage
from webhook.core.template import Template
from webhook.core.workload import WorkloadKind

UID = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True, slots=True, kw_only=True)
class Requester:
    """Who sends the object; an ordinary user unless somebody else is named."""

    user: str = "gpuclass:reviewer"
    groups: tuple[str, ...] = ("system:authenticated",)


def requester(user: str | None = None, groups: Sequence[str] | None = None) -> Requester:
    """Give who sends the object: somebody named, in their groups; else an ordinary user."""
    named = Requester() if user is None else Requester(user=user)
    return replace(named, groups=tuple(groups)) if groups is not None else named


def judge(
    manifest: Manifest,
    policy: Policy,
    requester: Requester | None = None,
    old: Manifest | None = None,
) -> Finding | Fault:
    """Find what happens when a manifest is created, or written over `old`; a fault if unreadable.

    `policy` answers, `requester` asks.
    """
    row = workload.find(_group_version_kind(manifest), policy.workloads)
    wrong = shapes.check(manifest, row) or (shapes.check(old, row) if old else None)
    if wrong is not None:
        return wrong
    try:
        return _judge(manifest, _request(manifest, row, requester or Requester(), old), row, policy)
    except RequestError as error:
        return manifest.fault("", str(error))


def _judge(
    manifest: Manifest, request: Request, row: WorkloadKind | None, policy: Policy
) -> Finding:
    decision = decide(request, policy, Stage.MUTATE)
    if decision.verdict is Verdict.IGNORE:
        return Finding(manifest=manifest, verdict=Verdict.IGNORE, reason=decision.reason)
    after = apply(decision.patch, shapes.filled(manifest.value, row))
    seen = msgspec.structs.replace(request, object=_raw(after))
    if row is None:
        return _pod_finding(manifest, seen, decision, policy)
    return _workload_finding(manifest, row, seen, decision, policy)


def _group_version_kind(manifest: Manifest) -> GroupVersionKind:
    group, _, version = manifest.api_version.rpartition("/")
    return GroupVersionKind(group=group, version=version, kind=manifest.kind)


def _request(
    manifest: Manifest, row: WorkloadKind | None, requester: Requester, old: Manifest | None
) -> Request:
    return Request(
        uid=UID,
        kind=_group_version_kind(manifest),
        name=manifest.name,
        namespace=manifest.namespace,
        operation="UPDATE" if old else "CREATE",
        user_info=UserInfo(username=requester.user, groups=requester.groups),
        object=_raw(shapes.filled(manifest.value, row)),
        old_object=_raw(shapes.filled(old.value, row) if old else None),
    )


def _raw(value: JSON) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))


def _pod_finding(manifest: Manifest, seen: Request, decision: Decision, policy: Policy) -> Finding:
    """Report a bare pod. The validating webhook is asked only where one is written again.

    A new pod would still lack what plug-ins of the API server add between the two webhooks.
    """
    violations, warnings = decision.violations, decision.warnings
    audited = decision.would_refuse
    if seen.operation == "UPDATE":
        validated = decide(seen, policy, Stage.VALIDATE)
        audited = (*audited, *validated.would_refuse)
        violations, warnings = (
            (*violations, *validated.violations),
            (*warnings, *validated.warnings),
        )
    return Finding(
        manifest=manifest,
        verdict=_verdict(violations, injects=bool(decision.patch), propagate=()),
        reason=decision.reason,
        gpu_class=decision.gpu_class,
        patch=() if violations else decision.patch,
        violations=_unique(violations),
        warnings=tuple(dict.fromkeys(warnings)),
        would_change=decision.would_change,
        would_refuse=_unique(audited),
    )


def _workload_finding(
    manifest: Manifest, row: WorkloadKind, seen: Request, decision: Decision, policy: Policy
) -> Finding:
    """Report a workload: the object, and the pods that its controller would make of it."""
    after = _carried(row, seen)
    found = tuple(_pods(row, seen, after, policy))
    validated = decide(seen, policy, Stage.VALIDATE)
    of_pods = _placed(found, lambda pods: pods.violations)
    violations = _unique((*decision.violations, *of_pods))
    told = {f"its pods would be refused: {each.path}: {each.message}" for each in of_pods}
    is_refused = bool(decision.violations)
    injects = not is_refused and any(pods.patch for _, _, pods in found)
    verdict = _verdict(violations, injects=injects, propagate=decision.patch)
    is_object = is_refused or verdict is Verdict.PROPAGATE or not found
    speaking = _speaking(found)
    made = tuple(_pod_finding_of(each, after, is_refused=is_refused) for each in found)
    is_listed = workload.is_listed(row)
    single = made[0] if made and not is_listed else None
    return Finding(
        manifest=manifest,
        verdict=verdict,
        reason=decision.reason if speaking is None or is_object else speaking.reason,
        gpu_class=(speaking and speaking.gpu_class) or (decision.gpu_class if is_object else None),
        patch=decision.patch,
        pod=single.pod if single else None,
        pod_patch=single.patch if single else None,
        pods=made if is_listed else None,
        violations=violations,
        warnings=tuple(
            dict.fromkeys(
                each for each in (*decision.warnings, *validated.warnings) if each not in told
            )
        ),
        would_change=tuple(dict.fromkeys((*decision.would_change, *_would_change(found)))),
        would_refuse=_unique(
            (*decision.would_refuse, *_placed(found, lambda pods: pods.would_refuse))
        ),
    )


_Pods: TypeAlias = tuple[Template, Request, Decision]
"""A template, the request by which a pod of it would be made, and what is decided about that."""


def _pods(row: WorkloadKind, seen: Request, after: JSONObject, policy: Policy) -> Iterator[_Pods]:
    for template in workload.templates(row, after):
        if workload.is_seen(template, after):
            request = workload.pod_request(row, template, seen, after)
            yield template, request, decide_pod(request, policy, Stage.MUTATE)


def _placed(
    found: tuple[_Pods, ...], said: Callable[[Decision], tuple[Violation, ...]]
) -> tuple[Violation, ...]:
    """Give what is said of pods as what it is of their templates."""
    return tuple(
        Violation(rule=each.rule, path=template.place(each.path), message=each.message)
        for template, _, pods in found
        for each in said(pods)
    )


def _would_change(found: tuple[_Pods, ...]) -> Iterator[str]:
    for _, _, pods in found:
        yield from pods.would_change


def _speaking(found: tuple[_Pods, ...]) -> Decision | None:
    """Give the decision that speaks for a workload: the first of pods that get a class."""
    decisions = [pods for _, _, pods in found]
    with_class = (each for each in decisions if each.gpu_class)
    return next(with_class, decisions[0] if decisions else None)


def _pod_finding_of(pods: _Pods, after: JSONObject, *, is_refused: bool) -> PodFinding:
    template, request, decision = pods
    patch = () if is_refused else decision.patch
    return PodFinding(
        path=written(template.path),
        reason=decision.reason,
        gpu_class=decision.gpu_class,
        pod=workload.read(request.object) or {},
        patch=_onto_template(patch, at(after, template.path)) if template.has_metadata else patch,
    )


def _carried(row: WorkloadKind, seen: Request) -> JSONObject:
    """Give the object with its class on its template, even where that very class is refused.

    Its pods' other faults are then told at once, and none that only another class would bring.
    """
    new, old = workload.read(seen.object) or {}, workload.read(seen.old_object)
    return propagation.carry(propagation.Change(kind=row, new=new, old=old))


def _onto_template(patch: tuple[Operation, ...], template: JSON) -> tuple[Operation, ...]:
    """Make a pod's patch apply to a template too, which may have no metadata or spec."""
    for part in ("metadata", "spec"):
        if not isinstance(at(template, (part,)), dict):
            within = tuple(each for each in patch if each.path.startswith(f"/{part}/"))
            others = tuple(each for each in patch if each not in within)
            made = at(apply(within, {part: {}}), (part,))
            whole = Operation(op="add", path=f"/{part}", value=made)
            patch = (whole, *others) if within else patch
    return patch


def _unique(violations: Iterable[Violation]) -> tuple[Violation, ...]:
    """Leave out what was said already: a class that the object and its pods name alike."""
    first: dict[tuple[str, str, str], Violation] = {}
    for each in violations:
        first.setdefault((each.rule, each.path.rpartition("metadata.")[2], each.message), each)
    return tuple(first.values())


def _verdict(
    violations: tuple[Violation, ...],
    *,
    injects: bool,
    propagate: tuple[Operation, ...],
) -> Verdict:
    if violations:
        return Verdict.DENY
    if injects:
        return Verdict.INJECT
    return Verdict.PROPAGATE if propagate else Verdict.ALLOW
