"""What a person has to know of derived documents: each note says what, where, and what to do."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from webhook.core.adopt import labels
from webhook.core.adopt.derived import Found, shown
from webhook.core.adopt.groups import Group
from webhook.core.node_filter import Candidate
from webhook.core.nodes import written
from webhook.core.policy.documents import GPUNodePool
from webhook.core.policy.pool_names import named


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something that a person has to know; `is_open`: the nodes do not tell, somebody must."""

    subject: str
    message: str
    is_open: bool = False


def unlisted(node: Candidate, name: str) -> Note:
    """Say that a node offers devices of a GPU's maker that no list has."""
    return Note(
        subject=f"Node {node.name}",
        message=f"offers {name}, which may be a GPU or not: if it is one, add it to "
        "spec.gpuResources of the GPUPolicy and to spec.resources of the pool",
        is_open=True,
    )


def of_pool(found: Found) -> Iterator[Note]:
    """Say what a pool and its nodes lack."""
    pool = f"GPUNodePool {found.name}"
    if found.is_declared:
        (label,) = (f"{key}={value}" for key, value in found.selector.items())
        yield Note(
            subject=pool,
            message="no label tells its nodes from all others, so GPUNodes name them, and the "
            f"pool declares a label of its own, {label}: the controller sets it in mode Enforce "
            "or Warn, and until then pods of its class find no node",
            is_open=True,
        )
    if not found.has_hard_taint:
        yield Note(
            subject=pool,
            message="no taint keeps CPU pods off its nodes: add one to the nodes' template and to "
            "spec.taints, such as nvidia.com/gpu=present:NoSchedule",
        )
    kept = {written(each) for each in found.group.taints}
    for node in found.group.nodes:
        has = {written(each) for each in labels.lasting(node.marks.taints)}
        yield from (_extra(node, each, found) for each in sorted(has - kept))
        yield from (_lacking(node, each, found) for each in sorted(kept - has))


def _extra(node: Candidate, taint: str, found: Found) -> Note:
    return Note(
        subject=f"Node {node.name}",
        message=f"has the taint {taint}, which other nodes of pool {found.name} lack: the pool "
        "does not declare it, and pods of its class do not tolerate it; take it away, or add it to "
        "all and to spec.taints",
        is_open=True,
    )


def _lacking(node: Candidate, taint: str, found: Found) -> Note:
    return Note(
        subject=f"Node {node.name}",
        message=f"lacks the taint {taint} of pool {found.name}, so CPU pods may land on it: "
        f"kubectl taint node {node.name} {taint}",
        is_open=True,
    )


def doubts(group: Group, like: Iterable[Found]) -> Iterator[Note]:
    """Say that nothing tells of which pool some nodes are."""
    pools = " or ".join(each.name for each in like) or "none of those derived"
    for node in group.nodes:
        yield Note(
            subject=f"Node {node.name}",
            message=f"no label says of which pool it is ({pools}), so nothing is written for it: "
            "see that discovery labels it and export again, or write a GPUNode",
            is_open=True,
        )


def astray(node: Candidate, each: Found, having: Sequence[GPUNodePool]) -> Note:
    """Say that a node had to be declared, since its marks say otherwise."""
    fits = f"its labels and taints fit {named(having)}" if having else "nothing on it says so"
    return Note(
        subject=f"Node {node.name}",
        message=f"is of pool {each.name} by what it shares with its other nodes, but {fits}: a "
        "GPUNode says so; see that it is right",
        is_open=True,
    )


def stranger(node: Candidate, pools: Sequence[GPUNodePool]) -> Note:
    """Say that a node without a GPU is taken for one of a pool."""
    return Note(
        subject=f"Node {node.name}",
        message=f"nothing says that it has a GPU, but it has every taint of {named(pools)}, "
        "and is taken for a node of it: give the GPU nodes a taint of their own",
        is_open=True,
    )


def no_default(found: Sequence[Found]) -> Note:
    """Say that nothing tells which class is the default."""
    return Note(
        subject="GPUPolicy cluster",
        message="spec.defaultClass is absent, since each pool has taints of its own: once "
        "the mode is Enforce a GPU pod that names no class is refused; name one of "
        f"{shown([each.name for each in found])}",
        is_open=True,
    )
