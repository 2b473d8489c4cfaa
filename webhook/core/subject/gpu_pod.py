"""A pod that asks for a GPU: it gets its class, whole, or is told why not."""

from webhook.core.decision import Decision, Verdict, Violation
from webhook.core.names import CLASS_ANNOTATION, CLASS_LABEL, DAEMON_SET_CONTROLLER
from webhook.core.pod import Pod
from webhook.core.pod_patch import compare
from webhook.core.policy.plan import ClassPlan
from webhook.core.rules import (
    contradiction,
    final,
    gpu_class,
    node_name,
    offer,
    placement,
    priority,
    requests,
    stamp,
    tolerations,
)
from webhook.core.subject.case import Applied, Case, Stage


def judge(case: Case) -> Decision:
    """Bring a new GPU pod to the final state of its class, or check that it is there."""
    pod, policy = case.pod, case.policy
    found = _class(case)
    if isinstance(found, Violation):
        return Decision(
            verdict=Verdict.DENY,
            reason="asks for a GPU, but gets no class",
            violations=(found, *node_name.find(pod), *_requests(case)),
        )
    plan = found.plan
    applied = inject(case, plan)
    injected = applied.pod
    violations = (
        *node_name.find(pod),
        *priority.find(pod, plan),
        *contradiction.find(pod, injected, plan, policy, case.request.namespace),
        *offer.find(pod, injected, plan, policy),
        *_requests(case),
    )
    if case.stage is Stage.VALIDATE:
        violations += final.find(pod, injected, plan)
    return Decision(
        verdict=Verdict.INJECT,
        reason=found.reason,
        gpu_class=plan.name,
        patch=compare(pod, _marked(case, injected, plan)) if case.stage is Stage.MUTATE else (),
        rules=applied.rules,
        would_change=applied.would_change,
        violations=violations,
        warnings=(
            *priority.warn(pod, plan, policy.global_default),
            *placement.warn(pod, policy),
        ),
    )


def _requests(case: Case) -> tuple[Violation, ...]:
    return requests.find(case.pod, case.policy.resources, case.policy.cluster)


def _class(case: Case) -> gpu_class.Found | Violation:
    """Find the pod's class; judged afterwards, what it was given a moment ago counts."""
    pod, namespace = case.pod, case.request.namespace
    named = pod.annotations.get(CLASS_ANNOTATION)
    is_after = case.stage is Stage.VALIDATE and case.writes(placement.NAME)
    given = (pod.metadata.labels or {}).get(CLASS_LABEL) if is_after else None
    return gpu_class.find(named, namespace, case.policy, given)


def inject(case: Case, plan: ClassPlan) -> Applied:
    """Bring the pod to the final state of its class, as far as the rules' modes let it.

    DaemonSet pods get the priority alone: their controller places them by its template.
    """
    default, applied = case.policy.global_default, case.untouched
    if case.pod.spec.node_name:
        return applied
    applied = applied.then(case, priority.NAME, lambda pod: priority.inject(pod, plan, default))
    if case.request.user_info.username == DAEMON_SET_CONTROLLER:
        return applied
    return applied.then(case, placement.NAME, lambda pod: placement.inject(pod, plan)).then(
        case, tolerations.NAME, lambda pod: tolerations.inject(pod, plan)
    )


def _marked(case: Case, injected: Pod, plan: ClassPlan) -> Pod:
    """Write label and stamp, unless nothing may be written at all."""
    if case.pod.spec.node_name or not case.writes(placement.NAME):
        return injected
    labelled = stamp.label(injected, plan.name)
    if case.request.user_info.username == DAEMON_SET_CONTROLLER:
        return labelled
    return stamp.write(case.pod, labelled, plan.name, case.policy.revision)
