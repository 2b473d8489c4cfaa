"""A pod that asks for a GPU: it gets its class, whole, or is told why not."""

from webhook.core.decision import Decision, Verdict, Violation
from webhook.core.names import CLASS_ANNOTATION, DAEMON_SET_CONTROLLER
from webhook.core.pod import Pod
from webhook.core.pod_patch import compare
from webhook.core.policy.plan import ClassPlan
from webhook.core.rules import (
    contradiction,
    final,
    gpu_class,
    node_name,
    placement,
    priority,
    stamp,
    tolerations,
)
from webhook.core.subject.case import Case, Stage


def judge(case: Case) -> Decision:
    """Bring a new GPU pod to the final state of its class, or check that it is there."""
    pod, policy = case.pod, case.policy
    found = gpu_class.find(pod.annotations.get(CLASS_ANNOTATION), case.request.namespace, policy)
    if isinstance(found, Violation):
        return Decision(
            verdict=Verdict.DENY,
            reason="asks for a GPU, but gets no class",
            violations=(found, *node_name.find(pod)),
        )
    plan = found.plan
    injected, rules = inject(case, plan)
    violations = (
        *node_name.find(pod),
        *priority.find(pod, plan),
        *contradiction.find(pod, injected, plan, policy),
    )
    if case.stage is Stage.VALIDATE:
        violations += final.find(pod, injected, plan, policy.revision)
    return Decision(
        verdict=Verdict.INJECT,
        reason=found.reason,
        gpu_class=plan.name,
        patch=compare(pod, _marked(case, injected, plan)) if case.stage is Stage.MUTATE else (),
        rules=rules,
        violations=violations,
        warnings=(
            *priority.warn(pod, plan, policy.global_default),
            *placement.warn(pod, policy),
        ),
    )


def inject(case: Case, plan: ClassPlan) -> tuple[Pod, tuple[str, ...]]:
    """Give the pod in the final state of its class, and the rules that changed something.

    DaemonSet pods get the priority alone: their controller places them by its template.
    """
    if case.pod.spec.node_name:
        return case.pod, ()
    pod, rules = case.pod, []
    if case.writes(priority.NAME):
        pod = priority.inject(pod, plan, case.policy.global_default)
        if pod is not case.pod:
            rules.append(priority.NAME)
    if case.request.user_info.username == DAEMON_SET_CONTROLLER:
        return pod, tuple(rules)
    for name, rule in ((placement.NAME, placement.inject), (tolerations.NAME, tolerations.inject)):
        after = rule(pod, plan) if case.writes(name) else pod
        if after is not pod:
            rules.append(name)
        pod = after
    return pod, tuple(rules)


def _marked(case: Case, injected: Pod, plan: ClassPlan) -> Pod:
    """Write label and stamp, unless nothing may be written at all."""
    if case.pod.spec.node_name or not case.writes(placement.NAME):
        return injected
    labelled = stamp.label(injected, plan.name)
    if case.request.user_info.username == DAEMON_SET_CONTROLLER:
        return labelled
    return stamp.write(case.pod, labelled, plan.name, case.policy.revision)
