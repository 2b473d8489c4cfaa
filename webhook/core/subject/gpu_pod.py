"""A pod that asks for a GPU: it gets its class, whole, or is told why not."""

from collections.abc import Iterable

from webhook.core.decision import Decision, Verdict, Violation
from webhook.core.final_state import FinalState, placed
from webhook.core.names import (
    CLASS_ANNOTATION,
    CLASS_LABEL,
    DAEMON_SET_CONTROLLER,
    STAMP_ANNOTATION,
)
from webhook.core.patch import Operation
from webhook.core.pod_patch import compare_specs, write_entries
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


def judge(case: Case, wanted: Iterable[str]) -> Decision:
    """Bring a new GPU pod to the final state of its class, or check that it is there.

    `wanted` are the extended resources that its containers ask for.
    """
    pod, policy = case.pod, case.policy
    found = _class(case)
    if isinstance(found, Violation):
        return Decision(
            verdict=Verdict.DENY,
            reason="asks for a GPU, but gets no class",
            violations=(found, *node_name.find(pod), *_requests(case)),
        )
    plan, state = found.plan, _final_state(case, found.plan)
    injected = state.of(pod)
    violations = (
        *node_name.find(pod),
        *priority.find(pod, plan),
        *contradiction.find(pod, injected, plan, policy, case.request.namespace),
        *offer.find(pod, wanted, injected, plan, policy),
        *_requests(case),
    )
    if case.stage is Stage.VALIDATE:
        violations += final.find(pod, injected, plan)
    return Decision(
        verdict=Verdict.INJECT,
        reason=found.reason,
        gpu_class=plan.name,
        patch=_patch(case, plan, state) if case.stage is Stage.MUTATE else (),
        rules=state.rules,
        would_change=state.would_change,
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


def _final_state(case: Case, plan: ClassPlan) -> FinalState:
    """Give what the class makes of the pod; remembered, unless it depends on more than usual."""
    pod, is_placed = case.pod, _is_placed_by_its_controller(case)
    if pod.spec.node_name or STAMP_ANNOTATION in pod.annotations:
        return _worked_out(case, plan)
    how = (plan.name, case.stage, is_placed)
    size = len(case.request.object)
    return case.policy.remembered.get(pod.spec, size, how, lambda: _worked_out(case, plan))


def _worked_out(case: Case, plan: ClassPlan) -> FinalState:
    pod, applied = case.pod, _injected(case, plan)
    spec = applied.pod.spec
    return FinalState(
        placed=placed(spec),
        operations=compare_specs(pod.spec, spec),
        rules=applied.rules,
        would_change=applied.would_change,
        stamp=stamp.text(pod, spec, plan.name, case.policy.revision),
    )


def _injected(case: Case, plan: ClassPlan) -> Applied:
    """Bring the pod to the final state of its class, as far as the rules' modes let it.

    DaemonSet pods get the priority alone: their controller places them by its template.
    """
    default, applied = case.policy.global_default, case.untouched
    if case.pod.spec.node_name:
        return applied
    applied = applied.then(case, priority.NAME, lambda pod: priority.inject(pod, plan, default))
    if _is_placed_by_its_controller(case):
        return applied
    return applied.then(case, placement.NAME, lambda pod: placement.inject(pod, plan)).then(
        case, tolerations.NAME, lambda pod: tolerations.inject(pod, plan)
    )


def _is_placed_by_its_controller(case: Case) -> bool:
    return case.request.user_info.username == DAEMON_SET_CONTROLLER


def _patch(case: Case, plan: ClassPlan, state: FinalState) -> tuple[Operation, ...]:
    """Give the patch to the final state, with label and stamp if anything may be written at all."""
    if case.pod.spec.node_name or not case.writes(placement.NAME):
        return state.operations
    stamped = not _is_placed_by_its_controller(case)
    marks = write_entries(
        case.pod.metadata,
        labels={CLASS_LABEL: plan.name},
        annotations={STAMP_ANNOTATION: state.stamp} if stamped else {},
    )
    return (*marks, *state.operations)
