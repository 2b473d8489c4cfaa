"""Rule `tolerations`: the taints of the class's pools are tolerated, compared by meaning.

A toleration is added only where none of the pod's own covers the taint: `Exists` covers `Equal`,
no effect covers every effect, no key covers every key; another value covers nothing.

    [{key: nvidia.com/gpu, operator: Exists}]          # covers nvidia.com/gpu=present:NoSchedule
    [{key: nvidia.com/gpu, value: "true"}]             # does not: one is added beside it
"""

from collections.abc import Sequence

from msgspec.structs import replace

from webhook.core.nodes import tolerates
from webhook.core.pod import Pod, Toleration
from webhook.core.policy.documents import Taint
from webhook.core.policy.plan import ClassPlan

NAME = "tolerations"


def inject(pod: Pod, plan: ClassPlan) -> Pod:
    """Add the tolerations that a pod lacks; the same pod where it lacks none."""
    own = pod.spec.tolerations or ()
    near = [each for each in own if not each.key or each.key in plan.taint_keys]
    missing = _missing(near, plan) if near else plan.tolerations
    if not missing:
        return pod
    return replace(pod, spec=replace(pod.spec, tolerations=(*own, *missing)))


def _missing(own: Sequence[Toleration], plan: ClassPlan) -> tuple[Toleration, ...]:
    return tuple(
        toleration
        for taint, toleration in zip(plan.taints, plan.tolerations, strict=True)
        if not any(_covers(each, taint) for each in own)
    )


def _covers(toleration: Toleration, taint: Taint) -> bool:
    """Tell whether a taint is tolerated for good: for some seconds is not enough."""
    for_good = toleration.toleration_seconds is None or taint.effect != "NoExecute"
    return for_good and tolerates(toleration, taint)
