"""Rule `priority-borrowed`: a pod without GPUs keeps off the priority of a class.

The PriorityClass of a class lets pods evict others for the sake of GPUs. A pod that asks for none,
and belongs to no workload that does (rule `member`), jumps a queue that is not its own. A
PriorityClass that is the cluster's global default is every pod's.

A warning, unless GPUPolicy `spec.rules` says otherwise.
"""

from webhook.core.decision import Violation
from webhook.core.pod import Pod
from webhook.core.policy.policy import Policy
from webhook.core.rules import member

NAME = "priority-borrowed"


def find(pod: Pod, policy: Policy) -> tuple[Violation, ...]:
    """Find a PriorityClass of GPU classes on a pod that asks for no GPU."""
    name = pod.spec.priority_class_name or ""
    classes = policy.class_priorities.get(name)
    if not classes or member.is_member(pod):
        return ()
    noun = "class" if len(classes) == 1 else "classes"
    return (
        Violation(
            rule=NAME,
            path="spec.priorityClassName",
            message=f"{name} is the priority of GPU {noun} {', '.join(classes)}, but the pod asks "
            "for no GPU; name another PriorityClass",
        ),
    )
