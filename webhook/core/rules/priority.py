"""Rule `priority`: the priority class of the class, all three fields together.

The Priority admission plug-in ties `priorityClassName`, `priority` and `preemptionPolicy`
together and refuses a pod in which they disagree. Where the PriorityClass is known all three are
written: the plug-in then finds nothing to change, and the API server calls no webhook again. Where
it is not, the name is set and the other two are taken away for the plug-in to fill in. Where all
is right already nothing is touched: taking the number away once more would leave the pod without.

- A priority class that the author chose stays if the class lists it in
  `allowedPriorityClassNames`; any other is replaced, with a warning that names both.
- The cluster's global default was filled in by the plug-in: it counts as not chosen.
- A class without `priorityClassName` leaves the author's alone.
- `system-*` belongs to the cluster's own components: a tenant's GPU pod with it is refused.
- Where a scheduler reads the priority of a gang from its workload (`spec.workloads[].priority` of
  the GPUPolicy), another one than the class's is warned of there: gang and pods must not part.
"""

from msgspec.structs import replace

from webhook.core.decision import Violation
from webhook.core.names import SYSTEM_PREFIX
from webhook.core.patch import JSON
from webhook.core.pod import Pod
from webhook.core.policy.plan import ClassPlan
from webhook.core.policy.policy import Policy
from webhook.core.workload import WorkloadKind, texts

NAME = "priority"


def inject(pod: Pod, plan: ClassPlan, global_default: str | None) -> Pod:
    """Bring the three priority fields to the class's; the same pod where they are right."""
    target, spec = plan.priority, pod.spec
    if target is None or _keeps_own(pod, plan, global_default):
        return pod
    if target.value is None:
        if spec.priority_class_name == target.name:
            return pod
        value, preemption_policy = None, None
    else:
        value, preemption_policy = target.value, target.preemption_policy
    wanted = (target.name, value, preemption_policy)
    if wanted == (spec.priority_class_name, spec.priority, spec.preemption_policy):
        return pod
    return replace(
        pod,
        spec=replace(
            spec,
            priority_class_name=target.name,
            priority=value,
            preemption_policy=preemption_policy,
        ),
    )


def _chosen(pod: Pod, global_default: str | None) -> str | None:
    """Give the priority class that the pod's author chose, if it was one."""
    name = pod.spec.priority_class_name or None
    return None if name == global_default else name


def _keeps_own(pod: Pod, plan: ClassPlan, global_default: str | None) -> bool:
    chosen = _chosen(pod, global_default)
    return chosen is not None and (
        chosen in plan.allowed_priority_class_names or chosen.startswith(SYSTEM_PREFIX)
    )


def find(pod: Pod, plan: ClassPlan) -> tuple[Violation, ...]:
    """Refuse the priority of the cluster's own components."""
    name = pod.spec.priority_class_name or ""
    if not name.startswith(SYSTEM_PREFIX):
        return ()
    instead = f"; class {plan.name} sets {plan.priority.name}" if plan.priority else ""
    return (
        Violation(
            rule=NAME,
            path="spec.priorityClassName",
            message=f"{name} is for the cluster's own components; leave it out{instead}",
        ),
    )


def warn(pod: Pod, plan: ClassPlan, global_default: str | None) -> tuple[str, ...]:
    """Say that a priority class which the author chose is replaced."""
    chosen, target = _chosen(pod, global_default), plan.priority
    if target is None or chosen in (None, target.name) or _keeps_own(pod, plan, global_default):
        return ()
    return (
        f"spec.priorityClassName: {chosen} is replaced by {target.name} "
        f"(class {plan.name} does not list it in allowedPriorityClassNames)",
    )


def warn_gang(
    kind: WorkloadKind, document: JSON, named: str | None, policy: Policy
) -> tuple[str, ...]:
    """Say at a workload that the priority of its gang is not the one that its pods get."""
    plan = policy.classes.get(named) if named is not None else None
    if plan is None or plan.priority is None:
        return ()
    target = plan.priority.name
    return tuple(
        f"{path}: {name} is not {target}, which class {plan.name} gives its pods: "
        f"their scheduler would see two priorities; write {target}"
        for path, name in texts(document, kind.priority)
        if name != target
    )
