"""The policy that requests are decided by: swapped whole, and never for a broken one."""

import logging
import time
from collections.abc import Callable, Hashable

from webhook.core.errors import GpuclassError, PolicyError
from webhook.core.policy.policy import Policy
from webhook.serve.logs import ROOT, fields
from webhook.serve.metrics import Metrics

_log = logging.getLogger(f"{ROOT}.policy")


class Snapshots:
    """Holds the last good policy, and takes a new one when its source changed.

    `load` gives the policy or raises GpuclassError; `fingerprint` changes when the source does. A
    request reads `policy` once, so it sees one revision from start to end.
    """

    def __init__(
        self,
        load: Callable[[], Policy],
        fingerprint: Callable[[], Hashable],
        metrics: Metrics,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Take the source; nothing is loaded before `refresh`."""
        self.policy: Policy | None = None
        self.fault = "none was loaded yet"
        self._load, self._fingerprint = load, fingerprint
        self._metrics, self._clock = metrics, clock
        self._seen: Hashable = None

    def refresh(self) -> None:
        """Load if the source changed; a fault leaves the last good policy, a log line, a metric."""
        seen = self._fingerprint()
        if seen == self._seen:
            return
        self._seen = seen
        try:
            policy = self._load()
        except GpuclassError as error:
            self._refuse(error)
            return
        self.fault = ""
        if self.policy is None or policy.revision != self.policy.revision:
            _log.info("policy in force", extra=fields(revision=policy.revision))
        self.policy = policy
        self._metrics.set_policy(policy, self._clock())

    def _refuse(self, error: GpuclassError) -> None:
        self.fault = str(error)
        self._metrics.policy_failures.inc()
        self._metrics.policy_faults.set(len(error.faults) if isinstance(error, PolicyError) else 1)
        kept = self.policy.revision if self.policy else None
        _log.error("policy not taken", extra=fields(kept=kept, faults=self.fault.splitlines()))
