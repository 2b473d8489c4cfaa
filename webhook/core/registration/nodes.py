"""Which nodes are sent, in CEL: those that a pool or a GPUNode claims by name, as they register.

What a node says of itself is not asked: by labels nodes are claimed once they are there. And what a
kubelet writes over our record of its node is sent to be judged, which no kubelet does by itself.
"""

from webhook.core.names import MARKS_ANNOTATION, NODES_GROUP
from webhook.core.policy.policy import Policy
from webhook.core.registration.cel import NEVER, Expression, literal, matching
from webhook.core.registration.pods import IS_CREATE, Conditions


def registered(policy: Policy) -> Conditions:
    """Give the condition by which a node is sent; none where no name is claimed."""
    found = _claimed(policy)
    return {} if found == NEVER else {"claimed-by-name": found}


def recorded(policy: Policy) -> Conditions:
    """Give the conditions by which a kubelet's write is judged; the first record is our own."""
    new, old = (
        f"{each}.metadata.?annotations[?{literal(MARKS_ANNOTATION)}]"
        for each in ("object", "oldObject")
    )
    groups = "request.userInfo.?groups.orValue([])"
    brought = f"{new}.hasValue() && !({_claimed(policy)})"
    return {
        "by-a-kubelet": f"{literal(NODES_GROUP)} in {groups}",
        "record-written": f"{IS_CREATE} ? {brought} : {new} != {old}",
    }


def _claimed(policy: Policy) -> Expression:
    globs = [glob for pool in policy.pools for glob in pool.claims.names]
    return matching("object.metadata.name", (*globs, *sorted(policy.declared)))
