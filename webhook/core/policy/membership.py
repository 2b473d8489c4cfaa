"""To which pool a node belongs: as declared, else by its name, by its labels, or by its taints.

Discovery takes its labels away while it restarts, and a node that registers has its labels before
its taints or after: so any one of three marks will do. Of several pools the one is meant of which
the node has most labels and taints, and of equals the one that claims its name.
"""

from collections.abc import Iterable, Mapping

from webhook.core.cluster import Node
from webhook.core.policy.documents import Document, GPUNode, GPUNodePool, Taint
from webhook.core.policy.globs import is_match
from webhook.core.policy.plan import labels_of


def declared_by(documents: Iterable[Document]) -> Mapping[str, str]:
    """Give the pool of each node that a GPUNode declares; of two of one name the first counts."""
    found: dict[str, str] = {}
    for each in documents:
        if isinstance(each, GPUNode):
            found.setdefault(each.name, each.pool)
    return found


def pools_of(
    name: str, node: Node | None, pools: Iterable[GPUNodePool], declared: Mapping[str, str]
) -> tuple[GPUNodePool, ...]:
    """Give the pool of a node: none, one, or several that nothing tells apart.

    A GPUNode decides alone. A node that is not known (None) can only be claimed by its name.
    """
    if name in declared:
        return tuple(pool for pool in pools if pool.name == declared[name])
    if node is None:
        return tuple(pool for pool in pools if claims_name(pool, name))
    fits = {
        pool: (_marks(pool, node), claims_name(pool, name))
        for pool in pools
        if _is_member(pool, name, node)
    }
    return tuple(pool for pool, fit in fits.items() if fit == max(fits.values()))


def claimants(
    name: str,
    labels: Mapping[str, str],
    pools: Iterable[GPUNodePool],
    declared: Mapping[str, str],
) -> tuple[GPUNodePool, ...]:
    """Give every pool that calls a node its own: by a GPUNode, by name, or by labels of others."""
    return tuple(
        pool
        for pool in pools
        if declared.get(name) == pool.name or claims_name(pool, name) or _claims_by(pool, labels)
    )


def _claims_by(pool: GPUNodePool, labels: Mapping[str, str]) -> bool:
    claimed = pool.claims.match_labels.items()
    return bool(claimed) and claimed <= labels.items()


def claims_name(pool: GPUNodePool, name: str) -> bool:
    """Tell whether a pool claims a node by its name."""
    return any(is_match(glob, name) for glob in pool.claims.names)


def _is_member(pool: GPUNodePool, name: str, node: Node) -> bool:
    return (
        claims_name(pool, name)
        or pool.selector.items() <= node.labels.items()
        or _claims_by(pool, node.labels)
        or (bool(pool.taints) and _taints_met(pool, node) == len(pool.taints))
    )


def missing_taints(pool: GPUNodePool, node: Node) -> tuple[Taint, ...]:
    """Give the taints of a pool that a node does not have."""
    has = _taints(node)
    return tuple(each for each in pool.taints if (each.key, each.value, each.effect) not in has)


def missing_labels(pool: GPUNodePool, node: Node) -> Mapping[str, str]:
    """Give the labels of a pool that a node does not have, those of its selector first."""
    declared = {**pool.selector, **labels_of(pool)}
    return {key: value for key, value in declared.items() if node.labels.get(key) != value}


def _marks(pool: GPUNodePool, node: Node) -> int:
    """Count the labels and taints of a pool that a node has."""
    return len(labels_of(pool).items() & node.labels.items()) + _taints_met(pool, node)


def _taints_met(pool: GPUNodePool, node: Node) -> int:
    return len(pool.taints) - len(missing_taints(pool, node))


def _taints(node: Node) -> frozenset[tuple[str, str, str]]:
    return frozenset((each.key, each.value, each.effect) for each in node.taints)
