"""A pod that asks for no GPU: kept off GPU nodes, and otherwise nobody's business."""

from webhook.core.decision import Decision, Verdict, Violation
from webhook.core.names import CLASS_ANNOTATION, DAEMON_SET_CONTROLLER
from webhook.core.pod import Pod
from webhook.core.pod_patch import compare
from webhook.core.policy.documents import BlanketToleration, CpuTarget
from webhook.core.rules import cpu_target, final, gpu_class, member, priority, stamp, steering
from webhook.core.subject.case import Case, Stage, allow


def judge(case: Case) -> Decision:
    """Refuse a new CPU pod that aims at GPU nodes, steer one that only tolerates everything."""
    if case.request.user_info.username == DAEMON_SET_CONTROLLER:
        return allow("a DaemonSet pod: its controller chose the node")
    pod, policy = case.pod, case.policy
    aims = cpu_target.find(pod, policy)
    violations = aims if policy.cpu_pods.on_target is CpuTarget.DENY else ()
    warned = (
        (f"{each.path}: {each.message}" for each in aims)
        if policy.cpu_pods.on_target is CpuTarget.WARN
        else ()
    )
    after, rules, refused = _steered(case)
    after, prioritised = _prioritised(case, after)
    if case.stage is Stage.VALIDATE:
        refused += final.steered(pod, after, policy.revision)
    return Decision(
        verdict=Verdict.INJECT,
        reason="asks for no GPU",
        patch=compare(pod, after) if case.stage is Stage.MUTATE else (),
        rules=(*rules, *prioritised),
        violations=(*violations, *refused),
        warnings=(*member.warn(pod), *cpu_target.warn(pod, policy), *warned),
    )


def _steered(case: Case) -> tuple[Pod, tuple[str, ...], tuple[Violation, ...]]:
    """Apply onBlanketToleration: the pod, the rule if it acted, what it refuses."""
    pod, policy = case.pod, case.policy
    index = steering.reaches(pod, policy)
    if index is None or pod.spec.node_name:
        return pod, (), ()
    match policy.cpu_pods.on_blanket_toleration:
        case BlanketToleration.DENY:
            return pod, (), (steering.refuse(index),)
        case BlanketToleration.STEER if case.writes(steering.NAME):
            after = steering.inject(pod, policy)
            if after is pod:
                return pod, (), ()
            return stamp.write(pod, after, None, policy.revision), (steering.NAME,), ()
        case _:
            return pod, (), ()


def _prioritised(case: Case, pod: Pod) -> tuple[Pod, tuple[str, ...]]:
    """Give a member of a GPU workload the priority of its class, and nothing else of it."""
    if not member.is_member(pod) or not case.writes(member.NAME):
        return pod, ()
    found = gpu_class.find(
        pod.annotations.get(CLASS_ANNOTATION), case.request.namespace, case.policy
    )
    if isinstance(found, Violation):
        return pod, ()
    after = priority.inject(pod, found.plan, case.policy.global_default)
    return after, (member.NAME,) if after is not pod else ()
