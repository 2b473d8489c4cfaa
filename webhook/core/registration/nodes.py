"""Which nodes are sent as they register, in CEL: those that a pool or a GPUNode claims by name.

What a node says of itself is not asked: by labels nodes are claimed once they are there.
"""

from webhook.core.policy.policy import Policy
from webhook.core.registration.cel import NEVER, matching
from webhook.core.registration.pods import Conditions


def registered(policy: Policy) -> Conditions:
    """Give the condition by which a node is sent; none where no name is claimed."""
    globs = [glob for pool in policy.pools for glob in pool.claims.names]
    found = matching("object.metadata.name", (*globs, *sorted(policy.declared)))
    return {} if found == NEVER else {"claimed-by-name": found}
