"""By which fields a pod would come to GPU nodes, as far as the policy minds.

What may not be changed any more (an update) or not yet (a claim that is not there) can not be
steered either: it is named like an aim.
"""

from webhook.core.decision import Violation
from webhook.core.pod import Pod
from webhook.core.policy.documents import BlanketToleration, CpuTarget
from webhook.core.policy.policy import Policy
from webhook.core.rules import cpu_target, steering


def find(pod: Pod, policy: Policy, namespace: str) -> tuple[Violation, ...]:
    """Find what a new pod without GPUs would be refused for, or steered off."""
    cpu_pods = policy.cpu_pods
    aims = cpu_target.find(pod, policy, namespace) if cpu_pods.on_target is CpuTarget.DENY else ()
    if cpu_pods.on_blanket_toleration is BlanketToleration.ALLOW:
        return aims
    index = steering.reaches(pod, policy)
    if index is None or steering.inject(pod, policy) is pod:
        return aims
    return (*aims, steering.refuse(pod, index, namespace, policy.cluster))
