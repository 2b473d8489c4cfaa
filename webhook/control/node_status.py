"""What a GPUNode's status says: whether its node is there, is marked as declared, and offers GPUs.

A pure function, like `status`, which asks it.
"""

from collections.abc import Iterator, Sequence

from webhook.control.conditions import State, condition, degrade, revision_of
from webhook.control.gpus import gpus_of, resources_of
from webhook.control.inventory import Machine
from webhook.control.reasons import Reason
from webhook.core.cluster import Node
from webhook.core.nodes import written
from webhook.core.policy.documents import GPUNode, GPUNodePool
from webhook.core.policy.membership import missing_labels, missing_taints
from webhook.core.policy.status import (
    READY,
    Condition,
    ConditionStatus,
    GPUCount,
    GPUNodeStatus,
)

Pair = tuple[Condition, Condition]
"""Ready and Degraded."""


def lacking(pool: GPUNodePool, node: Node) -> Iterator[str]:
    """Say which labels and taints of a pool a node does not have, and what that means."""
    for taint in missing_taints(pool, node):
        yield f"lacks the taint {written(taint)}, so CPU pods may land on it"
    for key, value in missing_labels(pool, node).items():
        so = ", so pods of its classes miss it" if key in pool.selector else ""
        yield f"lacks the label {key}={value}{so}"


def disputed(name: str, pools: Sequence[str]) -> str:
    """Say that several pools claim a node, which the controller then leaves alone."""
    return f"{name}: pools {', '.join(pools)} claim it alike; left as it is until one does"


def report_node(
    document: GPUNode, state: State, own: Pair, rivals: Sequence[str] = ()
) -> GPUNodeStatus:
    """Say how a declared node fares; `own` are the document's conditions, `rivals` its pools."""
    machine = state.inventory.machines.get(document.name)
    pool = state.known.pools.get(document.pool)
    conditions = _disputed(own, disputed(document.name, rivals)) if rivals else own
    if machine is None or pool is None:
        absent = f"in force, {revision_of(state.policy)}; no node {document.name} has joined yet"
        return GPUNodeStatus(
            conditions=_unless(conditions, "NotJoined", absent if machine is None else ""),
            joined=machine is not None,
        )
    gpus = gpus_of(pool, state, [document.name])
    problems = tuple(_problems(pool, machine, gpus, state))
    return GPUNodeStatus(
        conditions=_conditions(document, conditions, machine, gpus, problems),
        joined=True,
        ready=machine.is_ready,
        labelled=not any(lacking(pool, machine.marks)),
        gpus=gpus,
        problems=problems,
    )


def _problems(pool: GPUNodePool, machine: Machine, gpus: GPUCount, state: State) -> Iterator[str]:
    if not machine.is_ready:
        yield "is not Ready: its kubelet is silent" if machine.is_silent else "is not Ready"
    yield from lacking(pool, machine.marks)
    if not gpus.allocatable:
        names = ", ".join(resources_of(pool, state))
        yield f"offers none of {names}: its device plug-in may not run yet"


def _conditions(
    document: GPUNode, own: Pair, machine: Machine, gpus: GPUCount, problems: tuple[str, ...]
) -> Pair:
    """Let the node speak where the document itself is in force."""
    ready, degraded = _unless(own, "NodeHasProblems", "; ".join(problems))
    if machine.is_silent and degraded.status is ConditionStatus.FALSE:
        degraded = degrade(Reason.NODE_SILENT, "its kubelet is silent")
    if ready.status is ConditionStatus.TRUE:
        text = f"{ready.message}; of pool {document.pool}, {gpus.allocatable} GPUs"
        ready = condition(READY, "Joined", text, holds=True)
    return ready, degraded


def _disputed(own: Pair, fault: str) -> Pair:
    if own[0].status is not ConditionStatus.TRUE:
        return own
    return (
        condition(READY, "ClaimedTwice", fault),
        degrade(Reason.CLAIMED_TWICE, fault),
    )


def _unless(own: Pair, reason: str, fault: str) -> Pair:
    """Give the document's conditions; Ready holds only where there is no fault."""
    ready, degraded = own
    if ready.status is ConditionStatus.TRUE and fault:
        return condition(READY, reason, fault), degraded
    return own
