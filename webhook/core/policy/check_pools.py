"""Checks of GPUNodePools: each for itself, and every two against one another."""

from collections.abc import Iterator, Sequence
from itertools import product

from webhook.core.errors import Fault
from webhook.core.names import GPU_VENDOR_DOMAINS
from webhook.core.nodes import HARD_EFFECTS
from webhook.core.policy.catalogue import (
    Catalogue,
    fault,
    is_discovered,
    is_under,
    place,
    warning,
)
from webhook.core.policy.documents import GPUNodePool
from webhook.core.policy.globs import is_everything, is_match
from webhook.core.policy.located import step
from webhook.core.policy.lookup import Globs, Subsets

_OTHER_DOMAINS = (
    "k8s.io",
    "kubernetes.io",
    "karpenter.sh",
    "cloud.google.com",
    "kubernetes.azure.com",
    "eks.amazonaws.com",
    "karpenter.k8s.aws",
)
"""Domains whose taints protect from something else than CPU pods: architecture, spot, repair."""

_OTHER_WORDS = ("spot", "preemptible", "interruptible", "maintenance")
"""Words in a taint's key that say the same, whatever its domain."""


def check_pools(everything: Catalogue) -> Iterator[Fault]:
    """Give the faults of every pool and of every two."""
    pools = tuple(everything.pools.values())
    for pool in pools:
        yield from _labels(pool)
        yield from _taints(pool)
        yield from _claims(pool)
        yield from _resources(pool, everything)
    for first, second in _near(pools):
        yield from _selectors_of_two(first, second)
        yield from _claims_of_two(first, second)


def _near(pools: Sequence[GPUNodePool]) -> Iterator[tuple[GPUNodePool, GPUNodePool]]:
    """Give every two of which one may be in the other's way, in their order: of many pools few."""
    known = [*enumerate(pools)]
    names = Globs((glob, each) for each, pool in known for glob in pool.claims.names)
    selectors = Subsets((pool.selector.items(), each) for each, pool in known)
    labels = Subsets((pool.claims.match_labels.items(), each) for each, pool in known)
    pairs = {
        (min(each, other), max(each, other))
        for each, pool in known
        for other in (
            *selectors.within(pool.selector.items()),
            *labels.within(pool.claims.match_labels.items()),
            *(named for glob in pool.claims.names for named in names.matching(glob)),
        )
        if other != each
    }
    for each, other in sorted(pairs):
        yield pools[each], pools[other]


def _labels(pool: GPUNodePool) -> Iterator[Fault]:
    for key, value in pool.labels.items():
        if pool.selector.get(key, value) != value:
            message = f"{value} contradicts {pool.selector[key]} in spec.selector: remove one"
            yield fault(pool, step("spec.labels", key), message)
    if not all(map(is_discovered, pool.selector)):
        return
    keys = ", ".join(sorted(pool.selector))
    if all(map(is_discovered, pool.labels)):
        message = (
            "every label of the pool is written by node discovery, which takes it away while it"
            " restarts: add a label of your own, such as gpu-type, to steer CPU pods by"
        )
        yield warning(pool, "spec.selector", message)
    message = (
        f"{keys}: usually written by node discovery, so an autoscaler at zero nodes knows it only"
        " if the node group's template declares it: declare it there, or select a label of"
        " your own"
    )
    yield warning(pool, "spec.selector", message)


def _taints(pool: GPUNodePool) -> Iterator[Fault]:
    if not any(taint.effect in HARD_EFFECTS for taint in pool.taints):
        message = (
            "no taint has effect NoSchedule or NoExecute, so CPU pods may land on its nodes:"
            " add one, such as nvidia.com/gpu=present:NoSchedule"
        )
        yield warning(pool, "spec.taints", message)
    for index, taint in enumerate(pool.taints):
        if taint.tolerate and is_other_business(taint.key):
            message = (
                f"every pod of a class with this pool tolerates {taint.key}, also one whose image"
                " or purpose does not suit such nodes: set tolerate: false"
            )
            yield warning(pool, step("spec.taints", index), message)


def is_other_business(key: str) -> bool:
    """Tell whether a taint of this key is the pod's own business, not that of GPUs."""
    if is_under(key, GPU_VENDOR_DOMAINS):
        return False
    return is_under(key, _OTHER_DOMAINS) or any(word in key.lower() for word in _OTHER_WORDS)


def _claims(pool: GPUNodePool) -> Iterator[Fault]:
    for index, glob in enumerate(pool.claims.names):
        if is_everything(glob):
            message = f"{glob} claims every node of the cluster: name those of the pool"
            yield fault(pool, step("spec.claims.names", index), message)


def _resources(pool: GPUNodePool, everything: Catalogue) -> Iterator[Fault]:
    for policy in everything.policies[:1]:
        for index, name in enumerate(pool.resources):
            if not any(is_match(glob, name) for glob in policy.gpu_resources):
                message = (
                    f"spec.gpuResources ({place(policy, 'spec.gpuResources')}) does not list"
                    f" {name}: pods that ask for it are left alone; add it there"
                )
                yield warning(pool, step("spec.resources", index), message)


def _selectors_of_two(first: GPUNodePool, second: GPUNodePool) -> Iterator[Fault]:
    one, other = first.selector.items(), second.selector.items()
    if one == other:
        message = f"equal to that of pool {first.name} ({place(first, 'spec.selector')})"
    elif not (one <= other or one >= other) or _taint_set(first) != _taint_set(second):
        return
    else:
        broad, narrow = (first, second) if one <= other else (second, first)
        message = (
            f"with pool {first.name} ({place(first, 'spec.selector')}) ambiguous: the selector of"
            f" {broad.name} takes in the nodes of {narrow.name}, and their taints are the same"
        )
    yield warning(second, "spec.selector", f"{message}: add a label that tells them apart")


def _taint_set(pool: GPUNodePool) -> set[tuple[str, str, str]]:
    return {(taint.key, taint.value, taint.effect) for taint in pool.taints}


def _claims_of_two(first: GPUNodePool, second: GPUNodePool) -> Iterator[Fault]:
    names = product(enumerate(first.claims.names), enumerate(second.claims.names))
    for (i, one), (j, other) in names:
        if is_match(one, other) or is_match(other, one):
            where = place(first, step("spec.claims.names", i))
            message = f"{other}: pool {first.name} claims such nodes by {one} ({where}): part them"
            yield fault(second, step("spec.claims.names", j), message)
    labels = first.claims.match_labels
    if labels and labels == second.claims.match_labels:
        where = place(first, "spec.claims.matchLabels")
        message = f"equal to those of pool {first.name} ({where}): a node has one pool; part them"
        yield fault(second, "spec.claims.matchLabels", message)
