"""To which pool a node belongs: as declared, else by its name, by its labels, or by its taints.

Discovery takes its labels away while it restarts, and a node that registers has its labels before
its taints or after: so any one of three marks will do. Of several pools the one is meant of which
the node has most labels and taints, and of equals the one that claims its name.
"""

from collections.abc import Iterable, Mapping, Sequence

from webhook.core.cluster import Node
from webhook.core.cluster import Taint as Carried
from webhook.core.policy.documents import Document, GPUNode, GPUNodePool, Taint
from webhook.core.policy.lookup import Globs, Subsets
from webhook.core.policy.plan import labels_of


def declared_by(documents: Iterable[Document]) -> Mapping[str, str]:
    """Give the pool of each node that a GPUNode declares; of two of one name the first counts."""
    found: dict[str, str] = {}
    for each in documents:
        if isinstance(each, GPUNode):
            found.setdefault(each.name, each.pool)
    return found


class Membership:
    """The pools of a policy, so that those of a node are found without going through all."""

    def __init__(self, pools: Iterable[GPUNodePool], declared: Mapping[str, str]) -> None:
        """Take the pools, and the name of the pool of each node that a GPUNode declares."""
        self._pools = tuple(pools)
        self._declared = declared
        known = [*enumerate(self._pools)]
        self._positions = {pool.name: position for position, pool in known}
        self._by_name = Globs((glob, each) for each, pool in known for glob in pool.claims.names)
        self._by_claim = Subsets((pool.claims.match_labels.items(), each) for each, pool in known)
        self._by_labels = Subsets(
            (labels.items(), each)
            for each, pool in known
            for labels in (pool.selector, pool.claims.match_labels)
        )
        self._by_taints = Subsets((_taints(pool.taints), each) for each, pool in known)

    def of(self, name: str, node: Node | None) -> tuple[GPUNodePool, ...]:
        """Give the pool of a node: none, one, or several that nothing tells apart.

        A GPUNode decides alone. A node that is not known (None) can only be claimed by its name.
        """
        if name in self._declared:
            return self._at(self._declaring(name))
        named = self._by_name.matching(name)
        if node is None:
            return self._at(named)
        labelled = self._by_labels.within(node.labels.items())
        tainted = self._by_taints.within(_taints(node.taints))
        members = {*named, *labelled, *tainted}
        fits = {each: (_marks(self._pools[each], node), each in named) for each in members}
        best = max(fits.values(), default=None)
        return self._at(each for each, fit in fits.items() if fit == best)

    def claimants(self, name: str, labels: Mapping[str, str]) -> tuple[GPUNodePool, ...]:
        """Give every pool that calls a node its own: by a GPUNode, by name, by labels of others."""
        named, labelled = self._by_name.matching(name), self._by_claim.within(labels.items())
        return self._at((*self._declaring(name), *named, *labelled))

    def claims(self, name: str) -> bool:
        """Tell whether a GPUNode declares a node, or a pool claims it by its name."""
        return name in self._declared or bool(self._by_name.matching(name))

    def _declaring(self, name: str) -> tuple[int, ...]:
        position = self._positions.get(self._declared.get(name, ""))
        return () if position is None else (position,)

    def _at(self, positions: Iterable[int]) -> tuple[GPUNodePool, ...]:
        return tuple(self._pools[each] for each in sorted({*positions}))


def membership_of(documents: Sequence[Document]) -> Membership:
    """Give the pools and the declared nodes of some documents."""
    pools = (each for each in documents if isinstance(each, GPUNodePool))
    return Membership(pools, declared_by(documents))


def missing_taints(pool: GPUNodePool, node: Node) -> tuple[Taint, ...]:
    """Give the taints of a pool that a node does not have."""
    has = _taints(node.taints)
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


def _taints(taints: Iterable[Taint | Carried]) -> frozenset[tuple[str, str, str]]:
    return frozenset((each.key, each.value, each.effect) for each in taints)
