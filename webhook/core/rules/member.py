"""Rule `member`: a pod without GPUs of a workload that has some gets the class's priority only.

A launcher or a Ray head belongs to its gang: where priority differs inside one, the scheduler
refuses the whole (KEP-5710). The annotation `gpuclass.io/member`, carried beside `gpu-class` to the
templates of a workload that has several, marks such pods. They get no placement and no tolerations.
Any other pod without GPUs that names a class is left as it is, with a warning.
"""

from webhook.core.names import CLASS_ANNOTATION, MEMBER_ANNOTATION
from webhook.core.patch import JSON
from webhook.core.pod import Pod
from webhook.core.policy.policy import Policy
from webhook.core.policy.resources import Need
from webhook.core.rules.gpu_class import ANNOTATION_PATH
from webhook.core.workload import WorkloadKind, is_seen, template_pod, templates

NAME = "member"


def is_member(pod: Pod) -> bool:
    """Tell whether a pod belongs to a workload that asks for GPUs in another template."""
    return CLASS_ANNOTATION in pod.annotations and MEMBER_ANNOTATION in pod.annotations


def warn(pod: Pod) -> tuple[str, ...]:
    """Say that a class does nothing for a pod that asks for no GPU."""
    named = pod.annotations.get(CLASS_ANNOTATION)
    if named is None or is_member(pod):
        return ()
    return (f"{ANNOTATION_PATH}: {named} does nothing here: the pod asks for no GPU",)


def warn_workload(kind: WorkloadKind, document: JSON, policy: Policy) -> tuple[str, ...]:
    """Say that a workload of several templates names a class, and none asks for a GPU.

    Nothing is said where a template hides what its pods ask for.
    """
    found = templates(kind, document)
    if not kind.is_mixed or not found or not all(is_seen(each, document) for each in found):
        return ()
    pods = [template_pod(each, document) for each in found]
    if not all(map(is_member, pods)):
        return ()
    if any(policy.resources.asked(pod).need is not Need.NOTHING for pod in pods):
        return ()
    return (
        f"no pod template of this {kind.kind} asks for a GPU: "
        "its class gives its pods their priority alone",
    )
