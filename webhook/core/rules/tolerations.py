"""Rule `tolerations`: the taints of the class's pools are tolerated, compared by meaning.

A toleration is added only where none of the pod's own covers the taint: `Exists` covers `Equal`,
no effect covers every effect, no key covers every key; another value covers nothing.

    [{key: nvidia.com/gpu, operator: Exists}]          # covers nvidia.com/gpu=present:NoSchedule
    [{key: nvidia.com/gpu, value: "true"}]             # does not: one is added beside it
"""

from collections.abc import Iterable

from msgspec.structs import replace

from webhook.core.nodes import tolerates
from webhook.core.pod import Pod, Toleration
from webhook.core.policy.documents import Taint
from webhook.core.policy.plan import ClassPlan

NAME = "tolerations"


def inject(pod: Pod, plan: ClassPlan) -> Pod:
    """Add the tolerations that a pod lacks; the same pod where it lacks none."""
    own = pod.spec.tolerations or ()
    missing = tuple(
        toleration
        for taint, toleration in zip(plan.taints, plan.tolerations, strict=True)
        if not _covered(taint, own)
    )
    if not missing:
        return pod
    return replace(pod, spec=replace(pod.spec, tolerations=(*own, *missing)))


def _covered(taint: Taint, own: Iterable[Toleration]) -> bool:
    """Tell whether a taint is tolerated for good: for some seconds is not enough."""
    return any(
        tolerates(each, taint) and (each.toleration_seconds is None or taint.effect != "NoExecute")
        for each in own
    )
