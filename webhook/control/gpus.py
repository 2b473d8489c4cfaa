"""How many GPUs nodes have, offer, and have given to pods."""

from collections.abc import Collection, Iterable

from webhook.control.conditions import State
from webhook.core.devices import Amounts
from webhook.core.policy.documents import GPUNodePool
from webhook.core.policy.resources import GPUResources
from webhook.core.policy.status import GPUCount


def gpus_of(pool: GPUNodePool, state: State, names: Collection[str]) -> GPUCount:
    """Count the GPUs of some nodes: what the pool lists, else what the policy does."""
    listed = GPUResources(resources_of(pool, state), ())
    machines, tenants = state.inventory.machines, state.inventory.tenants_of
    held = (each.holds for name in names for each in tenants.get(name, ()))
    return GPUCount(
        capacity=_count(listed, (machines[name].capacity for name in names)),
        allocatable=_count(listed, (machines[name].allocatable for name in names)),
        allocated=_count(listed, held),
    )


def resources_of(pool: GPUNodePool, state: State) -> tuple[str, ...]:
    """Give the names by which GPUs of a pool are asked for."""
    policies = state.known.policies
    return pool.resources or (policies[0].gpu_resources if policies else ())


def _count(listed: GPUResources, amounts: Iterable[Amounts]) -> int:
    return sum(count for each in amounts for name, count in each.items() if listed.matches(name))
