"""Objects of a cluster as kubectl names them: `pod/NAME`, `deploy/NAME`, `rayclusters.ray.io/NAME`.

What it is that a name stands for, and where the API server has it; nothing is asked here.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from webhook.cli.sources import SUFFIXES
from webhook.core.policy.policy import Policy
from webhook.core.workload import KINDS, WorkloadKind

POD = "pod"

_NAMED = re.compile(r"(?P<kind>[a-z][a-z0-9.-]*)/(?P<name>[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)")
_SHORT = {
    "cj": "cronjob",
    "deploy": "deployment",
    "ds": "daemonset",
    "po": POD,
    "rc": "replicationcontroller",
    "rs": "replicaset",
    "sts": "statefulset",
}
_BUILT_IN = {each.kind.lower(): each for each in KINDS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """An object of a cluster: as somebody wrote it, its kind in full, and its name."""

    text: str
    kind: str
    name: str

    @property
    def is_pod(self) -> bool:
        """Tell whether it is a pod."""
        return self.kind == POD

    def row(self, policy: Policy) -> WorkloadKind | None:
        """Give what is known of its kind; None where the policy lists no such kind."""
        if self.kind in _BUILT_IN:
            return _BUILT_IN[self.kind]
        return next((row for row in policy.workloads.values() if self._is_of(row)), None)

    def _is_of(self, row: WorkloadKind) -> bool:
        return self.kind in {f"{each}.{row.group}" for each in (row.plural, row.kind.lower())}


def find(text: str) -> Named | None:
    """Read `KIND/NAME`; None for what is a file, or may be meant for one."""
    found = _NAMED.fullmatch(text)
    if found is None or text.endswith(SUFFIXES) or Path(text).exists():
        return None
    kind = _SHORT.get(found["kind"], found["kind"])
    if kind not in _BUILT_IN and kind != POD and "." not in kind:
        kind = kind.removesuffix("s")
    is_known = kind == POD or kind in _BUILT_IN or "." in kind
    return Named(text=text, kind=kind, name=found["name"]) if is_known else None


def path(row: WorkloadKind, version: str, namespace: str, name: str) -> str:
    """Give where the API server has an object."""
    root = f"/apis/{row.group}/{version}" if row.group else f"/api/{version}"
    return f"{root}/namespaces/{quote(namespace)}/{row.plural}/{name}"
