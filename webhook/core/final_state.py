"""What a class makes of the fields that place a pod, worked out once for pods that are alike.

A Job's pods, and those of most workloads, agree in affinity, tolerations and priority, however they
differ otherwise. On these fields and the policy alone depends what is injected, so it is remembered
with the policy, within bounds: nobody fills a server's memory with pods that are each unlike.
"""

from collections.abc import Callable

import msgspec
from msgspec.structs import replace

from webhook.core.patch import Operation
from webhook.core.pod import Affinity, Pod, PodSpec, Toleration

LARGEST = 16 * 1024
"""Bytes of a pod that may be remembered; what it is remembered by is a part of them."""
MOST = 256
"""States that are remembered: all are forgotten then, since what is still needed comes again."""


class Placed(msgspec.Struct, frozen=True, gc=False):
    """The fields of a pod that a class may change."""

    affinity: Affinity | None
    tolerations: tuple[Toleration, ...] | None
    priority_class_name: str | None
    priority: int | None
    preemption_policy: str | None


class FinalState(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What becomes of a pod: its fields, by which operations and rules, and the stamp that says so.

    `rules` changed it, `would_change` names those in mode Audit.
    """

    placed: Placed
    operations: tuple[Operation, ...]
    rules: tuple[str, ...]
    would_change: tuple[str, ...]
    stamp: str

    def of(self, pod: Pod) -> Pod:
        """Give a pod in this state; the same pod where no rule changes it."""
        if not self.rules:
            return pod
        to = self.placed
        spec = replace(
            pod.spec,
            affinity=to.affinity,
            tolerations=to.tolerations,
            priority_class_name=to.priority_class_name,
            priority=to.priority,
            preemption_policy=to.preemption_policy,
        )
        return replace(pod, spec=spec)


def placed(spec: PodSpec) -> Placed:
    """Give the fields of a pod that a class may change."""
    return Placed(
        spec.affinity,
        spec.tolerations,
        spec.priority_class_name,
        spec.priority,
        spec.preemption_policy,
    )


class Remembered:
    """The final states that one policy has made lately."""

    def __init__(self) -> None:
        self._found: dict[object, FinalState] = {}

    def get(
        self, spec: PodSpec, size: int, how: object, make: Callable[[], FinalState]
    ) -> FinalState:
        """Give the state of a pod of `size` bytes, made `how` (what it depends on besides)."""
        if size > LARGEST or (spec.affinity and spec.affinity.pod_affinity):
            return make()
        key = (how, placed(spec))
        found = self._found.get(key)
        if found is None:
            found = make()
            if len(self._found) >= MOST:
                self._found.clear()
            self._found[key] = found
        return found
