"""Pools that can not do what they are for.

- `pool-without-taint`: it has no taint of effect NoSchedule or NoExecute: any pod lands on its
  nodes, and only the webhook keeps out those that aim there.
- `pool-without-nodes`: no node is of it. It may be scaled to zero.
"""

from collections.abc import Iterator

from webhook.core.audit.finding import POOL, Finding
from webhook.core.audit.view import View
from webhook.core.nodes import HARD_EFFECTS


def find(view: View) -> Iterator[Finding]:
    """Judge every pool."""
    for pool in view.policy.pools:
        if not any(each.effect.value in HARD_EFFECTS and each.tolerate for each in pool.taints):
            yield Finding(
                name="pool-without-taint",
                kind=POOL,
                object=pool.name,
                message="spec.taints: has none of effect NoSchedule or NoExecute, so any CPU pod "
                "lands on its nodes: give it one, such as {key: nvidia.com/gpu, value: present, "
                "effect: NoSchedule}",
            )
        if not view.members[pool.name]:
            yield Finding(
                name="pool-without-nodes",
                kind=POOL,
                object=pool.name,
                message="no node is of it: fine where it is scaled to zero, else compare its "
                "spec.selector and spec.claims with the labels and names of nodes",
            )
