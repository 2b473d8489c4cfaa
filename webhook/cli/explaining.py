"""Where a pod may land, node by node: from findings and nodes to explanations.

What the policy does to the pod was asked before, by `judging`; what keeps it off a node is asked of
`core.node_filter`. Here the answers are put together, nodes that are alike as one group.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import msgspec

from webhook.cli.finding import Finding
from webhook.core.decision import Violation
from webhook.core.node_filter import Candidate, Refusal, refusals
from webhook.core.patch import JSON
from webhook.core.pod import Pod, Toleration
from webhook.core.policy.policy import Policy

_BY_ADMISSION = (
    ("node.kubernetes.io/not-ready", "NoExecute"),
    ("node.kubernetes.io/unreachable", "NoExecute"),
)
"""What the API server lets every pod tolerate (DefaultTolerationSeconds)."""

_BY_DAEMON_SETS = (
    ("node.kubernetes.io/disk-pressure", "NoSchedule"),
    ("node.kubernetes.io/memory-pressure", "NoSchedule"),
    ("node.kubernetes.io/pid-pressure", "NoSchedule"),
    ("node.kubernetes.io/unschedulable", "NoSchedule"),
)
"""What a DaemonSet's controller lets its pods tolerate besides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A pod as it would be stored, and whose it is.

    `path` is the template's in its object, empty for a pod. A refused pod is none: it has
    `violations`. `node` is where it runs already.
    """

    source: str
    kind: str
    namespace: str
    name: str
    pod: Pod
    gpu_class: str | None
    reason: str
    path: str = ""
    violations: tuple[Violation, ...] = ()
    node: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Nodes of the same pool that say the same: yes where there is no refusal."""

    pools: tuple[str, ...]
    refusals: tuple[Refusal, ...]
    nodes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """A pod and every node: those that it may land on first."""

    subject: Subject
    groups: tuple[Group, ...]

    @property
    def open_nodes(self) -> int:
        """Count the nodes that the pod may land on."""
        return sum(len(each.nodes) for each in self.groups if not each.refusals)

    @property
    def lands(self) -> bool:
        """Tell whether the pod is let in and may land anywhere."""
        return not self.subject.violations and self.open_nodes > 0


def subjects(finding: Finding) -> Iterator[Subject]:
    """Give the pods of a finding, one of each template that shows its pods."""
    whole = _subject(finding, finding.pod_after)
    if finding.pods is None:
        yield whole
        return
    for each in finding.pods:
        yield replace(
            _subject(finding, each.after),
            path=each.path,
            gpu_class=each.gpu_class,
            reason=each.reason,
        )


def stored(finding: Finding, node: str) -> Subject:
    """Give a pod that is in the cluster, as it is there; `node` is where it runs, if anywhere."""
    today = ""
    if finding.patch or finding.violations:
        today = f"; the policy would {'refuse' if finding.violations else 'change'} it today"
    whole = _subject(finding, finding.manifest.value)
    return replace(whole, reason=f"{finding.reason}{today}", violations=(), node=node)


def _subject(finding: Finding, pod: JSON) -> Subject:
    manifest = finding.manifest
    given = _BY_ADMISSION if manifest.kind != "DaemonSet" else (*_BY_ADMISSION, *_BY_DAEMON_SETS)
    return Subject(
        source=manifest.source,
        kind=manifest.kind,
        namespace=manifest.namespace,
        name=manifest.name,
        pod=_tolerating(msgspec.convert(pod, Pod), given),
        gpu_class=finding.gpu_class,
        reason=finding.reason,
        violations=finding.violations,
    )


def _tolerating(pod: Pod, given: Iterable[tuple[str, str]]) -> Pod:
    """Append what others let the pod tolerate, so that places of its own tolerations stay."""
    more = (Toleration(key=key, operator="Exists", effect=effect) for key, effect in given)
    spec = msgspec.structs.replace(pod.spec, tolerations=(*(pod.spec.tolerations or ()), *more))
    return msgspec.structs.replace(pod, spec=spec)


def explain(subject: Subject, policy: Policy, nodes: Iterable[Candidate]) -> Explanation:
    """Ask every node whether the pod may land there; `policy` knows the nodes."""
    found: dict[tuple[tuple[str, ...], tuple[Refusal, ...]], list[str]] = {}
    for node in nodes:
        pools = tuple(each.name for each in policy.pools_of_node(node.name))
        said = refusals(subject.pod, node, policy.cluster.extended_resources)
        found.setdefault((pools, said), []).append(node.name)
    groups = (
        Group(pools=pools, refusals=said, nodes=tuple(names))
        for (pools, said), names in found.items()
    )
    return Explanation(subject=subject, groups=tuple(sorted(groups, key=_rank)))


def _rank(group: Group) -> tuple[int, tuple[str, ...], tuple[str, ...]]:
    """Put open nodes first, then those that least keeps the pod off."""
    return len(group.refusals), group.pools, group.nodes
