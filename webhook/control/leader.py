"""Leader election by a Lease (coordination.k8s.io/v1), by the rules of client-go.

Only the holder's own clock counts, and only its steady one: a record that has not changed for its
duration is free, whatever time is written in it. The holder stops acting after `renew` seconds
without a renewal, before anybody else may begin after `lease` seconds.
Why not the official client's election: docs/adr/0012-our-own-leader-election.md.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol

from webhook.control.api import ApiFailed
from webhook.core.errors import OperatorError
from webhook.process.logs import ROOT, fields

_log = logging.getLogger(f"{ROOT}.leader")


class LeaseLost(OperatorError):  # noqa: N818 - what happened, as subprocess.TimeoutExpired
    """The lease is no longer this replica's: it must not act any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Seconds: how long a lease is, when its holder gives up, how often it is tried."""

    lease: float = 15.0
    renew: float = 10.0
    retry: float = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What a Lease says; `version` is its resourceVersion, which a write must still meet."""

    holder: str
    seconds: float
    transitions: int
    acquired: str
    renewed: str
    version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """A record, and when (by the steady clock) it was first seen as it is."""

    record: Record
    at: float

    def follow(self, record: Record, now: float) -> "Sighting":
        """See the record again: only a change makes it new."""
        is_same = record == self.record
        return self if is_same else Sighting(record=record, at=now)

    def is_free(self, now: float) -> bool:
        """Tell whether nobody holds the lease, or its holder has been silent for too long."""
        return not self.record.holder or now >= self.at + self.record.seconds


class Leases(Protocol):
    """Where the one Lease is kept; every method raises ApiFailed."""

    def read(self) -> Record | None:
        """Give the record, None where there is no Lease yet."""
        ...

    def write(self, record: Record) -> Record:
        """Create it (no version), or replace just the version that was read."""
        ...


class Election:
    """One replica's part in the election."""

    def __init__(
        self,
        leases: Leases,
        identity: str,
        times: Times,
        *,
        steady: Callable[[], float] = time.monotonic,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Take where the Lease is, and what this replica is called (unique for each process)."""
        self.identity = identity
        self._leases, self._times = leases, times
        self._steady, self._clock = steady, clock
        self._sighting: Sighting | None = None
        self._held: Record | None = None
        self._until = 0.0

    @property
    def holder(self) -> str:
        """Give who was last seen to hold the lease."""
        return self._sighting.record.holder if self._sighting else ""

    def is_leader(self) -> bool:
        """Tell whether this replica may act now; ask before each write."""
        return self._held is not None and self._steady() < self._until

    def campaign(self, ending: threading.Event) -> bool:
        """Try until the lease is ours; False if `ending` is set before."""
        while not ending.is_set():
            try:
                if self._try_to_take():
                    return True
            except ApiFailed as failure:
                _log.warning("lease not read or written", extra=fields(fault=str(failure)))
            ending.wait(self._times.retry)
        return False

    def hold(self, ending: threading.Event) -> None:
        """Renew until `ending` is set; raise LeaseLost as soon as the lease is not ours."""
        while not ending.wait(self._times.retry):
            self._renew_or_wait()

    def release(self) -> None:
        """Give the lease back, so that another replica need not wait until it runs out."""
        held, self._held = self._held, None
        if held is None:
            return
        try:
            # A second, as client-go writes: zero is refused.
            self._leases.write(replace(held, holder="", seconds=1, renewed=self._now()))
        except ApiFailed as failure:
            _log.warning("lease not released", extra=fields(fault=str(failure)))

    def _try_to_take(self) -> bool:
        record = self._leases.read()
        now = self._steady()
        if record is None:
            return self._take(None, now)
        seen = self._sighting
        self._sighting = seen.follow(record, now) if seen else Sighting(record=record, at=now)
        return self._sighting.is_free(now) and self._take(record, now)

    def _take(self, before: Record | None, now: float) -> bool:
        moment = self._now()
        wanted = Record(
            holder=self.identity,
            seconds=self._times.lease,
            transitions=before.transitions + 1 if before else 0,
            acquired=moment,
            renewed=moment,
            version=before.version if before else "",
        )
        self._keep(self._leases.write(wanted), now)
        return True

    def _renew_or_wait(self) -> None:
        """Renew once; a failure is borne until the time is over."""
        now = self._steady()
        try:
            self._renew(now)
        except ApiFailed as failure:
            _log.warning("lease not renewed", extra=fields(fault=str(failure)))
            if self._steady() + self._times.retry >= self._until:
                raise LeaseLost(
                    f"the lease was not renewed for {self._times.renew:g} seconds ({failure}): "
                    "this replica ends, so that it never acts beside another"
                ) from failure

    def _renew(self, now: float) -> None:
        held = self._held
        if held is None:
            raise LeaseLost("the lease was released")
        try:
            renewed = self._leases.write(replace(held, renewed=self._now()))
        except ApiFailed:
            # Perhaps it was written and only the answer was lost, or somebody edited it.
            found = self._leases.read()
            if found is not None and found.holder != self.identity:
                raise LeaseLost(
                    f"the lease is held by {found.holder or 'nobody'}: this replica ends"
                ) from None
            self._held = found or replace(held, version="")
            raise
        self._keep(renewed, now)

    def _keep(self, record: Record, asked_at: float) -> None:
        """Hold the lease from when it was asked for: the answer may have taken its time."""
        self._held = record
        self._sighting = Sighting(record=record, at=asked_at)
        self._until = asked_at + self._times.renew

    def _now(self) -> str:
        """Give the moment as a MicroTime."""
        return f"{datetime.fromtimestamp(self._clock(), UTC):%Y-%m-%dT%H:%M:%S.%f}Z"
