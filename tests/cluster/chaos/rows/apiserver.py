"""The API server is killed and comes back: no pod slips in before it knows of the webhooks."""

import time
from collections.abc import Sequence

from tests.cluster.api import Json
from tests.cluster.chaos.counters import ApiServer, Replicas
from tests.cluster.chaos.load import Answer, Load, Outcome
from tests.cluster.chaos.row import Row
from tests.cluster.chaos.stage import Stage

REQUESTS = 50
"""That are over before all is taken to be as it was: failures after them are losses."""


class ApiServerRestart(Row):
    """Its clients lose what it was asked; what it lets in afterwards is governed as before.

    A restart puts its counters back to nothing, so the three parties are compared from the last one
    on.
    """

    name = "apiserver-restart"
    fault = "the API server is killed and started again"
    promise = "only failures of the API server's own; no GPU pod without policy"
    long = 5
    counts_apiserver = False

    def __init__(self) -> None:
        self._spans: list[tuple[float, float]] = []

    def inject(self, stage: Stage, load: Load, times: int) -> str:
        """Restart it, so many times."""
        for _ in range(times):
            killed = time.monotonic()
            stage.control_plane.restart_apiserver()
            load.go_on(REQUESTS)
            self._spans.append((killed, time.monotonic()))
        self._begin = load.drain()
        self._counted = ApiServer.now(stage.control_plane.api)
        self._decided = Replicas(stage.fleet.replicas)
        self._from = time.monotonic()
        return f"{times} restarts"

    def may_lose(self, answer: Answer) -> bool:
        """Allow what the API server itself did not answer, until it is back."""
        end = answer.sent + answer.seconds
        return answer.outcome is Outcome.APISERVER and any(
            answer.sent <= over and end >= killed for killed, over in self._spans
        )

    def check(self, stage: Stage, answers: Sequence[Answer], stored: Sequence[Json]) -> list[str]:
        """Compare what was counted since the last restart; what was under way then may be in it."""
        found = super().check(stage, answers, stored)
        made = [each for each in answers if each.outcome is Outcome.MADE]
        least = sum(each.sent >= self._from for each in made)
        most = sum(each.sent + each.seconds >= self._begin for each in made)
        since = ApiServer.now(stage.control_plane.api).since(self._counted)
        decided = self._decided.decisions(stage.fleet.everybody, stage.fleet.replicas)
        for who, count in (("the API server had", since.answered), ("replicas made", decided)):
            if not least <= count <= most:
                found.append(f"{who} {count} answers since, {least} to {most} pods were made")
        if since.failed:
            found.append(f"the API server counts {since.failed} calls without an answer since")
        return found
