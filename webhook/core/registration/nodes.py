"""Which nodes are sent, in CEL: those that a pool or a GPUNode claims by name, as they register.

What a node says of itself is not asked: by labels nodes are claimed once they are there. And what a
kubelet writes over our record of its node is sent to be judged, which no kubelet does by itself.
"""

from webhook.core.names import MARKS_ANNOTATION, NODES_GROUP
from webhook.core.policy.policy import Policy
from webhook.core.registration.cel import (
    ALWAYS,
    LONGEST,
    NEVER,
    Expression,
    literal,
    matching,
)
from webhook.core.registration.pods import IS_CREATE, Conditions


def registered(policy: Policy) -> Conditions:
    """Give the condition by which a node is sent; none where no name is claimed.

    Of so many names that no condition holds them every node is sent.
    """
    found = _claimed(policy)
    if found == NEVER:
        return {}
    return {"claimed-by-name": found if len(found) <= LONGEST else ALWAYS}


def recorded(policy: Policy) -> Conditions:
    """Give the conditions by which a kubelet's write is judged; the first record is our own."""
    new, old = (
        f"{each}.metadata.?annotations[?{literal(MARKS_ANNOTATION)}]"
        for each in ("object", "oldObject")
    )
    groups = "request.userInfo.?groups.orValue([])"
    claimed = _claimed(policy)
    told = claimed if len(claimed) <= LONGEST else NEVER
    brought = f"{new}.hasValue() && !({told})"
    return {
        "by-a-kubelet": f"{literal(NODES_GROUP)} in {groups}",
        "record-written": f"{IS_CREATE} ? {brought} : {new} != {old}",
    }


def _claimed(policy: Policy) -> Expression:
    globs = [glob for pool in policy.pools for glob in pool.claims.names]
    return matching("object.metadata.name", (*globs, *sorted(policy.declared)))
