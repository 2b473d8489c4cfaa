"""Nodes that are not as the pools have them.

- `node-unclaimed`: it offers a GPU, or a GPU vendor's label says that it has one, and it is of no
  pool: no class reaches it, and nothing keeps CPU pods off.
- `node-of-several-pools`: nothing tells which of several pools it is of.
- `node-lacks-taint`: it is of a pool and lacks a taint of it: CPU pods land there.
- `node-lacks-label`: it is of a pool and lacks a label of it: pods of the pool's classes miss it.
- `node-offers-no-gpu`: it is of a pool that names its `resources`, and offers none of them: the
  device plug-in does not run there, often because it does not tolerate the pool's taints.
"""

from collections.abc import Iterator

from webhook.core.audit.finding import NODE, Finding
from webhook.core.audit.view import View
from webhook.core.node_filter import Candidate
from webhook.core.nodes import vendors_mark, written
from webhook.core.policy.documents import GPUNodePool
from webhook.core.policy.membership import missing_labels, missing_taints
from webhook.core.policy.pool_names import named
from webhook.core.policy.resources import GPUResources


def find(view: View) -> Iterator[Finding]:
    """Judge every node."""
    for name, node in view.nodes.items():
        pools = view.pools.get(name, ())
        if not pools:
            yield from _unclaimed(node, view)
        elif len(pools) > 1:
            yield _of(
                node,
                "node-of-several-pools",
                f"is of {named(pools)} alike: add a label or a taint that tells them apart, or let "
                "only one claim its name",
            )
        else:
            yield from _lacking(node, pools[0])


def _of(node: Candidate, name: str, message: str) -> Finding:
    return Finding(name=name, kind=NODE, object=node.name, message=message)


def _unclaimed(node: Candidate, view: View) -> Iterator[Finding]:
    sign = _offer(node, view) or _mark(node)
    if sign:
        yield _of(
            node,
            "node-unclaimed",
            f"{sign}, but is of no pool: no class reaches it, and nothing keeps CPU pods off; give "
            "it the labels and taints of a pool, or write a GPUNodePool for it, as gpuclass "
            "export --adopt does",
        )


def _offer(node: Candidate, view: View) -> str:
    for name, amount in (node.allocatable or {}).items():
        if view.policy.resources.matches(name, view.policy.cluster):
            return f"offers {amount} {name}"
    return ""


def _mark(node: Candidate) -> str:
    mark = vendors_mark(node.marks.labels)
    return f"carries the label {mark}" if mark else ""


def _lacking(node: Candidate, pool: GPUNodePool) -> Iterator[Finding]:
    for taint in missing_taints(pool, node.marks):
        yield _of(
            node,
            "node-lacks-taint",
            f"is of pool {pool.name} and lacks its taint {written(taint)}, so CPU pods may "
            f"land on it: kubectl taint node {node.name} {written(taint)}",
        )
    for key, value in missing_labels(pool, node.marks).items():
        found = node.marks.labels.get(key)
        so = "so pods of its classes miss it" if key in pool.selector else "which it declares"
        instead, force = (
            ("has none", "") if found is None else (f"has {key}={found}", " --overwrite")
        )
        yield _of(
            node,
            "node-lacks-label",
            f"is of pool {pool.name} and lacks its label {key}={value} ({instead}), {so}: "
            f"kubectl label node {node.name} {key}={value}{force}",
        )
    yield from _offering(node, pool)


def _offering(node: Candidate, pool: GPUNodePool) -> Iterator[Finding]:
    if not pool.resources or node.allocatable is None:
        return
    listed = GPUResources(pool.resources, ())
    if not any(listed.matches(name) for name in node.allocatable):
        yield _of(
            node,
            "node-offers-no-gpu",
            f"is of pool {pool.name} and offers none of its resources "
            f"({', '.join(pool.resources)}): see that the device plug-in runs there, and that it "
            "tolerates the pool's taints",
        )
