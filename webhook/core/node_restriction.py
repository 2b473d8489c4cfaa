"""Which labels a kubelet may set on its own Node.

Sources: the admission plug-in NodeRestriction and the kubelet's own check of --node-labels, which
ends it at the start. What a kubelet may not set, an administrator or our controller sets.
"""

_OWN = frozenset(
    {
        "beta.kubernetes.io/arch",
        "beta.kubernetes.io/instance-type",
        "beta.kubernetes.io/os",
        "failure-domain.beta.kubernetes.io/region",
        "failure-domain.beta.kubernetes.io/zone",
        "kubernetes.io/arch",
        "kubernetes.io/hostname",
        "kubernetes.io/os",
        "node.kubernetes.io/instance-type",
        "topology.kubernetes.io/region",
        "topology.kubernetes.io/zone",
    }
)
_OWN_DOMAINS = ("kubelet.kubernetes.io", "node.kubernetes.io")
_KUBERNETES = ("kubernetes.io", "k8s.io")


def may_set_itself(key: str) -> bool:
    """Tell whether a kubelet may set the label of this key on its own Node."""
    domain = key.rpartition("/")[0]
    return key in _OWN or _is_below(domain, _OWN_DOMAINS) or not _is_below(domain, _KUBERNETES)


def _is_below(domain: str, parents: tuple[str, ...]) -> bool:
    return any(domain == parent or domain.endswith(f".{parent}") for parent in parents)
