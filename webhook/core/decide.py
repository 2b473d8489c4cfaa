"""The decision: one pure function answers the webhook, the command line and the tests.

pod       exempt? -> written again? -> asks for a GPU? -> its class, whole
                                                   no  -> kept off GPU nodes
workload  exempt? -> its annotation to its template; what its pods would meet, as warnings
node      registers? -> claimed by a pool -> its labels and taints
binding   exempt? -> sent by a scheduler? -> of a pod to which node
document  of our own kinds: sound beside the others?
"""

import msgspec
from msgspec.structs import replace

from webhook.core import workload
from webhook.core.decision import Decision, Verdict
from webhook.core.errors import RequestError
from webhook.core.names import API_GROUP
from webhook.core.pod import Pod
from webhook.core.policy.documents import Mode
from webhook.core.policy.policy import Policy
from webhook.core.policy.resources import Need, wanted
from webhook.core.review import UNREADABLE, GroupVersionKind, Request
from webhook.core.rules import exemption, final, stamp
from webhook.core.subject import (
    binding,
    cpu_pod,
    document,
    gpu_pod,
    node,
    pod_update,
    unlisted,
    workload_object,
)
from webhook.core.subject.case import Case, Stage, allow, enforce

_decode_pod = msgspec.json.Decoder(Pod).decode

WRITES = ("CREATE", "UPDATE")


def decide(request: Request, policy: Policy, stage: Stage) -> Decision:
    """Decide about one request under one policy; raise RequestError for an unreadable object."""
    if request.kind.group == API_GROUP and not request.sub_resource:
        return _decide_document(request, policy)
    if policy.mode is Mode.OFF:
        return allow("the policy's mode is Off")
    if request.operation not in WRITES or not _places(request):
        return allow(f"{request.operation} of {request.sub_resource or 'an object'} places nothing")
    try:
        return _decide_written(request, policy, stage)
    except UNREADABLE as error:
        raise RequestError(f"the {request.kind.kind} can not be read: {error}") from error


def _places(request: Request) -> bool:
    return not request.sub_resource or binding.is_binding(request) or node.is_status(request)


def _decide_written(request: Request, policy: Policy, stage: Stage) -> Decision:
    """Decide by the kind of what is written; UNREADABLE is raised as it comes."""
    if _is_pod(request.kind):
        return decide_pod(request, policy, stage)
    if binding.is_binding(request):
        return _decide_binding(request, policy)
    kind = workload.find(request.kind, policy.workloads)
    if kind is not None:
        return _decide_workload(request, kind, policy, stage)
    if node.is_node(request.kind):
        decision = node.judge(request, policy, stage)
        return enforce(decision, policy) if decision.violations else decision
    return Decision(verdict=Verdict.IGNORE, reason=f"kind {request.kind.kind} has no pod template")


def _decide_document(request: Request, policy: Policy) -> Decision:
    """Judge a document in every mode: Off must be left by a sound one."""
    try:
        return document.judge(request, policy.documents)
    except UNREADABLE as error:
        raise RequestError(f"the {request.kind.kind} can not be read: {error}") from error


def _decide_binding(request: Request, policy: Policy) -> Decision:
    exempt = exemption.find(request, {}, policy.exempt)
    return allow(exempt) if exempt else enforce(binding.judge(request, policy), policy)


def decide_pod(request: Request, policy: Policy, stage: Stage) -> Decision:
    """Decide about a pod, or about a template taken as one.

    A policy that is swapped between mutation and validation is no reason to refuse: a pod is let in
    that is what one in force a moment ago makes of it. One that another replica's policy made what
    it is may have to be looked at again.
    """
    pod = _decode_pod(request.object)
    decision = _decide_pod(request, pod, policy, stage)
    if stage is Stage.MUTATE or request.operation != "CREATE" or not final.is_missed(decision):
        return decision
    for former in policy.former:
        other = _decide_pod(request, pod, former.knowing(policy.cluster), stage)
        if other.allowed:
            return other
    known = {policy.revision, *(each.revision for each in policy.former)}
    revision = stamp.unknown_revision(pod, known)
    return decision if revision is None else _of_another(decision, revision)


def _of_another(decision: Decision, revision: str) -> Decision:
    """Say that a refused pod was made by a policy that is not here, yet or any more."""
    warning = f"revision {revision} of the policy made the pod so, and this server has not got it"
    return replace(decision, warnings=(*decision.warnings, f"{warning}: try again"), early=True)


def _decide_pod(request: Request, pod: Pod, policy: Policy, stage: Stage) -> Decision:
    exempt = exemption.find(request, pod.annotations, policy.exempt)
    if exempt:
        return allow(exempt)
    return enforce(_judge_pod(Case(request=request, pod=pod, policy=policy, stage=stage)), policy)


def _judge_pod(case: Case) -> Decision:
    if case.request.operation == "UPDATE":
        return pod_update.judge(case, _decode_pod(case.request.old_object))
    policy, found = case.policy, wanted(case.pod)
    asked = policy.resources.asked_by(found, case.pod, case.request.namespace, policy.cluster)
    if asked.need is Need.GPU:
        return gpu_pod.judge(case, found)
    if asked.need is Need.NOTHING:
        return cpu_pod.judge(case)
    return unlisted.judge(case, asked)


def _decide_workload(
    request: Request, kind: workload.WorkloadKind, policy: Policy, stage: Stage
) -> Decision:
    exempt = exemption.find(request, {}, policy.exempt)
    if exempt:
        return allow(exempt)
    decision = workload_object.judge(request, kind, policy, stage, decide_pod)
    return enforce(decision, policy)


def _is_pod(kind: GroupVersionKind) -> bool:
    return kind.kind == "Pod" and not kind.group
