"""Which fields of a pod its namespace added, before any webhook saw the pod.

The admission plug-ins PodNodeSelector and PodTolerationRestriction, where a cluster has them on,
give every new pod of a namespace what an annotation of it says. Whoever is refused for such a field
looks for it in the manifest in vain, so a refusal names the annotation; of a template, whose pods
will have it, it is told beforehand. It decides nothing.
"""

import msgspec
from msgspec.structs import replace

from webhook.core.cluster import Cluster
from webhook.core.names import DEFAULT_TOLERATIONS_ANNOTATION, NODE_SELECTOR_ANNOTATION
from webhook.core.pod import Pod, Toleration

_decode_tolerations = msgspec.json.Decoder(tuple[Toleration, ...]).decode


def read_selector(text: str | None) -> dict[str, str]:
    """Read the annotation of a nodeSelector: `a=b,c=d`."""
    entries = (each.partition("=") for each in (text or "").split(",") if "=" in each)
    return {key.strip(): value.strip() for key, _, value in entries}


def read_tolerations(text: str | None) -> tuple[Toleration, ...]:
    """Read an annotation of tolerations, a list in JSON; the plug-in refuses all for a bad one."""
    try:
        return _decode_tolerations(text) if text else ()
    except msgspec.DecodeError:
        return ()


def of_selector(key: str, value: str, namespace: str, cluster: Cluster) -> str | None:
    """Say that a namespace gives its pods an entry of their nodeSelector; None: it does not."""
    entries = read_selector(cluster.annotation(namespace, NODE_SELECTOR_ANNOTATION))
    is_given = entries.get(key) == value
    return _said(namespace, NODE_SELECTOR_ANNOTATION) if is_given else None


def of_toleration(toleration: Toleration, namespace: str, cluster: Cluster) -> str | None:
    """Say that a namespace gives its pods a toleration; None: it does not."""
    given = read_tolerations(cluster.annotation(namespace, DEFAULT_TOLERATIONS_ANNOTATION))
    is_given = _meaning(toleration) in map(_meaning, given)
    return _said(namespace, DEFAULT_TOLERATIONS_ANNOTATION) if is_given else None


def adds(namespace: str, cluster: Cluster) -> bool:
    """Tell whether a namespace says what its pods are to have."""
    keys = (NODE_SELECTOR_ANNOTATION, DEFAULT_TOLERATIONS_ANNOTATION)
    return any(cluster.annotation(namespace, each) for each in keys)


def completed(pod: Pod, namespace: str, cluster: Cluster) -> Pod:
    """Give a pod with what its namespace would add; what the author wrote stays in its place."""
    selector = read_selector(cluster.annotation(namespace, NODE_SELECTOR_ANNOTATION))
    given = read_tolerations(cluster.annotation(namespace, DEFAULT_TOLERATIONS_ANNOTATION))
    own = pod.spec.tolerations or ()
    known = set(map(_meaning, own))
    spec = replace(
        pod.spec,
        node_selector={**selector, **(pod.spec.node_selector or {})} or None,
        tolerations=(*own, *(each for each in given if _meaning(each) not in known)) or None,
    )
    return replace(pod, spec=spec)


def way_out(origin: str | None, otherwise: str) -> str:
    """Say what to do about a field: where it comes from the namespace it is changed there."""
    return f"{origin}: change it there" if origin else otherwise


def _said(namespace: str, annotation: str) -> str:
    return f"namespace {namespace} gives it to its pods by the annotation {annotation}"


def _meaning(toleration: Toleration) -> tuple[object, ...]:
    """Give what a toleration says, however it is written."""
    return (
        toleration.key or "",
        toleration.operator or "Equal",
        toleration.value or "",
        toleration.effect or "",
        toleration.toleration_seconds,
    )
