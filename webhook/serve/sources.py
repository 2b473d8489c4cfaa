"""Where policies come from: a folder that is looked at, or a cluster that is watched.

A source brings each change to the snapshots and keeps no policy of its own. The cluster's is in a
module of its own, imported only where there is one: the official client is large.
"""

import asyncio
from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import partial
from typing import Protocol

from webhook.core.errors import OperatorError
from webhook.core.policy.policy import Policy
from webhook.process.settings import flag
from webhook.serve.metrics import Metrics
from webhook.serve.settings import Settings
from webhook.serve.snapshots import Snapshots
from webhook.watch import files, policies


class Source(Protocol):
    """What a service asks of where its policies come from."""

    def refresh(self) -> None:
        """Take over what has changed since it was made: a worker may begin late."""

    async def follow(self) -> None:
        """Bring every change to the snapshots, until it is cancelled."""

    def missing(self) -> Sequence[str]:
        """Say, a line each, what has not been read yet."""
        ...

    def report(self) -> Sequence[Mapping[str, object]]:
        """Say all that there is to know of what is watched."""
        ...


class FolderSource:
    """Looks again and again at what may have changed, and loads it if it has."""

    def __init__(
        self,
        load: Callable[[], Policy],
        fingerprint: Callable[[], Hashable],
        interval: float,
        snapshots: Snapshots,
    ) -> None:
        """Take what loads a policy, and what differs when it is worth loading again."""
        self._load, self._fingerprint = load, fingerprint
        self._interval = interval
        self._snapshots = snapshots
        self._seen: Hashable = None

    def open(self) -> None:
        """Load the first policy; raise GpuclassError where there is none to begin with."""
        self._seen = self._fingerprint()
        self._snapshots.accept(self._load())

    def refresh(self) -> None:
        """Load again if something changed."""
        seen = self._fingerprint()
        if seen != self._seen:
            # Taken before reading: what changes while it is read is read again at the next look.
            self._seen = seen
            self._snapshots.take(self._load)

    async def follow(self) -> None:
        """Refresh every `interval` seconds, in a thread: reading YAML must not hold up reviews."""
        while True:
            await asyncio.sleep(self._interval)
            await asyncio.to_thread(self.refresh)

    def missing(self) -> Sequence[str]:
        """Miss nothing: a folder is read at once."""
        return ()

    def report(self) -> Sequence[Mapping[str, object]]:
        """Watch nothing."""
        return ()


def make(settings: Settings, snapshots: Snapshots, metrics: Metrics) -> Source:
    """Make the source that the settings name; it lives through a fork.

    Raises PolicyError and OperatorError for what has to be mended before anything is served.
    """
    folder = settings.policies
    if folder is not None and settings.kubeconfig is not None:
        names = f"{flag('policies')} and {flag('kubeconfig')}"
        raise OperatorError(
            f"{names}: policies come from a folder or from a cluster; leave one out"
        )
    if folder is not None:
        load = partial(policies.prepare, files.Folder(folder))
        fingerprint = partial(files.fingerprint, folder)
        source = FolderSource(load, fingerprint, settings.poll_seconds, snapshots)
        source.open()
        return source
    from webhook.serve.cluster import ClusterSource  # noqa: PLC0415 # see above

    return ClusterSource(settings.kubeconfig, snapshots, metrics)
