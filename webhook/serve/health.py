"""Whether this replica should be sent requests, and why not."""

import time
from collections.abc import Callable, Mapping

from webhook.process.logs import timestamp
from webhook.serve.metrics import Metrics
from webhook.serve.snapshots import Snapshots
from webhook.serve.sources import Source
from webhook.serve.tls import Certificates


class Health:
    """What readiness hangs on: a policy, a valid certificate, and not being about to stop."""

    def __init__(
        self,
        snapshots: Snapshots,
        source: Source,
        certificates: Certificates,
        metrics: Metrics,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Take what is looked at whenever somebody asks."""
        self.is_draining = False
        self._snapshots = snapshots
        self._source = source
        self._certificates = certificates
        self._metrics = metrics
        self._clock = clock

    def begin_drain(self) -> None:
        """Be about to stop, from now on."""
        self.is_draining = True
        self._metrics.draining.set(1)

    def reasons(self) -> list[str]:
        """Say everything that keeps this replica from being ready; nothing: it is."""
        reasons = []
        if self.is_draining:
            reasons.append("draining: the server is about to stop")
        if self._snapshots.policy is None:
            reasons.append("no policy is loaded")
            reasons.extend((*self._snapshots.faults, *self._source.missing()))
        if self._certificates.expiry <= self._clock():
            reasons.append(f"the certificate expired at {timestamp(self._certificates.expiry)}")
        return reasons

    def report(self) -> Mapping[str, object]:
        """Say all that there is to know, for a person: `/readyz?verbose`."""
        policy = self._snapshots.policy
        reasons = self.reasons()
        return {
            "ready": not reasons,
            "reasons": reasons,
            "draining": self.is_draining,
            "policy": {
                "revision": policy.revision if policy else None,
                "loaded": timestamp(self._snapshots.loaded_at) if policy else None,
                "faults": self._snapshots.faults,
            },
            "watches": self._source.report(),
            "certificate": {
                "expiry": timestamp(self._certificates.expiry),
                "fault": self._certificates.fault,
            },
        }
