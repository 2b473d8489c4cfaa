"""A policy and a cluster, prepared: every look-up that a finding makes is by key."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from webhook.core.audit.inventory import DaemonSet, Inventory
from webhook.core.cluster import NamespacedName
from webhook.core.names import CLASS_ANNOTATION
from webhook.core.node_filter import Candidate
from webhook.core.policy.documents import GPUNodePool
from webhook.core.policy.plan import ClassPlan
from webhook.core.policy.policy import Policy
from webhook.core.rules import gpu_class

PATIENCE = timedelta(minutes=10)
"""How long a pod may wait for a GPU before it is told of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What is known while findings are made.

    `policy` knows the cluster. `pools` are those of each node that is of any, `members` the nodes
    of each pool, also of several.
    """

    policy: Policy
    nodes: Mapping[str, Candidate]
    pools: Mapping[str, tuple[GPUNodePool, ...]]
    members: Mapping[str, tuple[Candidate, ...]]
    daemon_sets: Mapping[NamespacedName, DaemonSet] | None
    now: datetime
    patience: timedelta

    def is_exempt(self, namespace: str) -> bool:
        """Tell whether the policy leaves a namespace alone."""
        return namespace in self.policy.exempt.namespaces

    @property
    def doubt(self) -> str:
        """Say, where it matters, that an exempt sender of a pod can not be told afterwards."""
        exempt = self.policy.exempt
        given = sorted((*exempt.users, *exempt.groups))
        if not given:
            return ""
        return f". Who created it is not stored: if it was {' or '.join(given)}, it is exempt"

    def plan_of(
        self, annotations: Mapping[str, str], namespace: str, given: str | None = None
    ) -> ClassPlan | str:
        """Give the class of a GPU pod, or say why it has none; `given` is the one it was given."""
        named = annotations.get(CLASS_ANNOTATION)
        found = gpu_class.find(named, namespace, self.policy, given)
        return found.plan if isinstance(found, gpu_class.Found) else found.message


def view(inventory: Inventory, policy: Policy, now: datetime, patience: timedelta) -> View:
    """Prepare the look-ups; no pod is looked at."""
    nodes = {each.name: each for each in inventory.nodes}
    marks = {name: each.marks for name, each in nodes.items()}
    knowing = policy.knowing(replace(inventory.cluster, nodes=marks))
    pools = {name: found for name in nodes if (found := knowing.pools_of_node(name))}
    members: dict[str, list[Candidate]] = {each.name: [] for each in policy.pools}
    for name, found in pools.items():
        for pool in found:
            members[pool.name].append(nodes[name])
    return View(
        policy=knowing,
        nodes=nodes,
        pools=pools,
        members={name: tuple(each) for name, each in members.items()},
        daemon_sets=inventory.daemon_sets,
        now=now,
        patience=patience,
    )
