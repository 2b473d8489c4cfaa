"""More pods than replicas can decide on: what they can not answer they turn away in time."""

import sys
import time
from collections.abc import Sequence

from tests.cluster.api import Json
from tests.cluster.chaos import slow
from tests.cluster.chaos.fleet import Make
from tests.cluster.chaos.load import Answer, Load, Outcome
from tests.cluster.chaos.row import Row
from tests.cluster.chaos.stage import REPLICAS, Stage
from tests.cluster.shipped import ROOT

CAPACITY = REPLICAS / slow.SECONDS
"""Pods a second that can be answered: one call each."""
FLOOD = 10 * CAPACITY
SHED = 'gpuclass_failed_reviews_total{reason="overload"}'
AFTERWARDS = 15
"""Requests after a flood, of which none may be lost."""
USEFUL = 0.3
"""At least this part of what could be answered is, whatever else the machine does."""


class Overload(Row):
    """Decisions of 400 ms make an overload that does not need a large machine."""

    name = "overload"
    fault = "ten times as many pods as can be answered (decisions take 400 ms)"
    promise = "sheds with 503 and Retry-After in time; answers what it can; then 0 lost"
    rate = CAPACITY / 2
    connections = 400
    long = 10

    def __init__(self) -> None:
        self._floods: list[tuple[float, float]] = []

    def make(self, stage: Stage) -> Make:  # noqa: ARG002 # for every stage the same
        """Slow every decision down."""
        program = (sys.executable, "-m", "tests.cluster.chaos.slow", "serve")
        return Make(before=("env", f"PYTHONPATH={ROOT}"), program=program)

    def inject(self, stage: Stage, load: Load, times: int) -> str:
        """Flood it, and let it come to rest."""
        size = 1000 if self.is_long else 200
        for _ in range(times):
            began = time.monotonic()
            load.pace(FLOOD)
            load.go_on(size)
            load.pace(self.rate)
            over = load.drain()
            self._floods.append((began, over))
            load.rest(over, AFTERWARDS)
        shed = sum(each.metric(SHED) for each in stage.fleet.replicas)
        useful = min(self._useful(load.answers))
        return (
            f"{times} floods; at least {useful:.0%} of what could be answered was; "
            f"{shed:.0f} reviews turned away"
        )

    def may_lose(self, answer: Answer) -> bool:
        """Allow what was sent in a flood."""
        return answer.outcome is Outcome.WEBHOOK and any(
            began <= answer.sent <= over for began, over in self._floods
        )

    def check(self, stage: Stage, answers: Sequence[Answer], stored: Sequence[Json]) -> list[str]:
        """See that it went on answering, and that it turned away rather than let time run out."""
        found = super().check(stage, answers, stored)
        if (useful := min(self._useful(answers))) < USEFUL:
            found.append(f"only {useful:.0%} of what could be answered was")
        if not sum(each.metric(SHED) for each in stage.fleet.replicas):
            found.append("no review was turned away")
        return found

    def _useful(self, answers: Sequence[Answer]) -> list[float]:
        """Give, of each flood, the part of what could be answered that was."""
        made = [each.sent + each.seconds for each in answers if each.outcome is Outcome.MADE]
        return [
            sum(began <= each <= over for each in made) / (over - began) / CAPACITY
            for began, over in self._floods
        ]
