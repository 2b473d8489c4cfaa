"""Rule `claim`: a pod that aims at GPU nodes has its claims made first.

What a ResourceClaim asks for is known once it is there. Until then a pod that names it may be one
with a GPU or one without; made afterwards, as a claim for nothing, it would bring a pod without one
onto a GPU node. So a pod that names a claim, or the template of one, that is not there is refused
where it aims at GPU nodes (rules `cpu-target`, `steering`); any other is left alone.

    resourceClaims: [{name: gpu, resourceClaimName: made-later}]
    tolerations: [{key: nvidia.com/gpu, operator: Exists}]      # refused
    tolerations: []                                             # let in: it reaches no GPU node

Where nobody watches claims (policies from a folder, `review`) what is not known may well be there:
the pod is let in with a warning.
"""

from collections.abc import Iterable

from webhook.core.cluster import Cluster
from webhook.core.decision import Violation
from webhook.core.pod import Pod
from webhook.core.policy.resources import device_classes

NAME = "claim"


def find(
    pod: Pod, namespace: str, cluster: Cluster, aims: Iterable[Violation]
) -> tuple[Violation, ...]:
    """Refuse each claim that is not there of a pod that aims at GPU nodes by `aims`."""
    fields = _listed(aims)
    if not fields:
        return ()
    return tuple(
        Violation(
            rule=NAME,
            path=f"spec.resourceClaims[{index}]",
            message=f"there is no {kind} {name} in namespace {namespace}, so it can not be told "
            f"whether the pod asks for a GPU, and it aims at GPU nodes by {fields}; create the "
            f"{kind} first, or drop what aims",
        )
        for index, kind, name in missing(pod, namespace, cluster)
    )


def warn(pod: Pod, namespace: str, cluster: Cluster, aims: Iterable[Violation]) -> tuple[str, ...]:
    """Say what such a pod meets where claims are watched and this one is not there."""
    fields = _listed(aims)
    if not fields:
        return ()
    return tuple(
        f"spec.resourceClaims[{index}]: {kind} {name} is not known here; a pod that aims at GPU "
        f"nodes ({fields}) is refused unless it is there first"
        for index, kind, name in missing(pod, namespace, cluster)
    )


def _listed(aims: Iterable[Violation]) -> str:
    return ", ".join(each.path for each in aims)


def missing(pod: Pod, namespace: str, cluster: Cluster) -> tuple[tuple[int, str, str], ...]:
    """Give the claims and templates that a pod names and nobody knows: index, kind, name."""
    return tuple(
        (index, "ResourceClaim", claim.resource_claim_name)
        if claim.resource_claim_name
        else (index, "ResourceClaimTemplate", claim.resource_claim_template_name or "")
        for index, claim in enumerate(pod.spec.resource_claims or ())
        if device_classes(claim, namespace, cluster) is None
    )
