"""What each document's status says: its conditions, and what is there of nodes and GPUs.

A pure function of documents, faults, nodes and pods; who writes it knows times and generations.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from webhook.control.conditions import Name, State, conditions_of, find
from webhook.control.gpus import gpus_of
from webhook.control.inventory import marks_of
from webhook.control.node_status import disputed, lacking, report_node
from webhook.core.policy.documents import GPUClass, GPUNode, GPUNodePool, GPUPolicy, PriorityClass
from webhook.core.policy.membership import membership_of
from webhook.core.policy.status import (
    Condition,
    GPUClassStatus,
    GPUNodePoolStatus,
    GPUPolicyStatus,
    PoolNodes,
    Status,
)
from webhook.core.rules.node_marks import foreign

MAX_PROBLEMS = 20
"""Problems of nodes that a pool names before it only counts them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Members:
    """The nodes of each pool by name; of each node the pools that claim it or that it fits alike.

    Of those only nodes have an entry that have several.
    """

    of_pool: Mapping[str, tuple[str, ...]]
    rivals: Mapping[str, tuple[str, ...]]
    alike: Mapping[str, tuple[str, ...]]


def report(name: Name, state: State, members: Members) -> Status:
    """Say how one document fares; times and generations are left empty."""
    conditions = conditions_of(name, state)
    document = find(name, state.known)
    match document:
        case GPUNodePool():
            return _pool(document, state, members, conditions)
        case GPUNode():
            return report_node(document, state, conditions, members.rivals.get(name.name, ()))
        case GPUClass():
            return _class(document, members, conditions)
        case GPUPolicy():
            return _policy(state, conditions)
        case _:
            return Status(conditions=conditions)


def _policy(state: State, conditions: tuple[Condition, ...]) -> GPUPolicyStatus:
    counted = [each for each in state.in_force if not isinstance(each, PriorityClass)]
    return GPUPolicyStatus(
        conditions=conditions,
        revision=state.policy.revision if state.policy else None,
        documents=len(counted),
        classes=sum(isinstance(each, GPUClass) for each in counted),
        pools=sum(isinstance(each, GPUNodePool) for each in counted),
    )


def _class(
    document: GPUClass, members: Members, conditions: tuple[Condition, ...]
) -> GPUClassStatus:
    pools = tuple(
        PoolNodes(name=each.name, nodes=len(members.of_pool.get(each.name, ())))
        for each in document.pools
    )
    names = {node for each in document.pools for node in members.of_pool.get(each.name, ())}
    return GPUClassStatus(
        conditions=conditions,
        pools=pools,
        pool_names=", ".join(each.name for each in document.pools),
        nodes=len(names),
    )


def _pool(
    document: GPUNodePool, state: State, members: Members, conditions: tuple[Condition, ...]
) -> GPUNodePoolStatus:
    machines = state.inventory.machines
    names = members.of_pool.get(document.name, ())
    problems = (
        *(disputed(name, each) for name, each in members.rivals.items() if document.name in each),
        *_problems(document, state, members),
    )
    more = len(problems) - MAX_PROBLEMS
    shown = (*problems[:MAX_PROBLEMS], f"and {more} more") if more > 0 else problems
    return GPUNodePoolStatus(
        conditions=conditions,
        nodes=len(names),
        ready_nodes=sum(machines[name].is_ready for name in names),
        gpus=gpus_of(document, state, names),
        problems=shown,
    )


def members_of(state: State) -> Members:
    """Give the nodes of each pool by name; one that nothing tells apart is of all that it fits."""
    membership = membership_of(state.documents)
    found: dict[str, list[str]] = {}
    fitting: dict[str, tuple[str, ...]] = {}
    claiming: dict[str, tuple[str, ...]] = {}
    for name, machine in sorted(state.inventory.machines.items()):
        fitting[name] = _names(membership.of(name, machine.marks))
        claiming[name] = _names(membership.claimants(name, foreign(marks_of(machine))))
        for pool in fitting[name]:
            found.setdefault(pool, []).append(name)
    return Members(
        of_pool={name: tuple(each) for name, each in found.items()},
        rivals=_several(claiming),
        alike=_several(fitting),
    )


def _names(pools: Iterable[GPUNodePool]) -> tuple[str, ...]:
    return tuple(pool.name for pool in pools)


def _several(pools: Mapping[str, tuple[str, ...]]) -> Mapping[str, tuple[str, ...]]:
    return {node: names for node, names in pools.items() if len(names) > 1}


def _problems(pool: GPUNodePool, state: State, members: Members) -> Iterator[str]:
    """Say what is amiss with the nodes of a pool, a sentence each."""
    for name in members.of_pool.get(pool.name, ()):
        alike = members.alike.get(name, ())
        if alike:
            yield f"{name}: of pools {', '.join(alike)} alike; add a label that tells them apart"
        for each in lacking(pool, state.inventory.machines[name].marks):
            yield f"{name}: {each}"
