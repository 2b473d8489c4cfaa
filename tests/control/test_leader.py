"""The election: who may act, and when, by a clock that the test turns."""

import math
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.control.api import FakeApi
from webhook.control.api import ApiFailed
from webhook.control.leader import Election, LeaseLost, Leases, Record, Sighting, Times
from webhook.control.leases import ClusterLeases

TIMES = Times(lease=15, renew=10, retry=2)
RECORD = Record(holder="a", seconds=15, transitions=3, acquired="t0", renewed="t1", version="7")


class Clock:
    """A clock that goes on when somebody waits."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        """Give the moment."""
        return self.now


class Ending(threading.Event):
    """Waits by turning the clock; is set after `turns` waits."""

    def __init__(self, clock: Clock, turns: int) -> None:
        super().__init__()
        self._clock, self._turns = clock, iter(range(turns))

    def wait(self, timeout: float | None = None) -> bool:
        """Turn the clock."""
        self._clock.now += timeout or 0
        if next(self._turns, None) is None:
            self.set()
        return self.is_set()


class FakeLeases:
    """One Lease; `failures` are raised by writes, None where a write goes well."""

    def __init__(self, record: Record | None = None, *failures: ApiFailed | None) -> None:
        self.record = record
        self.failures: Iterator[ApiFailed | None] = iter(failures)

    def read(self) -> Record | None:
        """Give the record."""
        return self.record

    def write(self, record: Record) -> Record:
        """Write it, if it was not written in between."""
        if failure := next(self.failures, None):
            raise failure
        version = self.record.version if self.record else ""
        if record.version != version:
            raise ApiFailed("PUT", "lease", 409, "409 the object has been modified")
        self.record = replace(record, version=str(int(version or 0) + 1))
        return self.record


DEAD = ApiFailed("PUT", "lease", 0, "no answer")


@pytest.fixture
def clock() -> Clock:
    return Clock()


def election(leases: Leases, clock: Clock, name: str = "b") -> Election:
    return Election(leases, name, TIMES, steady=clock, clock=lambda: 1_800_000_000.25)


@pytest.mark.parametrize(
    ("record", "now", "is_free"),
    [
        pytest.param(RECORD, 114.9, False, id="held and not yet over"),
        pytest.param(RECORD, 115.0, True, id="silent for as long as it lasts"),
        pytest.param(replace(RECORD, holder=""), 100.0, True, id="released"),
    ],
)
def test_a_lease_is_free_when_nobody_holds_it_or_its_holder_is_silent(
    record: Record, now: float, is_free: bool
) -> None:
    assert Sighting(record=record, at=100.0).is_free(now) == is_free


def test_only_a_change_of_the_record_is_a_sign_of_life() -> None:
    first = Sighting(record=RECORD, at=100.0)
    assert first.follow(RECORD, 110.0) is first
    assert first.follow(replace(RECORD, version="8"), 110.0).at == 110.0


def test_a_lease_that_is_not_there_is_made(clock: Clock) -> None:
    leases = FakeLeases()
    candidate = election(leases, clock)
    assert not candidate.is_leader()
    assert candidate.campaign(threading.Event())
    assert candidate.is_leader()
    assert leases.record == Record(
        holder="b",
        seconds=15,
        transitions=0,
        acquired="2027-01-15T08:00:00.250000Z",
        renewed="2027-01-15T08:00:00.250000Z",
        version="1",
    )


def test_a_lease_of_a_silent_holder_is_taken_when_it_is_over_and_not_before(clock: Clock) -> None:
    leases = FakeLeases(RECORD)
    candidate = election(leases, clock)
    assert candidate.campaign(Ending(clock, 100))
    assert 115 <= clock.now <= 115 + TIMES.retry
    assert leases.record
    assert (leases.record.holder, leases.record.transitions) == ("b", 4)
    assert candidate.holder == "b"


@pytest.mark.parametrize("tenths", range(0, 21, 4))
def test_a_lease_of_a_holder_that_was_killed_is_taken_within_20_seconds(
    clock: Clock, tenths: int
) -> None:
    """As shipped, whenever the other looks: it had looked last just before a renewal."""
    leases, times = FakeLeases(RECORD), Times()
    candidate = Election(leases, "b", times, steady=clock, clock=lambda: 1_800_000_000.25)
    assert not candidate.campaign(Ending(clock, 0))
    assert clock.now == 100 + times.retry
    killed = clock.now - times.retry * tenths / 20
    leases.record = replace(RECORD, version="8")
    assert candidate.campaign(Ending(clock, 100))
    assert clock.now - killed < 20


def test_as_shipped_a_lease_is_long_over_before_twenty_seconds_and_not_before_its_holder_ends() -> (
    None
):
    times = Times()
    looks = math.ceil(times.lease / times.retry) * times.retry
    assert times.retry + looks < 20
    assert times.renew + times.retry < times.lease


def test_a_released_lease_is_taken_at_once(clock: Clock) -> None:
    candidate = election(FakeLeases(replace(RECORD, holder="")), clock)
    assert candidate.campaign(Ending(clock, 100))
    assert clock.now == 100.0


def test_whoever_loses_a_race_for_the_lease_waits(clock: Clock) -> None:
    lost = ApiFailed("PUT", "lease", 409, "409 the object has been modified")
    leases = FakeLeases(replace(RECORD, holder=""), lost)
    assert election(leases, clock).campaign(Ending(clock, 100))
    assert clock.now == 102.0


def test_a_campaign_ends_when_it_is_told_to(clock: Clock) -> None:
    candidate = election(FakeLeases(RECORD), clock)
    assert not candidate.campaign(Ending(clock, 2))
    assert not candidate.is_leader()


def test_a_leader_renews_and_may_act_for_as_long(clock: Clock) -> None:
    leases = FakeLeases()
    leader = election(leases, clock)
    leader.campaign(threading.Event())
    leader.hold(Ending(clock, 50))
    assert leader.is_leader()
    assert leases.record
    assert leases.record.transitions == 0


def test_a_leader_that_is_not_answered_stops_before_its_lease_is_over(clock: Clock) -> None:
    leader = election(FakeLeases(None, None, *[DEAD] * 100), clock)
    leader.campaign(threading.Event())
    with pytest.raises(LeaseLost) as lost:
        leader.hold(Ending(clock, 100))
    assert str(lost.value) == (
        "the lease was not renewed for 10 seconds (PUT lease: no answer): "
        "this replica ends, so that it never acts beside another"
    )
    assert clock.now < 100 + TIMES.lease
    clock.now = 100 + TIMES.renew
    assert not leader.is_leader()


def test_a_failure_that_passes_is_borne(clock: Clock) -> None:
    leader = election(FakeLeases(None, None, DEAD, DEAD), clock)
    leader.campaign(threading.Event())
    leader.hold(Ending(clock, 20))
    assert leader.is_leader()


def test_a_leader_that_stood_still_may_not_act_until_it_has_renewed(clock: Clock) -> None:
    leases = FakeLeases()
    leader = election(leases, clock)
    leader.campaign(threading.Event())
    clock.now += TIMES.renew
    assert not leader.is_leader()
    leader.hold(Ending(clock, 1))
    assert leader.is_leader()
    assert leases.record
    assert leases.record.transitions == 0


def test_a_leader_whose_api_server_comes_back_late_may_not_act_for_a_moment(clock: Clock) -> None:
    """The last renewal is asked for a moment before the time is over, and answered after it."""
    seconds = iter([0, 0, 0, 1.9, 3])
    may_act = []

    class Returning(FakeLeases):
        """Answers when it can."""

        def write(self, record: Record) -> Record:
            """Take the time."""
            clock.now += next(seconds)
            may_act.append(leader.is_leader())
            return super().write(record)

    leader = election(Returning(None, None, DEAD, DEAD, DEAD), clock)
    leader.campaign(threading.Event())
    leader.hold(Ending(clock, 4))
    assert may_act == [False, True, True, True, False]
    assert leader.is_leader()


def test_a_renewal_whose_answer_was_lost_is_found_again(clock: Clock) -> None:
    leases = FakeLeases()
    leader = election(leases, clock)
    leader.campaign(threading.Event())
    assert leases.record
    leases.record = replace(leases.record, version="9")
    leader.hold(Ending(clock, 3))
    assert leases.record.version == "11"


def test_a_lease_that_was_deleted_is_made_again(clock: Clock) -> None:
    leases = FakeLeases()
    leader = election(leases, clock)
    leader.campaign(threading.Event())
    leases.record = None
    leader.hold(Ending(clock, 3))
    assert leases.record
    assert leader.is_leader()


@pytest.mark.parametrize(
    ("holder", "message"),
    [
        ("c", "the lease is held by c: this replica ends"),
        ("", "the lease is held by nobody: this replica ends"),
    ],
)
def test_a_leader_whose_lease_somebody_took_ends_at_once(
    clock: Clock, holder: str, message: str
) -> None:
    leases = FakeLeases()
    leader = election(leases, clock)
    leader.campaign(threading.Event())
    leases.record = replace(RECORD, holder=holder)
    with pytest.raises(LeaseLost) as lost:
        leader.hold(Ending(clock, 3))
    assert str(lost.value) == message


def test_a_released_lease_is_nobodys_and_its_holder_acts_no_more(clock: Clock) -> None:
    leases = FakeLeases()
    leader = election(leases, clock)
    leader.campaign(threading.Event())
    leader.release()
    assert not leader.is_leader()
    assert leases.record
    assert (leases.record.holder, leases.record.seconds) == ("", 1)
    with pytest.raises(LeaseLost, match="the lease was released"):
        leader.hold(Ending(clock, 3))


def test_a_release_that_fails_or_is_not_due_is_no_fault(clock: Clock) -> None:
    leader = election(FakeLeases(None, None, DEAD), clock)
    leader.release()
    leader.campaign(threading.Event())
    leader.release()
    assert not leader.is_leader()


LEASE = "/apis/coordination.k8s.io/v1/namespaces/gpuclass-system/leases/gpuclass-controller"


def test_a_lease_that_says_nothing_is_nobodys() -> None:
    api = FakeApi()
    leases = ClusterLeases(api, "gpuclass-system")
    assert leases.read() is None
    api.put(LEASE, {"kind": "Lease", "metadata": {"name": "gpuclass-controller"}})
    found = leases.read()
    assert found == Record(
        holder="", seconds=0, transitions=0, acquired="", renewed="", version="1"
    )


def test_what_is_no_lease_makes_nobody_the_leader(clock: Clock) -> None:
    api = FakeApi()
    api.put(LEASE, {"metadata": {"name": "gpuclass-controller"}})
    leases = ClusterLeases(api, "gpuclass-system")
    with pytest.raises(ApiFailed, match="expected a Lease, found None"):
        leases.read()
    leader = election(leases, clock)
    assert not leader.campaign(Ending(clock, 3))
    assert not leader.is_leader()
