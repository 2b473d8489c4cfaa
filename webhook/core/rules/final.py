"""The validating half: a GPU pod must be in the final state of its class.

Injection is idempotent, so the final state is recognised by injecting once more: what that would
still change is what is missing, whoever took it away (a webhook after ours, a pod that came while
we were not registered). The priority's number must be set. What a policy that was in force a
moment ago makes of a pod is final too (`decide`).
"""

from webhook.core.decision import Decision, Violation
from webhook.core.pod import Pod
from webhook.core.policy.plan import ClassPlan
from webhook.core.rules import placement, priority, steering, tolerations

_MISSING = (
    "is not what class {name} makes of it: another admission webhook changed the pod after "
    "gpuclass, or it was not sent to gpuclass for mutation; look at the webhook configurations"
)


_MUTATED = frozenset(
    {
        "class",
        "contradiction",
        "node-name",
        "placement",
        "priority",
        "requests",
        "steering",
        "tolerations",
    }
)
"""Rules that mutation judges by first: what they refuse was let through by the policy then."""


def is_missed(decision: Decision) -> bool:
    """Tell whether a pod is refused for nothing but what mutation has to do with."""
    return not decision.allowed and all(each.rule in _MUTATED for each in decision.violations)


def find(pod: Pod, injected: Pod, plan: ClassPlan) -> tuple[Violation, ...]:
    """Refuse what `injected`, the pod after one more injection, has and `pod` has not."""
    return (*_unfinished(pod, injected, plan), *_unnumbered(pod, plan))


def _unfinished(pod: Pod, injected: Pod, plan: ClassPlan) -> tuple[Violation, ...]:
    had, has = pod.spec, injected.spec
    changed = (
        (placement.NAME, "spec.affinity.nodeAffinity", had.affinity != has.affinity),
        (tolerations.NAME, "spec.tolerations", had.tolerations != has.tolerations),
        (
            priority.NAME,
            "spec.priorityClassName",
            had.priority_class_name != has.priority_class_name,
        ),
    )
    message = _MISSING.format(name=plan.name)
    return tuple(
        Violation(rule=rule, path=path, message=message) for rule, path, is_so in changed if is_so
    )


def steered(pod: Pod, injected: Pod) -> tuple[Violation, ...]:
    """Refuse a CPU pod that had to be steered off GPU nodes and is not."""
    if pod.spec.affinity == injected.spec.affinity:
        return ()
    return (
        Violation(
            rule=steering.NAME,
            path="spec.affinity.nodeAffinity",
            message="does not keep the pod off GPU nodes, which it tolerates without asking for a "
            "GPU: another admission webhook changed it after gpuclass, or it was not sent to "
            "gpuclass for mutation; look at the webhook configurations",
        ),
    )


def _unnumbered(pod: Pod, plan: ClassPlan) -> tuple[Violation, ...]:
    if pod.spec.priority is not None:
        return ()
    return (
        Violation(
            rule=priority.NAME,
            path="spec.priority",
            message=f"is not set, so a pod of class {plan.name} would count as priority 0; "
            "another admission webhook took it away: look at the webhook configurations",
        ),
    )
