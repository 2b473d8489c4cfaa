"""Policies out of the cluster that is served: watched, compiled when a document changes."""

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from webhook.core.errors import OperatorError, PolicyError
from webhook.core.policy.documents import GPUPolicy
from webhook.core.policy.policy import Policy, compile_policy
from webhook.core.policy.sound import compile_sound
from webhook.process.settings import flag, variable
from webhook.serve.metrics import Metrics
from webhook.serve.snapshots import Snapshots
from webhook.watch.cluster import ClusterWatch, Knowledge
from webhook.watch.connection import connect
from webhook.watch.metrics import WatchCollector

OTHERWISE = (
    f", or decide by the policies in a folder: {flag('policies')} DIR ({variable('policies')})"
)
NO_POLICY = "no GPUPolicy named cluster: kubectl apply -k policies/"


class ClusterSource:
    """Watches a cluster while `follow` runs, in threads of its own."""

    def __init__(self, kubeconfig: Path | None, snapshots: Snapshots, metrics: Metrics) -> None:
        """Read the credentials; raise OperatorError where there are none.

        That the API server does not answer is no error: it may come later.
        """
        self._snapshots = snapshots
        self._watch = ClusterWatch(connect(kubeconfig, OTHERWISE), self.learn)
        self._known: Knowledge | None = None
        metrics.registry.register(WatchCollector(self._watch.reflectors))

    def refresh(self) -> None:
        """Do nothing: what is watched comes by itself."""

    async def follow(self) -> None:
        """Watch until it is cancelled."""
        self._watch.start()
        try:
            await asyncio.Event().wait()
        finally:
            self._watch.stop()

    def learn(self, known: Knowledge) -> None:
        """Take over what the API server says now; called in the thread of the watch."""
        before, self._known = self._known, known
        if before is None or (before.documents, before.faults) != (known.documents, known.faults):
            self._snapshots.take(partial(_compile, known))
            self._begin(known)
        self._snapshots.know(known.cluster, known.documents)

    def _begin(self, known: Knowledge) -> None:
        """Begin with what is sound rather than not at all."""
        sound = compile_sound(known.documents) if self._snapshots.policy is None else None
        if sound is not None:
            self._snapshots.begin(sound.knowing(known.cluster).beside(known.documents))

    def missing(self) -> Sequence[str]:
        """Say what has not been read yet."""
        return self._watch.missing()

    def report(self) -> Sequence[Mapping[str, object]]:
        """Say of each resource how its watch fares."""
        return [
            {
                "resource": each.resource.name,
                "synced": each.is_synced,
                "objects": each.count,
                "silent_seconds": None if each.age is None else round(each.age, 1),
                "fault": each.fault,
            }
            for each in self._watch.reflectors
        ]


def _compile(known: Knowledge) -> Policy:
    if known.faults:
        raise PolicyError(known.faults)
    if not any(isinstance(each, GPUPolicy) for each in known.documents):
        raise OperatorError(NO_POLICY)
    return compile_policy(known.documents).knowing(known.cluster)
