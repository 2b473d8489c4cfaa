"""Rule `cpu-target`: a pod that asks for no GPU must not aim at GPU nodes.

It aims by
- `spec.nodeName`, where that node is one of a pool: claimed by name, or by its labels or taints;
- a `nodeSelector` entry, or a required node affinity term, that the label of a pool meets
  (asking for a label's absence is no aim; architecture and zone are none either);
- the same by a label of somebody who makes GPUs (`nvidia.com/gpu.product`), which no pool declares,
  where a known node of a pool carries it;
- a toleration that names the key of a pool's taint and matches it.

What the pod's namespace added (the plug-ins PodNodeSelector, PodTolerationRestriction) is said to
come from there, since the manifest does not have it.

A mere preference is no aim: a warning says that it comes to nothing. A toleration without a key is
the business of rule `steering`.

    tolerations: [{key: nvidia.com/gpu, operator: Exists}]      # refused
    tolerations: [{key: nvidia.com/gpu, value: "elsewhere"}]    # matches no pool's taint: nothing
"""

from collections.abc import Iterator
from typing import NamedTuple

from webhook.core import origin
from webhook.core.decision import Violation
from webhook.core.nodes import (
    NAME_FIELD,
    POSITIVE_OPERATORS,
    may_satisfy,
    meets,
    satisfies,
    tolerates,
    written,
)
from webhook.core.pod import NodeSelectorRequirement, NodeSelectorTerm, Pod
from webhook.core.policy.documents import GPUNodePool
from webhook.core.policy.plan import is_vendors, labels_of
from webhook.core.policy.policy import Policy
from webhook.core.policy.pool_names import named
from webhook.core.rules.placement import TERMS_PATH, required_terms

NAME = "cpu-target"


class _Aim(NamedTuple):
    """A field that aims at GPU nodes, what it does, and whence it comes if not from the author."""

    path: str
    does: str
    origin: str | None = None


def find(pod: Pod, policy: Policy, namespace: str) -> tuple[Violation, ...]:
    """Find every field by which a CPU pod of a namespace aims at GPU nodes."""
    found = (
        *_by_node_name(pod, policy),
        *_by_selector(pod, policy, namespace),
        *_by_terms(pod, policy),
        *_by_tolerations(pod, policy, namespace),
    )
    return tuple(Violation(rule=NAME, path=aim.path, message=_message(aim, pod)) for aim in found)


def warn(pod: Pod, policy: Policy) -> tuple[str, ...]:
    """Say that a preference for GPU nodes comes to nothing."""
    node_affinity = pod.spec.affinity.node_affinity if pod.spec.affinity else None
    preferred = (
        node_affinity.preferred_during_scheduling_ignored_during_execution
        if node_affinity
        else None
    )
    return tuple(
        f"spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[{index}]: "
        f"prefers GPU nodes, but the pod asks for no GPU and is kept off them"
        for index, term in enumerate(preferred or ())
        if _aims(term.preference, policy)
    )


def _message(aim: _Aim, pod: Pod) -> str:
    message = (
        f"{aim.does}, but the pod asks for no GPU; {origin.way_out(aim.origin, 'drop it')}, "
        f"ask for a GPU, or have {'the' if aim.origin else 'its'} namespace exempted "
        "(GPUPolicy spec.exempt)"
    )
    pod_affinity = pod.spec.affinity.pod_affinity if pod.spec.affinity else None
    if (
        aim.path.startswith("spec.tolerations")
        and pod_affinity
        and pod_affinity.required_during_scheduling_ignored_during_execution
    ):
        message += (
            ". It also has required pod affinity: without the toleration it stays Pending "
            "where the pods it wants to be near run on GPU nodes"
        )
    return message


def _by_node_name(pod: Pod, policy: Policy) -> Iterator[_Aim]:
    name = pod.spec.node_name
    pools = policy.pools_of_node(name) if name else ()
    if pools:
        yield _Aim("spec.nodeName", f"{name} is a node of {named(pools)}")


def _by_selector(pod: Pod, policy: Policy, namespace: str) -> Iterator[_Aim]:
    for key, value in (pod.spec.node_selector or {}).items():
        pools = policy.labels.get(key, {}).get(value) or _carrying(key, value, policy)
        if pools:
            yield _Aim(
                f'spec.nodeSelector["{key}"]',
                f"{key}={value} selects nodes of {named(pools)}",
                origin.of_selector(key, value, namespace, policy.cluster),
            )


def _carrying(key: str, value: str, policy: Policy) -> tuple[GPUNodePool, ...]:
    """Give the pools whose known nodes carry a label of somebody who makes GPUs."""
    if not is_vendors(key):
        return ()
    return policy.pools_of_nodes(lambda _, node: node.labels.get(key) == value)


def _by_terms(pod: Pod, policy: Policy) -> Iterator[_Aim]:
    for index, term in enumerate(required_terms(pod)):
        place = f"{TERMS_PATH}.nodeSelectorTerms[{index}]"
        for part, position, does in _aims(term, policy):
            yield _Aim(f"{place}.{part}[{position}]", does)


def _aims(term: NodeSelectorTerm, policy: Policy) -> tuple[tuple[str, int, str], ...]:
    """Give the requirements of a term that ask for a pool's nodes: field, index, what they do."""
    return (
        *(
            ("matchExpressions", index, f"{_written(each)} selects nodes of {named(pools)}")
            for index, each in enumerate(term.match_expressions or ())
            if (pools := _selected(each, term, policy))
        ),
        *(
            ("matchFields", index, f"{_written(each)} names nodes of {named(pools)}")
            for index, each in enumerate(term.match_fields or ())
            if each.key == NAME_FIELD
            and each.operator == "In"
            and (
                pools := tuple(p for name in each.values or () for p in policy.pools_of_node(name))
            )
        ),
    )


def _selected(
    requirement: NodeSelectorRequirement, term: NodeSelectorTerm, policy: Policy
) -> tuple[GPUNodePool, ...]:
    """Give the pools of whose nodes a requirement asks for a label, and which its term admits."""
    if requirement.operator not in POSITIVE_OPERATORS:
        return ()
    known = policy.labels.get(requirement.key, {})
    values = requirement.values or () if requirement.operator == "In" else known
    declaring = tuple(
        pool
        for value in values
        if satisfies({requirement.key: value}, requirement)
        for pool in known.get(value, ())
        if may_satisfy(labels_of(pool), term)
    )
    if declaring or not is_vendors(requirement.key):
        return declaring
    return policy.pools_of_nodes(lambda name, node: meets(node.labels, name, term))


def _written(requirement: NodeSelectorRequirement) -> str:
    values = f" [{', '.join(requirement.values)}]" if requirement.values else ""
    return f"{requirement.key} {requirement.operator}{values}"


def _by_tolerations(pod: Pod, policy: Policy, namespace: str) -> Iterator[_Aim]:
    for index, toleration in enumerate(pod.spec.tolerations or ()):
        tolerated = {
            taint: pools
            for taint, pools in policy.taints.get(toleration.key or "", {}).items()
            if tolerates(toleration, taint)
        }
        if tolerated:
            taints = ", ".join(sorted(map(written, tolerated)))
            pools = named(pool for having in tolerated.values() for pool in having)
            yield _Aim(
                f"spec.tolerations[{index}]",
                f"tolerates {taints} of {pools}",
                origin.of_toleration(toleration, namespace, policy.cluster),
            )
