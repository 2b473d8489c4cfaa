"""Namespaces that change what their pods say of nodes.

Two admission plug-ins of Kubernetes, PodNodeSelector and PodTolerationRestriction, write into every
pod of a namespace what its annotations say. The webhook can not tell that from what the author
wrote. Where the plug-ins are off the annotations do nothing, which no API tells.

- `namespace-selector`: `scheduler.alpha.kubernetes.io/node-selector` selects GPU nodes (CPU pods
  of the namespace are refused), or contradicts the pools (GPU pods are).
- `namespace-tolerations`: `.../defaultTolerations` tolerates a pool's taint: CPU pods are refused,
  or steered where it tolerates everything.
- `namespace-whitelist`: `.../tolerationsWhitelist` does not list the taints of a class that the
  namespace may use: its pods are refused by the plug-in.

Exempt namespaces are no findings.
"""

from collections.abc import Iterator, Mapping

from webhook.core import origin
from webhook.core.audit.finding import NAMESPACE, Finding
from webhook.core.audit.view import View
from webhook.core.names import DEFAULT_TOLERATIONS_ANNOTATION as DEFAULT_TOLERATIONS
from webhook.core.names import NODE_SELECTOR_ANNOTATION as SELECTOR
from webhook.core.names import TOLERATIONS_WHITELIST_ANNOTATION as WHITELIST
from webhook.core.nodes import tolerates, written
from webhook.core.pod import Pod, PodSpec
from webhook.core.policy.globs import is_any_match
from webhook.core.policy.policy import Policy
from webhook.core.policy.pool_names import named
from webhook.core.rules import cpu_target, steering


def find(view: View) -> Iterator[Finding]:
    """Judge every namespace that is known."""
    for name, annotations in view.policy.cluster.namespaces.items():
        if not view.is_exempt(name):
            yield from _selecting(name, annotations, view.policy)
            yield from _tolerating(name, annotations, view.policy)
            yield from _restricting(name, annotations, view.policy)


def _of(namespace: str, name: str, key: str, message: str) -> Finding:
    text = f'metadata.annotations["{key}"]: {message}'
    return Finding(name=name, kind=NAMESPACE, namespace=namespace, object=namespace, message=text)


def _selecting(namespace: str, annotations: Mapping[str, str], policy: Policy) -> Iterator[Finding]:
    for key, value in origin.read_selector(annotations.get(SELECTOR)).items():
        values = policy.labels.get(key)
        if values is None:
            continue
        if value in values:
            said = f"{key}={value} selects nodes of {named(values[value])} for every pod of the "
            said += "namespace, so its CPU pods are refused"
        else:
            pools = named({each for found in values.values() for each in found})
            said = (
                f"{key}={value} is on no node of {pools}, so GPU pods of the namespace that need "
            )
            said += "one are refused"
        advice = "drop it, or write it into the pods that are meant"
        yield _of(namespace, "namespace-selector", SELECTOR, f"{said}: {advice}")


def _tolerating(
    namespace: str, annotations: Mapping[str, str], policy: Policy
) -> Iterator[Finding]:
    tolerations = origin.read_tolerations(annotations.get(DEFAULT_TOLERATIONS))
    pod = Pod(spec=PodSpec(tolerations=tolerations))
    aims = cpu_target.find(pod, policy, namespace)
    if aims:
        said = "; ".join(each.message.partition(", but the pod")[0] for each in aims)
        so = "so its CPU pods are refused"
    elif steering.reaches(pod, policy) is not None:
        said, so = "tolerates everything", "so its CPU pods have to be steered off GPU nodes"
    else:
        return
    advice = "drop it: GPU pods get their tolerations from their class"
    message = f"{said}, in every pod of the namespace, {so}: {advice}"
    yield _of(namespace, "namespace-tolerations", DEFAULT_TOLERATIONS, message)


def _restricting(
    namespace: str, annotations: Mapping[str, str], policy: Policy
) -> Iterator[Finding]:
    listed = origin.read_tolerations(annotations.get(WHITELIST))
    if not listed:
        return
    missing = {
        written(taint): plan.name
        for plan in policy.classes.values()
        if is_any_match(plan.allowed_namespaces, namespace)
        for taint in plan.taints
        if not any(tolerates(each, taint) for each in listed)
    }
    if missing:
        classes = ", ".join(sorted(set(missing.values())))
        message = (
            f"does not list {', '.join(sorted(missing))}, which pods of classes {classes} get to "
            "tolerate, so the plug-in refuses them: add these, or keep GPU pods out of the "
            "namespace"
        )
        yield _of(namespace, "namespace-whitelist", WHITELIST, message)
