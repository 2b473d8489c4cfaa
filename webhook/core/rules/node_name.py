"""Rule `node-name`: a GPU pod is placed by the scheduler.

`spec.nodeName` goes round the scheduler, the class and NoSchedule taints (only the kubelet looks
again, at resources and node affinity). A GPU pod that sets it is refused, and never changed: an
affinity added to a pod that is bound already can only make the kubelet reject it.
"""

from webhook.core.decision import Violation
from webhook.core.pod import Pod

NAME = "node-name"


def find(pod: Pod) -> tuple[Violation, ...]:
    """Refuse a node that the pod names itself."""
    if not pod.spec.node_name:
        return ()
    return (
        Violation(
            rule=NAME,
            path="spec.nodeName",
            message=f"{pod.spec.node_name} is named by the pod itself, which goes round the "
            "scheduler and its class; leave nodeName out and let the scheduler place it (tools "
            "that set it have a switch for that), or have its namespace or user exempted",
        ),
    )
