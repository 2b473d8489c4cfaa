"""What the containers of a pod want, in CEL: amounts are compared, never keys alone.

Of a pod requests tell all: an API server fills in those that are missing from the limits, before
admission and after every patch, and writes no amount of zero but as `0` (apimachinery Quantity). A
template in a workload is as its author wrote it: there limits count too, and amounts are parsed.
"""

from webhook.core.names import GPU_VENDOR_DOMAINS
from webhook.core.policy.policy import Policy
from webhook.core.registration.cel import Expression, matching


def requests(containers: Expression, policy: Policy) -> Expression:
    """Tell whether one of a pod's containers requests more than zero of a listed resource."""
    return _requests(containers, _is_listed(policy))


def requests_unlisted(containers: Expression, policy: Policy) -> Expression:
    """Tell whether one requests more than zero of what a maker of GPUs has and no list."""
    return _requests(containers, _is_unlisted(policy))


def asks(spec: Expression, policy: Policy) -> Expression:
    """Tell whether a container of a template wants more than zero of a listed resource."""
    return _wants(spec, _is_listed(policy))


def asks_unlisted(spec: Expression, policy: Policy) -> Expression:
    """Tell whether one wants more than zero of what a maker of GPUs has and no list."""
    return _wants(spec, _is_unlisted(policy))


def _is_listed(policy: Policy) -> Expression:
    """Tell whether a name `r` means a GPU."""
    names = policy.resources
    chosen = names.of_device_classes(policy.cluster)
    return matching("r", (*names.names, *names.device_classes, *chosen, *names.globs))


def _is_unlisted(policy: Policy) -> Expression:
    makers = matching("r", (f"{domain}/*" for domain in sorted(GPU_VENDOR_DOMAINS)))
    return f"({makers}) && !({_is_listed(policy)})"


def _requests(containers: Expression, is_wanted: Expression) -> Expression:
    return names(containers, f"({is_wanted}) && c.resources.requests[r] != '0'")


def names(containers: Expression, is_wanted: Expression) -> Expression:
    """Tell whether one of a pod's containers requests what `is_wanted` says of a name `r`."""
    return (
        f"({containers}).exists(c,\n  c.?resources.?requests.orValue({{}}).exists(r, {is_wanted}))"
    )


def _wants(spec: Expression, is_wanted: Expression) -> Expression:
    amounts = "[c.?resources.?limits.orValue({}), c.?resources.?requests.orValue({})]"
    return (
        f"({containers(spec)}).exists(c,\n"
        f"  {amounts}.exists(amounts,\n"
        f"    amounts.exists(r, ({is_wanted}) &&\n"
        f"      quantity(string(amounts[r])).isGreaterThan(quantity('0')))))"
    )


def containers(spec: Expression) -> Expression:
    """Give all containers (null before validation where there are none)."""
    return (
        f"optional.ofNonZeroValue({spec}.?containers.orValue([])).orValue([]) + "
        f"{spec}.?initContainers.orValue([])"
    )
