"""Rule `rollout`: what a new class means for pods that run already, said at the write.

- A Deployment that rolls with a surge needs a free GPU for each new pod beside the old one: where
  the pool has none left, the roll waits (`maxSurge: 0` replaces in place).
- A StatefulSet with ordered pods keeps a pod that never became ready, whatever its template says.
- Pods of a DaemonSet are placed by its controller, by the template: tolerations that the class
  would give have to be written there.
"""

from webhook.core.names import DAEMON_SET_CONTROLLER
from webhook.core.paths import at
from webhook.core.pod import Pod
from webhook.core.policy.policy import Policy
from webhook.core.rules import gpu_class, tolerations
from webhook.core.rules.propagation import Change
from webhook.core.workload import template_pod

NAME = "rollout"


def warn(change: Change, namespace: str, policy: Policy) -> tuple[str, ...]:
    """Say what the author of a workload may not expect."""
    kind = change.kind.kind
    if change.kind.creator == DAEMON_SET_CONTROLLER:
        pods = (template_pod(each, change.new) for each in change.templates)
        return tuple(each for pod in pods for each in _untolerating(pod, change, namespace, policy))
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


def _untolerating(pod: Pod, change: Change, namespace: str, policy: Policy) -> tuple[str, ...]:
    """Warn of GPU pods of a DaemonSet that could not run on the nodes of their class."""
    if not policy.resources.is_asked(pod, namespace, policy.cluster):
        return ()
    found = gpu_class.find(change.template or change.named, namespace, policy)
    if not isinstance(found, gpu_class.Found):
        return ()
    after = tolerations.inject(pod, found.plan)
    missing = (after.spec.tolerations or ())[len(pod.spec.tolerations or ()) :]
    if not missing:
        return ()
    taints = ", ".join(f"{each.key}={each.value or ''}:{each.effect}" for each in missing)
    return (
        f"pods of a DaemonSet are placed by its controller: write tolerations for {taints} "
        f"into spec.template.spec.tolerations, class {found.plan.name} can not add them",
    )
