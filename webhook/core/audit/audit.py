"""All findings of a cluster, family by family; pods one by one, as they come."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from webhook.core.audit import cpu_pods, daemon_sets, gpu_pods, namespaces, nodes, pools
from webhook.core.audit.finding import Finding
from webhook.core.audit.inventory import Inventory, StoredPod
from webhook.core.audit.view import PATIENCE, View, view
from webhook.core.audit.waiting import Waiting
from webhook.core.policy.policy import Policy
from webhook.core.policy.resources import Need

FAMILIES = (nodes, pools, namespaces, daemon_sets)
"""What is judged once, before the pods."""


def find(
    inventory: Inventory, policy: Policy, now: datetime, patience: timedelta = PATIENCE
) -> Iterator[Finding]:
    """Give what is amiss, in the order in which it is found.

    Each pod of the inventory is asked for once and not kept.
    """
    known = view(inventory, policy, now, patience)
    for family in FAMILIES:
        yield from family.find(known)
    waiting = Waiting(known)
    for each in inventory.pods:
        yield from _of_pod(each, known, waiting)


def _of_pod(stored: StoredPod, known: View, waiting: Waiting) -> Iterator[Finding]:
    """Judge a pod that runs or waits; one of which it is not known what it asks for is none."""
    if stored.is_over:
        return
    policy = known.policy
    need = policy.resources.asked(stored.pod, stored.namespace, policy.cluster).need
    if need is Need.GPU:
        yield from gpu_pods.find(stored, known)
        yield from waiting.find(stored)
    elif need is Need.NOTHING:
        yield from cpu_pods.find(stored, known)
