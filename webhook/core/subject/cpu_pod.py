"""A pod that asks for no GPU: kept off GPU nodes, and otherwise nobody's business."""

from msgspec.structs import replace

from webhook.core.decision import Decision, Verdict, Violation
from webhook.core.names import CLASS_ANNOTATION, DAEMON_SET_CONTROLLER
from webhook.core.pod import Pod
from webhook.core.pod_patch import compare
from webhook.core.policy.documents import BlanketToleration, CpuTarget
from webhook.core.policy.policy import Policy
from webhook.core.rules import (
    cpu_target,
    final,
    gpu_class,
    member,
    priority,
    priority_borrowed,
    runtime,
    stamp,
    steering,
)
from webhook.core.subject.case import Case, Stage, allow


def judge(case: Case) -> Decision:
    """Refuse a new CPU pod that aims at GPU nodes, steer one that only tolerates everything."""
    if case.request.user_info.username == DAEMON_SET_CONTROLLER:
        return allow("a DaemonSet pod: its controller chose the node")
    pod, policy = case.pod, case.policy
    aims = cpu_target.find(pod, policy, case.request.namespace)
    violations = aims if policy.cpu_pods.on_target is CpuTarget.DENY else ()
    warned = (
        (f"{each.path}: {each.message}" for each in aims)
        if policy.cpu_pods.on_target is CpuTarget.WARN
        else ()
    )
    refused = _refused(case)
    applied = case.untouched.then(case, steering.NAME, lambda pod: _steered(pod, policy)).then(
        case, member.NAME, lambda pod: _prioritised(case, pod)
    )
    after = applied.pod
    if case.stage is Stage.VALIDATE:
        refused += final.steered(pod, after)
    return Decision(
        verdict=Verdict.INJECT,
        reason="asks for no GPU",
        patch=compare(pod, after) if case.stage is Stage.MUTATE else (),
        rules=applied.rules,
        would_change=applied.would_change,
        violations=(
            *violations,
            *refused,
            *priority_borrowed.find(pod, policy),
            *runtime.find(pod),
        ),
        warnings=(*member.warn(pod), *cpu_target.warn(pod, policy), *warned),
    )


def _refused(case: Case) -> tuple[Violation, ...]:
    """Refuse a toleration of everything, where onBlanketToleration says Deny."""
    pod, policy = case.pod, case.policy
    if policy.cpu_pods.on_blanket_toleration is not BlanketToleration.DENY:
        return ()
    index = _blanket(pod, policy)
    if index is None:
        return ()
    return (steering.refuse(pod, index, case.request.namespace, policy.cluster),)


def _steered(pod: Pod, policy: Policy) -> Pod:
    """Keep a pod that tolerates everything off GPU nodes, where onBlanketToleration says Steer."""
    if policy.cpu_pods.on_blanket_toleration is not BlanketToleration.STEER:
        return pod
    if _blanket(pod, policy) is None:
        return pod
    after = steering.inject(pod, policy)
    if after is pod:
        return pod
    text = stamp.text(pod, after.spec, None, policy.revision)
    return replace(after, metadata=stamp.write(after.metadata, text))


def _blanket(pod: Pod, policy: Policy) -> int | None:
    return None if pod.spec.node_name else steering.reaches(pod, policy)


def _prioritised(case: Case, pod: Pod) -> Pod:
    """Give a member of a GPU workload the priority of its class, and nothing else of it."""
    if not member.is_member(pod):
        return pod
    found = gpu_class.find(
        pod.annotations.get(CLASS_ANNOTATION), case.request.namespace, case.policy
    )
    if isinstance(found, Violation):
        return pod
    return priority.inject(pod, found.plan, case.policy.global_default)
