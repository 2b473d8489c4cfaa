"""Plays a row: load, fault, healing, load again; then everything is counted. It knows no row."""

import statistics
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from tests.cluster.api import Json
from tests.cluster.chaos import bound, counters
from tests.cluster.chaos.counters import ApiServer, Counts
from tests.cluster.chaos.load import Answer, Load, Outcome
from tests.cluster.chaos.machine import Watched, describe
from tests.cluster.chaos.row import Form, Row
from tests.cluster.chaos.stage import PODS, Stage

LEAD = 10
"""Requests before the fault, and at least so many after it."""
SHOWN = 3
"""Messages of each kind that a result keeps."""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a row; it passed where `faults` is empty.

    `lost` are requests that got no answer for a reason of ours and that the row does not allow;
    `allowed` are those that it does. `bound` is the 95 % upper bound of the rate of `lost`.
    Milliseconds are from sending a request to the API server to its answer. `prompt` is the part of
    the calls to us that were over within 25 ms, by the API server's own histogram; None where that
    was not asked. `load` is the least and the most load average of a minute meanwhile.
    """

    row: str
    fault: str
    promise: str
    date: str
    did: str
    requests: int
    lost: int
    allowed: int
    bound: float
    p50_ms: float
    p99_ms: float
    prompt: float | None
    machine: str
    load: tuple[float, float]
    seconds: float
    faults: tuple[str, ...]
    counts: dict[str, int]
    messages: tuple[str, ...]


def play(row: Row, stage: Stage, form: Form) -> Result:
    """Play a row."""
    row.is_long = form.is_long
    stage.settle(row.make(stage))
    began = time.monotonic()
    api = stage.control_plane.api
    before, replicas = ApiServer.now(api), counters.Replicas(stage.fleet.replicas)
    faults: list[str] = []
    did = ""
    with (
        Watched() as machine,
        Load(api, PODS, row.rate or form.rate, row.manifests, row.connections) as load,
    ):
        load.reach(LEAD)
        try:
            did = row.inject(stage, load, row.long if form.is_long else row.short)
        except AssertionError as error:
            faults.append(str(error))
        load.go_on(LEAD)
        load.reach(form.requests)
    decided = replicas.decisions(stage.fleet.everybody, stage.fleet.replicas)
    counted = ApiServer.now(api).since(before) if row.counts_apiserver else None
    counts = counters.count(load.answers, counted, decided)
    faults += counts.disagreements(owed=row.owed)
    stored = stage.pods()
    faults += kept(stored, load.answers) + row.check(stage, load.answers, stored)
    result = judge(row, did, load.answers, counts, faults, machine.load, time.monotonic() - began)
    stage.clear()
    return result


def kept(stored: Sequence[Json], answers: Sequence[Answer]) -> list[str]:
    """Say whether other pods are stored than were let in; an answer may have got lost."""
    ours = [each.outcome for each in answers if each.is_kept]
    made = ours.count(Outcome.MADE) + ours.count(Outcome.UNGOVERNED)
    if made <= len(stored) <= made + ours.count(Outcome.APISERVER):
        return []
    return [f"{len(stored)} pods are stored, {made} were made"]


def judge(  # all that a result is made of
    row: Row,
    did: str,
    answers: Sequence[Answer],
    counts: Counts,
    faults: list[str],
    load: tuple[float, float],
    seconds: float,
) -> Result:
    """Put the result of a row together."""
    failed = [each for each in answers if each.outcome is not Outcome.MADE]
    allowed = [each for each in failed if row.may_lose(each)]
    lost = [each for each in failed if not row.may_lose(each)]
    if lost:
        faults = [*faults, f"lost: {'; '.join(shown(lost))}"]
    taken = sorted(each.seconds * 1000 for each in answers if each.outcome is Outcome.MADE)
    return Result(
        row=row.name,
        fault=row.fault,
        promise=row.promise,
        date=f"{datetime.now(UTC):%Y-%m-%d}",
        did=did,
        requests=len(answers),
        lost=len(lost),
        allowed=len(allowed),
        bound=bound.upper(len(lost), len(answers)),
        p50_ms=statistics.median(taken),
        p99_ms=taken[int(len(taken) * 0.99)],
        prompt=counts.apiserver.share if counts.apiserver else None,
        machine=describe(),
        load=load,
        seconds=seconds,
        faults=tuple(faults),
        counts=counts.numbers(),
        messages=tuple(shown(allowed)),
    )


def shown(failed: Sequence[Answer]) -> list[str]:
    """Give the commonest messages, with how often each came."""
    found = Counter(f"{each.outcome}: {each.message}" for each in failed)
    return [f"{times} x {message}" for message, times in found.most_common(SHOWN)]
