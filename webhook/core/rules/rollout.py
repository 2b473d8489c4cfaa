"""Rule `rollout`: what a new class means for pods that run already, said at the write.

- A Deployment that rolls with a surge needs a free GPU for each new pod beside the old one: where
  the pool has none left, the roll waits (`maxSurge: 0` replaces in place).
- A StatefulSet with ordered pods keeps a pod that never became ready, whatever its template says.
- Pods of a DaemonSet are placed by its controller, by the template: what the class would give,
  tolerations and the nodes of its pools and no others, has to be written there. Such pods are not
  refused: the controller makes them in batches, and one refusal holds up those of other nodes.
"""

from webhook.core.names import DAEMON_SET_CONTROLLER
from webhook.core.nodes import satisfies
from webhook.core.paths import at
from webhook.core.pod import NodeSelectorRequirement, Pod
from webhook.core.policy.documents import GPUNodePool, Placement
from webhook.core.policy.plan import ClassPlan, labels_of
from webhook.core.policy.policy import Policy
from webhook.core.rules import gpu_class, tolerations
from webhook.core.rules.placement import required_terms
from webhook.core.rules.propagation import Change
from webhook.core.workload import template_pod

NAME = "rollout"


def warn(change: Change, namespace: str, policy: Policy) -> tuple[str, ...]:
    """Say what the author of a workload may not expect."""
    kind = change.kind.kind
    if change.kind.creator == DAEMON_SET_CONTROLLER:
        pods = (template_pod(each, change.new) for each in change.templates)
        return tuple(each for pod in pods for each in _placed(pod, change, namespace, policy))
    if change.old is None or change.named in (None, change.before):
        return ()
    if change.kind.group != "apps":
        return ()
    if kind == "StatefulSet" and at(change.new, ("spec", "podManagementPolicy")) != "Parallel":
        return (
            "a StatefulSet with ordered pods keeps a pod that is not ready, with its old class; "
            "delete such a pod by hand",
        )
    return _surging(change) if kind == "Deployment" else ()


def _surging(change: Change) -> tuple[str, ...]:
    strategy = at(change.new, ("spec", "strategy"))
    if at(strategy, ("type",)) == "Recreate":
        return ()
    if at(strategy, ("rollingUpdate", "maxSurge")) in (0, "0", "0%"):
        return ()
    return (
        "its pods roll now, each new one beside an old one: a pool without a free GPU makes the "
        "roll wait; spec.strategy.rollingUpdate.maxSurge 0 replaces in place",
    )


def _placed(pod: Pod, change: Change, namespace: str, policy: Policy) -> tuple[str, ...]:
    """Warn of GPU pods of a DaemonSet whose template does not keep to the nodes of their class."""
    if not policy.resources.is_asked(pod, namespace, policy.cluster):
        return ()
    found = gpu_class.find(change.template or change.named, namespace, policy)
    if not isinstance(found, gpu_class.Found):
        return ()
    return _untolerating(pod, found.plan) or _straying(pod, found.plan, policy)


def _untolerating(pod: Pod, plan: ClassPlan) -> tuple[str, ...]:
    after = tolerations.inject(pod, plan)
    missing = (after.spec.tolerations or ())[len(pod.spec.tolerations or ()) :]
    if not missing:
        return ()
    taints = ", ".join(f"{each.key}={each.value or ''}:{each.effect}" for each in missing)
    return (
        f"pods of a DaemonSet are placed by its controller: write tolerations for {taints} "
        f"into spec.template.spec.tolerations, class {plan.name} can not add them",
    )


def _straying(pod: Pod, plan: ClassPlan, policy: Policy) -> tuple[str, ...]:
    if plan.placement is not Placement.REQUIRED:
        return ()
    opened = policy.reach.opened_by(pod.spec.tolerations or ())
    others = [pool for pool in opened if pool not in plan.pools]
    reached = ", ".join(pool.name for pool in others if _may_run_on(pool, pod, policy))
    if not reached:
        return ()
    wanted = " or ".join(
        " and ".join(f"{each.key} In [{', '.join(each.values or ())}]" for each in alternative)
        for alternative in plan.alternatives
    )
    return (
        f"pods of a DaemonSet are placed by its controller: these run on nodes of {reached} too, "
        f"which class {plan.name} does not have; require {wanted} in spec.template.spec.affinity",
    )


def _may_run_on(pool: GPUNodePool, pod: Pod, policy: Policy) -> bool:
    """Tell whether a pool's labels take a pod; none is there that only other pools declare."""
    selector = [
        NodeSelectorRequirement(key=key, operator="In", values=(value,))
        for key, value in (pod.spec.node_selector or {}).items()
    ]
    terms = [(*selector, *(term.match_expressions or ())) for term in required_terms(pod)]
    labels = labels_of(pool)
    return any(
        all(each.key not in policy.labels or satisfies(labels, each) for each in term)
        for term in terms or [tuple(selector)]
    )
