"""A pod that asks for what may be a GPU: a name that no list has, or a claim that is not there.

It is neither GPU pod nor CPU pod. Only a node that offers that very name can take the one, so it is
left alone. The other may turn out to ask for nothing: it is refused where it aims at GPU nodes.
"""

from webhook.core.decision import Decision, Verdict
from webhook.core.names import DAEMON_SET_CONTROLLER
from webhook.core.policy.resources import Asked
from webhook.core.rules import claim
from webhook.core.subject import aims
from webhook.core.subject.case import Case, allow


def judge(case: Case, asked: Asked) -> Decision:
    """Let the pod in as it is where it may be, and say how it becomes one that is placed."""
    if not asked.name:
        return _claiming(case)
    return Decision(
        verdict=Verdict.ALLOW,
        reason=f"asks for {asked.name}, which no list of GPUs has",
        warnings=(
            f"{asked.name} is in no list of GPUs, so the pod is left as it is; "
            "GPUPolicy spec.gpuResources would have it placed",
        ),
    )


def _claiming(case: Case) -> Decision:
    reason = "asks for a device by a ResourceClaim that is not known"
    if case.request.user_info.username == DAEMON_SET_CONTROLLER:
        return allow(reason)
    pod, namespace, policy = case.pod, case.request.namespace, case.policy
    aiming = aims.find(pod, policy, namespace)
    found = claim.find(pod, namespace, policy.cluster, aiming)
    is_whole = policy.cluster.is_whole
    return Decision(
        verdict=Verdict.ALLOW,
        reason=reason,
        violations=found if is_whole else (),
        warnings=() if is_whole else claim.warn(pod, namespace, policy.cluster, aiming),
        early=is_whole,
    )
