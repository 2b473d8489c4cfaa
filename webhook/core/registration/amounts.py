"""What the containers of a pod want, in CEL: amounts are compared, never keys alone.

Every function takes the expression of a pod's spec, so that the same conditions serve pods and the
templates of workloads.
"""

from webhook.core.names import GPU_VENDOR_DOMAINS
from webhook.core.policy.policy import Policy
from webhook.core.registration.cel import Expression, matching


def asks(spec: Expression, policy: Policy) -> Expression:
    """Tell whether a container wants more than zero of a listed resource."""
    return wants(spec, _is_listed(policy))


def asks_unlisted(spec: Expression, policy: Policy) -> Expression:
    """Tell whether a container wants more than zero of what a maker of GPUs has and no list."""
    makers = matching("r", (f"{domain}/*" for domain in sorted(GPU_VENDOR_DOMAINS)))
    return wants(spec, f"({makers}) && !({_is_listed(policy)})")


def _is_listed(policy: Policy) -> Expression:
    """Tell whether a name `r` means a GPU."""
    names = policy.resources
    chosen = names.of_device_classes(policy.cluster)
    return matching("r", (*names.names, *names.device_classes, *chosen, *names.globs))


def wants(spec: Expression, is_wanted: Expression) -> Expression:
    """Tell whether a container wants more than zero of what `is_wanted` says of a name `r`."""
    amounts = "[c.?resources.?limits.orValue({}), c.?resources.?requests.orValue({})]"
    return (
        f"({containers(spec)}).exists(c,\n"
        f"  {amounts}.exists(amounts,\n"
        f"    amounts.exists(r, ({is_wanted}) &&\n"
        f"      quantity(string(amounts[r])).isGreaterThan(quantity('0')))))"
    )


def requests(containers: Expression, policy: Policy) -> Expression:
    """Tell whether one of some containers requests more than zero of a listed resource."""
    more = "quantity(string(c.resources.requests[r])).isGreaterThan(quantity('0'))"
    return names(containers, f"({_is_listed(policy)}) && {more}")


def names(containers: Expression, is_wanted: Expression) -> Expression:
    """Tell whether one of some containers requests what `is_wanted` says of a name `r`.

    Of a pod that admission has been through: what it limits it requests, for an API server fills in
    the requests that are not there. So half as much is to be looked at as in `wants`.
    """
    return f"{containers}.exists(c, c.?resources.?requests.orValue({{}}).exists(r, {is_wanted}))"


def containers(spec: Expression) -> Expression:
    """Give all containers (null before validation where there are none)."""
    return (
        f"optional.ofNonZeroValue({spec}.?containers.orValue([])).orValue([]) + "
        f"{spec}.?initContainers.orValue([])"
    )
