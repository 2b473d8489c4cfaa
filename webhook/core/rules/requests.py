"""Rule `requests`: a container that holds a GPU requests cpu and memory too.

Without them the scheduler counts nothing for it: processors and memory of the node are given away
twice, the GPU waits for them, and the pod is the first to be evicted. A limit counts as a request,
as the API server fills it in; so do requests of the whole pod (KEP-2837) and the defaults of a
LimitRange, which are there before a webhook is called (at a workload they are not: its warning may
be idle). Where no container asks itself, the GPU comes by a ResourceClaim: each container is meant.

A warning, unless GPUPolicy `spec.rules` says otherwise:

    rules: {requests: Enforce}
"""

from collections.abc import Mapping

from webhook.core.cluster import Cluster
from webhook.core.decision import Violation
from webhook.core.names import REQUESTED
from webhook.core.pod import Pod, PodSpec, ResourceRequirements
from webhook.core.policy.resources import GPUResources
from webhook.core.quantity import is_positive

NAME = "requests"


def find(pod: Pod, resources: GPUResources, cluster: Cluster) -> tuple[Violation, ...]:
    """Find the containers of a GPU pod that request no cpu or no memory."""
    if _is_complete(pod.spec):
        return ()
    wanted = _missing(pod.spec.resources, REQUESTED)
    lacking = {
        place: missing
        for place, container in pod.containers()
        if (missing := _missing(container.resources, wanted))
    }
    return _of_containers_with_gpus(lacking, pod, resources, cluster) if lacking else ()


def _is_complete(spec: PodSpec) -> bool:
    """Tell at little cost whether each container requests all, as most do; it may miss some."""
    for containers in (spec.containers, spec.init_containers or ()):
        for container in containers or ():
            requests = container.resources and container.resources.requests
            if not requests:
                return False
            for name in REQUESTED:
                if not is_positive(requests.get(name) or 0):
                    return False
    return True


def _of_containers_with_gpus(
    lacking: Mapping[str, tuple[str, ...]], pod: Pod, resources: GPUResources, cluster: Cluster
) -> tuple[Violation, ...]:
    asking = {place for place, each in pod.containers() if resources.is_asked_by(each, cluster)}
    return tuple(
        Violation(rule=NAME, path=f"{place}.resources.requests", message=_message(missing))
        for place, missing in lacking.items()
        if place in asking or not asking
    )


def _missing(given: ResourceRequirements | None, wanted: tuple[str, ...]) -> tuple[str, ...]:
    """Give the resources of which nothing is requested."""
    if given is None:
        return wanted
    limits, requests = given.limits or {}, given.requests or {}
    return tuple(
        name for name in wanted if not is_positive(requests.get(name, limits.get(name)) or 0)
    )


def _message(missing: tuple[str, ...]) -> str:
    return (
        f"no {' and no '.join(missing)} beside the GPU, so the scheduler counts none and the pod "
        f"is evicted first; request {'both' if len(missing) > 1 else 'it'} (a limit counts)"
    )
