"""A pod that asks for what may be a GPU, but what no list has: neither GPU pod nor CPU pod.

It is left alone: only a node that offers that very name, or that device, can take it.
"""

from webhook.core.decision import Decision, Verdict
from webhook.core.policy.resources import Asked


def judge(asked: Asked) -> Decision:
    """Let the pod in as it is, and say how its resource becomes one that is placed."""
    if not asked.name:
        return Decision(
            verdict=Verdict.ALLOW, reason="asks for a device by a ResourceClaim that is not known"
        )
    return Decision(
        verdict=Verdict.ALLOW,
        reason=f"asks for {asked.name}, which no list of GPUs has",
        warnings=(
            f"{asked.name} is in no list of GPUs, so the pod is left as it is; "
            "GPUPolicy spec.gpuResources would have it placed",
        ),
    )
