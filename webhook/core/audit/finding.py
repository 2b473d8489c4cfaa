"""A finding: a value with a stable name, and the table of all names.

Messages say where, what was found, what was expected, and what to do.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

DAEMON_SET, NAMESPACE, NODE, POD, POOL = "DaemonSet", "Namespace", "Node", "Pod", "GPUNodePool"


class Severity(StrEnum):
    """How much it matters; the gravest first."""

    ERROR = "error"
    """A CPU pod is on a GPU node or can get there, or a GPU pod is where it does not belong."""
    WARNING = "warning"
    """Something works otherwise than the policy has it, or will be refused when made anew."""
    INFO = "info"
    """Worth knowing; it may well be meant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is amiss with one object; `namespace` is empty where it is in none."""

    name: str
    kind: str
    object: str
    message: str
    namespace: str = ""

    @property
    def severity(self) -> Severity:
        """Give how much it matters."""
        return SEVERITIES[self.name]

    @property
    def rank(self) -> tuple[int, int, str, str, str]:
        """Sort by severity, by the order of the table, and by object."""
        place = _ORDER[self.name]
        return _GRAVITY[self.severity], place, self.namespace, self.object, self.message


SEVERITIES: Mapping[str, Severity] = {
    "cpu-pod-on-gpu-node": Severity.ERROR,
    "cpu-pod-aims": Severity.WARNING,
    "cpu-pod-unproved": Severity.INFO,
    "gpu-pod-outside-pools": Severity.ERROR,
    "gpu-pod-without-class": Severity.ERROR,
    "gpu-pod-unstamped": Severity.WARNING,
    "gpu-pod-unfinished": Severity.WARNING,
    "gpu-pod-outdated": Severity.INFO,
    "gpu-pod-label": Severity.WARNING,
    "gpu-pod-priority": Severity.WARNING,
    "gpu-pod-waits": Severity.WARNING,
    "node-unclaimed": Severity.WARNING,
    "node-of-several-pools": Severity.ERROR,
    "node-lacks-taint": Severity.ERROR,
    "node-lacks-label": Severity.WARNING,
    "node-offers-no-gpu": Severity.WARNING,
    "pool-without-taint": Severity.ERROR,
    "pool-without-nodes": Severity.INFO,
    "namespace-selector": Severity.WARNING,
    "namespace-tolerations": Severity.WARNING,
    "namespace-whitelist": Severity.WARNING,
    "agent-evictable": Severity.WARNING,
    "daemonset-kept-off": Severity.WARNING,
}
"""Every finding that there is: names of reports and metrics, which never change their meaning."""

_ORDER = {name: index for index, name in enumerate(SEVERITIES)}
_GRAVITY = {severity: index for index, severity in enumerate(Severity)}


def is_grave(severity: Severity, threshold: Severity) -> bool:
    """Tell whether a severity is the threshold or graver."""
    return _GRAVITY[severity] <= _GRAVITY[threshold]


def of_pod(name: str, namespace: str, pod: str, message: str) -> Finding:
    """Say something of a pod."""
    return Finding(name=name, kind=POD, namespace=namespace, object=pod, message=message)
