"""How many GPUs nodes have, offer, and have given to pods."""

from collections.abc import Collection, Iterable

from webhook.control.conditions import State
from webhook.core.devices import Amounts
from webhook.core.policy.documents import GPUNodePool, GPUPolicy
from webhook.core.policy.resources import GPUResources
from webhook.core.policy.status import GPUCount


def gpus_of(pool: GPUNodePool, state: State, names: Collection[str]) -> GPUCount:
    """Count the GPUs of some nodes: what the pool lists, else what the policy does."""
    listed = GPUResources(resources_of(pool, state), ())
    machines, of_pool = state.inventory.machines, frozenset(names)
    held = (each.holds for each in state.inventory.tenants if each.node in of_pool)
    return GPUCount(
        capacity=_count(listed, (machines[name].capacity for name in names)),
        allocatable=_count(listed, (machines[name].allocatable for name in names)),
        allocated=_count(listed, held),
    )


def resources_of(pool: GPUNodePool, state: State) -> tuple[str, ...]:
    """Give the names by which GPUs of a pool are asked for."""
    policies = (each for each in state.documents if isinstance(each, GPUPolicy))
    return pool.resources or next((each.gpu_resources for each in policies), ())


def _count(listed: GPUResources, amounts: Iterable[Amounts]) -> int:
    return sum(count for each in amounts for name, count in each.items() if listed.matches(name))
