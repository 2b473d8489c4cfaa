"""Rule `offer`: a GPU pod asks for what the pools of its class offer.

A pool may list in `spec.resources` the names that its nodes offer. A pod that asks for another one,
such as `nvidia.com/mig-1g.5gb` of a class whose pools have whole GPUs, waits for ever: no node has
it. Where a pool of the class lists nothing, it may offer anything; so may pools that a Preferred
class reaches besides its own. Names of DeviceClasses are not looked at: no node lists them.

A warning, unless GPUPolicy `spec.rules` says otherwise:

    rules: {offer: Enforce}
"""

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet

from webhook.core.decision import Violation
from webhook.core.pod import Pod
from webhook.core.policy.documents import GPUNodePool
from webhook.core.policy.nearest import listing
from webhook.core.policy.plan import ClassPlan
from webhook.core.policy.policy import Policy
from webhook.core.policy.resources import extended, offering
from webhook.core.rules.contradiction import pools_elsewhere

NAME = "offer"


def find(
    pod: Pod, wanted: Iterable[str], injected: Pod, plan: ClassPlan, policy: Policy
) -> tuple[Violation, ...]:
    """Find what of the `wanted` of a GPU pod no pool within its class's reach offers."""
    offers = plan.offers
    if offers is None or offers.names_all(wanted):
        return ()
    missing = policy.resources.listed(wanted, beside=offers)
    if not missing:
        return ()
    for pool in pools_elsewhere(injected, plan, policy):
        missing = frozenset(name for name in missing if not _may_offer(pool, name))
        if not missing:
            return ()
    return tuple(_violations(pod, missing, plan, policy))


def _may_offer(pool: GPUNodePool, name: str) -> bool:
    return not pool.resources or offering(pool.resources).matches(name)


def _violations(
    pod: Pod, missing: AbstractSet[str], plan: ClassPlan, policy: Policy
) -> Iterator[Violation]:
    for place, container in pod.containers():
        limits = (container.resources and container.resources.limits) or {}
        for name in sorted(missing & set(extended(container))):
            field = "limits" if name in limits else "requests"
            path = f'{place}.resources.{field}["{name}"]'
            yield Violation(rule=NAME, path=path, message=_message(name, plan, policy))


def _message(name: str, plan: ClassPlan, policy: Policy) -> str:
    pools = "; ".join(f"{pool.name}: {', '.join(pool.resources)}" for pool in plan.pools)
    classes = [
        each.name for each in policy.classes.values() if each.offers and each.offers.matches(name)
    ]
    instead = f", or name a class that has it: {listing(classes)}" if classes else ""
    return (
        f"no node of class {plan.name} offers it (pools {pools}), so the pod waits for ever; "
        f"ask for what they offer{instead}"
    )
