"""Rule `binding`: only a scheduler binds pods to GPU nodes.

A Binding (`pods/binding`, or the older resource `bindings`) goes round the scheduler, and with it
round affinity and NoSchedule taints. Sent by a user whom GPUPolicy `spec.schedulers` does not name,
it is refused where its node is one of a pool: claimed by name, or by its labels or taints. That
holds for any pod, with GPUs or without; to other nodes anybody binds whom RBAC lets.
"""

from webhook.core.decision import Violation
from webhook.core.policy.policy import Policy
from webhook.core.policy.pool_names import named

NAME = "binding"


def find(node: str, user: str, policy: Policy) -> tuple[Violation, ...]:
    """Refuse what `user` binds to a node of a pool, unless they are a scheduler."""
    pools = () if user in policy.schedulers else policy.pools_of_node(node)
    if not pools:
        return ()
    return (
        Violation(
            rule=NAME,
            path="target.name",
            message=f"{node} is a node of {named(pools)}, to which only schedulers bind pods, and "
            f"{user} is none; let the scheduler place the pod, or have {user} listed in GPUPolicy "
            "spec.schedulers",
        ),
    )
