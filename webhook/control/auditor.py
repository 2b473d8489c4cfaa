"""The duty of the audit: the cluster is held against its policy every so often, and not changed.

What is found is counted for metrics, and what is new is logged, as far as a reader can follow. A
run that fails leaves the figures of the one before, and is tried again later: it waits for nothing
that others need, and nobody waits for it.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from heapq import nsmallest

from webhook.control.metrics import Metrics
from webhook.core.audit import audit
from webhook.core.audit.finding import Finding, Severity
from webhook.core.audit.inventory import Inventory, StoredPod
from webhook.core.errors import GpuclassError
from webhook.core.policy.policy import Policy
from webhook.process.logs import ROOT, fields

EVERY = timedelta(minutes=10)
RETRY = timedelta(minutes=1)
"""Until a run that failed is tried again, where runs are not more frequent anyway."""
WAITING = timedelta(seconds=0.5)
"""Until the next look for a policy that is not read yet."""
LOGGED = 20
"""Findings that a run logs, the gravest of those that the one before did not have."""

_log = logging.getLogger(f"{ROOT}.audit")


class StoppedError(GpuclassError):
    """The replica ends or leads no longer: what is counted so far is not the whole."""


def _now() -> datetime:
    return datetime.now(UTC)


class Auditor:
    """Audits the cluster every so often."""

    name = "audit"

    def __init__(
        self,
        look: Callable[[], tuple[Policy, Inventory] | None],
        metrics: Metrics,
        every: timedelta = EVERY,
        may_go_on: Callable[[], bool] = lambda: True,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        """Take what gives the policy and the cluster (None: no policy yet), and what is told."""
        self._look, self._metrics = look, metrics
        self._every, self._may_go_on, self._clock = every, may_go_on, clock
        self._next = clock()
        self._known: frozenset[int] = frozenset()

    def run(self) -> float:
        """Audit if it is time; give the seconds until it is again."""
        began = self._clock()
        if began < self._next:
            return (self._next - began).total_seconds()
        self._next = began + min(self._every, RETRY)
        try:
            is_done = self._audit(began)
        except Exception:
            self._metrics.audit_failed.set(1)
            raise
        self._next = began + (self._every if is_done else WAITING)
        return max(0.0, (self._next - self._clock()).total_seconds())

    def _audit(self, began: datetime) -> bool:
        """Look once, and tell; False: there is no policy yet."""
        looked = self._look()
        if looked is None:
            return False
        policy, inventory = looked
        watched = replace(inventory, pods=self._watched(inventory.pods))
        tally = _Tally(self._known)
        found = audit.find(watched, policy, began)
        news = nsmallest(LOGGED, tally.news(found), key=lambda each: each.rank)
        self._known = frozenset(tally.seen)
        self._tell(tally.counts, began)
        _log_all(news, tally)
        return True

    def _watched(self, pods: Iterable[StoredPod]) -> Iterator[StoredPod]:
        """Give pods for as long as this replica may act."""
        for each in pods:
            if not self._may_go_on():
                raise StoppedError("the audit was not finished: this replica ends")
            yield each

    def _tell(self, counts: Counter[str], began: datetime) -> None:
        ended = self._clock()
        self._metrics.count_findings(counts)
        self._metrics.audit_time.set(ended.timestamp())
        self._metrics.audit_seconds.set((ended - began).total_seconds())
        self._metrics.audit_failed.set(0)


class _Tally:
    """Counts findings as they pass, and tells which are new."""

    def __init__(self, known: frozenset[int]) -> None:
        self.counts: Counter[str] = Counter()
        self.seen: set[int] = set()
        self.fresh = 0
        self._known = known

    def news(self, found: Iterable[Finding]) -> Iterator[Finding]:
        """Give the new ones that somebody has to know of."""
        for each in found:
            self.counts[each.name] += 1
            key = hash((each.name, each.kind, each.namespace, each.object))
            self.seen.add(key)
            if key not in self._known and each.severity is not Severity.INFO:
                self.fresh += 1
                yield each


def _log_all(news: Iterable[Finding], tally: _Tally) -> None:
    for each in news:
        said = {"finding": each.name, "severity": each.severity, "kind": each.kind}
        where = {"namespace": each.namespace, "name": each.object, "says": each.message}
        _log.warning("audit finding", extra=fields(**said, **where))
    more = max(0, tally.fresh - LOGGED)
    _log.info("audited", extra=fields(findings=dict(tally.counts), fresh=tally.fresh, untold=more))
