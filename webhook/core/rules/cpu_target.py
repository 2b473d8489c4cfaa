"""Rule `cpu-target`: a pod that asks for no GPU must not aim at GPU nodes.

It aims by
- `spec.nodeName`, where that node is one of a pool: claimed by name, or by its labels or taints;
- a `nodeSelector` entry, or a required node affinity term, that the label of a pool meets
  (asking for a label's absence is no aim; architecture and zone are none either);
- a toleration that names the key of a pool's taint and matches it.

A mere preference is no aim: a warning says that it comes to nothing. A toleration without a key is
the business of rule `steering`.

    tolerations: [{key: nvidia.com/gpu, operator: Exists}]      # refused
    tolerations: [{key: nvidia.com/gpu, value: "elsewhere"}]    # matches no pool's taint: nothing
"""

from collections.abc import Iterable, Iterator

from webhook.core.decision import Violation
from webhook.core.nodes import POSITIVE_OPERATORS, may_satisfy, satisfies, tolerates, written
from webhook.core.pod import NodeSelectorRequirement, NodeSelectorTerm, Pod
from webhook.core.policy.documents import GPUNodePool
from webhook.core.policy.plan import labels_of
from webhook.core.policy.policy import Policy
from webhook.core.rules.placement import TERMS_PATH, required_terms

NAME = "cpu-target"

NODE_NAME_FIELD = "metadata.name"
SHOWN = 4
"""Pools that a message names before it only counts them."""


def find(pod: Pod, policy: Policy) -> tuple[Violation, ...]:
    """Find every field by which a CPU pod aims at GPU nodes."""
    found = (
        *_by_node_name(pod, policy),
        *_by_selector(pod, policy),
        *_by_terms(pod, policy),
        *_by_tolerations(pod, policy),
    )
    return tuple(
        Violation(rule=NAME, path=path, message=_message(aim, pod, path)) for path, aim in found
    )


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


def _message(aim: str, pod: Pod, path: str) -> str:
    message = (
        f"{aim}, but the pod asks for no GPU; drop it, ask for a GPU, "
        "or have its namespace exempted (GPUPolicy spec.exempt)"
    )
    pod_affinity = pod.spec.affinity.pod_affinity if pod.spec.affinity else None
    if (
        path.startswith("spec.tolerations")
        and pod_affinity
        and pod_affinity.required_during_scheduling_ignored_during_execution
    ):
        message += (
            ". It also has required pod affinity: without the toleration it stays Pending "
            "where the pods it wants to be near run on GPU nodes"
        )
    return message


def named(pools: Iterable[GPUNodePool]) -> str:
    """Name pools in a message, the first few of them."""
    names = sorted({pool.name for pool in pools})
    shown = ", ".join(names[:SHOWN])
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"{'pool' if len(names) == 1 else 'pools'} {shown}{more}"


def _by_node_name(pod: Pod, policy: Policy) -> Iterator[tuple[str, str]]:
    name = pod.spec.node_name
    pools = policy.pools_of_node(name) if name else ()
    if pools:
        yield "spec.nodeName", f"{name} is a node of {named(pools)}"


def _by_selector(pod: Pod, policy: Policy) -> Iterator[tuple[str, str]]:
    for key, value in (pod.spec.node_selector or {}).items():
        pools = policy.labels.get(key, {}).get(value)
        if pools:
            yield f'spec.nodeSelector["{key}"]', f"{key}={value} selects nodes of {named(pools)}"


def _by_terms(pod: Pod, policy: Policy) -> Iterator[tuple[str, str]]:
    for index, term in enumerate(required_terms(pod)):
        place = f"{TERMS_PATH}.nodeSelectorTerms[{index}]"
        for part, position, aim in _aims(term, policy):
            yield f"{place}.{part}[{position}]", aim


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
            if each.key == NODE_NAME_FIELD
            and each.operator == "In"
            and (pools := [p for name in each.values or () for p in policy.pools_of_node(name)])
        ),
    )


def _selected(
    requirement: NodeSelectorRequirement, term: NodeSelectorTerm, policy: Policy
) -> list[GPUNodePool]:
    """Give the pools whose declared label meets a requirement, and which its term admits."""
    if requirement.operator not in POSITIVE_OPERATORS:
        return []
    return [
        pool
        for value, pools in policy.labels.get(requirement.key, {}).items()
        if satisfies({requirement.key: value}, requirement)
        for pool in pools
        if may_satisfy(labels_of(pool), term)
    ]


def _written(requirement: NodeSelectorRequirement) -> str:
    values = f" [{', '.join(requirement.values)}]" if requirement.values else ""
    return f"{requirement.key} {requirement.operator}{values}"


def _by_tolerations(pod: Pod, policy: Policy) -> Iterator[tuple[str, str]]:
    for index, toleration in enumerate(pod.spec.tolerations or ()):
        tolerated = [
            (taint, pool)
            for taint, pool in policy.taints.get(toleration.key or "", ())
            if tolerates(toleration, taint)
        ]
        if tolerated:
            taints = ", ".join(sorted({written(taint) for taint, _ in tolerated}))
            pools = named(pool for _, pool in tolerated)
            yield f"spec.tolerations[{index}]", f"tolerates {taints} of {pools}"
