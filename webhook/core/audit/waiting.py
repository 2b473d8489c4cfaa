"""Pods that wait for a GPU.

- `gpu-pod-waits`: it asks for a GPU, is bound to no node, and is older than ten minutes
  (`--pending-minutes`). The message says which of its fields keeps it off how many nodes of its
  class's pools, else that nodes fit and are full, with the scheduler's own words.

Pods with scheduling gates wait for whoever set them: no finding.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

import msgspec

from webhook.core.audit.finding import Finding, of_pod
from webhook.core.audit.inventory import StoredPod
from webhook.core.audit.view import View
from webhook.core.node_filter import Candidate, refusals
from webhook.core.pod import PodSpec
from webhook.core.policy.plan import ClassPlan
from webhook.core.policy.pool_names import named
from webhook.core.rules import stamp

MAX_SHAPES = 20
"""Kinds of pods whose nodes are looked at one by one; pods of one workload are one kind."""
SHOWN = 3
"""Reasons that a message names."""
MAX_WORDS = 300
"""Characters that the scheduler is quoted with."""

_GATED = "SchedulingGated"
_encode = msgspec.json.Encoder().encode


class Waiting:
    """Says why pods wait; what it found for one pod holds for all that are alike."""

    def __init__(self, view: View) -> None:
        """Take what is known; it keeps what it says of up to MAX_SHAPES kinds of pods."""
        self._view = view
        self._known: dict[tuple[str, bytes], str] = {}

    def find(self, stored: StoredPod) -> Iterator[Finding]:
        """Judge a pod that asks for a GPU."""
        view = self._view
        reason, words = stored.unscheduled
        if stored.pod.spec.node_name or stored.created is None or reason == _GATED:
            return
        waited = view.now - stored.created
        if waited < view.patience:
            return
        minutes = int(waited.total_seconds() // 60)
        said = f"; the scheduler says: {_shortened(words)}" if words else ""
        yield of_pod(
            "gpu-pod-waits",
            stored.namespace,
            stored.name,
            f"waits for a GPU since {minutes} min: {self._why(stored)}{said}",
        )

    def _why(self, stored: StoredPod) -> str:
        stamped = stamp.read(stored.pod)
        given = stamped.gpu_class if stamped else None
        plan = self._view.plan_of(stored.pod.annotations, stored.namespace, given)
        if isinstance(plan, str):
            return f"it has no class: {plan}"
        key = plan.name, _shape(stored.pod.spec)
        if key not in self._known and len(self._known) == MAX_SHAPES:
            return f"class {plan.name} is for {named(plan.pools)} (gpuclass explain says more)"
        if key not in self._known:
            self._known[key] = self._explain(stored, plan)
        return self._known[key]

    def _explain(self, stored: StoredPod, plan: ClassPlan) -> str:
        nodes = [node for pool in plan.pools for node in self._view.members[pool.name]]
        of_pools = f"of {named(plan.pools)}"
        if not nodes:
            return f"there is no node {of_pools}"
        extended = self._view.policy.cluster.extended_resources
        said = [refusals(stored.pod, each, extended) for each in nodes]
        fitting = sum(not each for each in said)
        if fitting:
            return f"{fitting} of {_count(nodes)} {of_pools} fit by labels, taints and amounts"
        tally = Counter(f"{first.path}: {first.message}" for first, *_ in said)
        reasons = "; ".join(f"{text} ({count})" for text, count in tally.most_common(SHOWN))
        return f"none of {_count(nodes)} {of_pools} fits: {reasons}"


def _shape(spec: PodSpec) -> bytes:
    """Give what decides where a pod may land; pods of one workload have it in common."""
    containers = (*(spec.containers or ()), *(spec.init_containers or ()))
    resources = [each.resources for each in containers]
    return _encode([spec.node_selector, spec.affinity, spec.tolerations, resources])


def _count(nodes: Sequence[Candidate]) -> str:
    return f"{len(nodes)} node{'' if len(nodes) == 1 else 's'}"


def _shortened(words: str) -> str:
    return words if len(words) <= MAX_WORDS else f"{words[: MAX_WORDS - 3]}..."
