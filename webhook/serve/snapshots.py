"""The policy in force: swapped whole, never for a broken one, and never without a trace.

Where policies come from is somebody else's knowledge: this takes a function that loads one and a
function whose value changes when it is worth loading again.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Hashable

from webhook.core.errors import GpuclassError, PolicyError
from webhook.core.policy.policy import Policy
from webhook.process.logs import ROOT, fields
from webhook.serve.metrics import Metrics

_log = logging.getLogger(f"{ROOT}.policy")


class Snapshots:
    """Holds the last good policy; a request reads it once and so sees one revision throughout.

    `policy` is None until one loads; `faults` says, a line each, what is wrong with what there is
    now, and is empty when that is what is in force.
    """

    def __init__(
        self,
        load: Callable[[], Policy],
        fingerprint: Callable[[], Hashable],
        metrics: Metrics,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Take the source; nothing is loaded yet."""
        self.policy: Policy | None = None
        self.loaded_at = 0.0
        self.faults: tuple[str, ...] = ()
        self._load = load
        self._fingerprint = fingerprint
        self._metrics = metrics
        self._clock = clock
        self._seen: Hashable = None

    def current(self) -> Policy | None:
        """Give the policy in force."""
        return self.policy

    def load_first(self) -> None:
        """Load the first policy; raise GpuclassError where there is none to begin with."""
        self._seen = self._fingerprint()
        self._accept(self._load())

    def refresh(self) -> None:
        """Load again if the source changed; a broken policy changes nothing but `faults`."""
        seen = self._fingerprint()
        if seen == self._seen:
            return
        # Taken before reading: what changes while it is read is read again at the next look.
        self._seen = seen
        try:
            policy = self._load()
        except GpuclassError as error:
            self._refuse(error)
        except Exception as error:  # noqa: BLE001 # a fault of ours must not end the watch
            _log.error("policy not loaded: internal fault", exc_info=error)
            self._refuse(error)
        else:
            self._accept(policy)

    async def watch(self, interval: float) -> None:
        """Refresh every `interval` seconds, in a thread: reading YAML must not hold up reviews."""
        while True:
            await asyncio.sleep(interval)
            await asyncio.to_thread(self.refresh)

    def _accept(self, policy: Policy) -> None:
        is_new = self.policy is None or self.policy.revision != policy.revision
        self.policy, self.faults, self.loaded_at = policy, (), self._clock()
        self._metrics.set_policy(policy, self.loaded_at)
        if is_new:
            classes = sorted(policy.classes)
            _log.info("policy in force", extra=fields(revision=policy.revision, classes=classes))

    def _refuse(self, error: Exception) -> None:
        self.faults = (
            tuple(str(fault) for fault in error.faults)
            if isinstance(error, PolicyError)
            else (str(error),)
        )
        self._metrics.policy_failures.inc()
        self._metrics.policy_faults.set(len(self.faults))
        kept = self.policy.revision if self.policy else None
        _log.error("policy refused", extra=fields(in_force=kept, faults=self.faults))
