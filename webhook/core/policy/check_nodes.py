"""Checks of GPUNodes against the pools: the one that each names, and others that claim it too."""

from collections.abc import Iterator

from webhook.core.errors import Fault
from webhook.core.policy.catalogue import Catalogue, fault, place
from webhook.core.policy.documents import GPUNode, GPUNodePool
from webhook.core.policy.globs import is_match
from webhook.core.policy.located import step
from webhook.core.policy.lookup import Globs
from webhook.core.policy.nearest import suggest_all


def check_nodes(everything: Catalogue) -> Iterator[Fault]:
    """Give the faults of every GPUNode."""
    claims = Globs(
        (glob, pool.name) for pool in everything.pools.values() for glob in pool.claims.names
    )
    for each in everything.nodes.values():
        if each.pool not in everything.pools:
            known = suggest_all(each.pool, everything.pools)
            yield fault(each, "spec.pool", f"there is no GPUNodePool {each.pool}; {known}")
        for name in dict.fromkeys(claims.matching(each.name)):
            if name != each.pool:
                yield from _claimed(each, everything.pools[name])


def _claimed(each: GPUNode, pool: GPUNodePool) -> Iterator[Fault]:
    """Say that another pool claims the node's name; by its labels nobody knows before it joins."""
    for index, glob in enumerate(pool.claims.names):
        if is_match(glob, each.name):
            where = place(pool, step("spec.claims.names", index))
            message = (
                f"{each.pool}: pool {pool.name} claims {each.name} by {glob} ({where}): a node has"
                " one pool; part them"
            )
            yield fault(each, "spec.pool", message)
