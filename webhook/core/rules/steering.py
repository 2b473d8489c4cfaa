"""Rule `steering`: a CPU pod that tolerates everything runs anywhere but on GPU nodes.

Agents and many charts carry a toleration without a key: alone it is no reason to refuse them.
Where it opens a pool, required anti-affinity to every pool is ANDed into each term, by a label of
the pool that node discovery does not take away. `onBlanketToleration` may say Deny or Allow.

    tolerations: [{operator: Exists}]
    becomes, besides
    required: [[gpu-type NotIn [development, production, training], node-role NotIn [gpu-worker]]]

DaemonSet pods never reach this rule: whom their controller puts on a node belongs there.
"""

from webhook.core import origin
from webhook.core.cluster import Cluster
from webhook.core.decision import Violation
from webhook.core.nodes import is_blanket
from webhook.core.pod import Pod
from webhook.core.policy.policy import Policy
from webhook.core.rules.placement import require

NAME = "steering"


def reaches(pod: Pod, policy: Policy) -> int | None:
    """Give the index of the first toleration without a key that helps a pod onto a pool."""
    tolerations = pod.spec.tolerations or ()
    for index, toleration in enumerate(tolerations):
        if is_blanket(toleration) and any(policy.reach.opened_by(tolerations)):
            return index
    return None


def inject(pod: Pod, policy: Policy) -> Pod:
    """Keep a pod off every pool; the same pod where it is kept off already."""
    return require(pod, policy.steering) if policy.steering else pod


def refuse(pod: Pod, index: int, namespace: str, cluster: Cluster) -> Violation:
    """Refuse the toleration, where the policy says Deny."""
    given = origin.of_toleration((pod.spec.tolerations or ())[index], namespace, cluster)
    instead = origin.way_out(given, "name the taints that it has to tolerate")
    return Violation(
        rule=NAME,
        path=f"spec.tolerations[{index}]",
        message="names no key, so it tolerates the taints of GPU nodes, and the pod asks for no "
        f"GPU; {instead}, or have the pod's namespace exempted (GPUPolicy spec.exempt)",
    )
