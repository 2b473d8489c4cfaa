"""A replica is killed without a word: its worker alone, or all of it."""

import os
import signal
import time

from tests.cluster.chaos.load import Answer, Load, Outcome
from tests.cluster.chaos.row import Row
from tests.cluster.chaos.stage import AS_SHIPPED, Stage
from tests.cluster.probing import is_ready
from tests.cluster.waiting import eventually

SOON_SECONDS = 1.0
"""Until the API server has noticed that a connection which it kept has ended."""


class Killed(Row):
    """What both have in common: what was under way there may be lost, and nothing else."""

    promise = "only what was under way there is lost; back without help"
    owed = 60
    """What a log had still to write: lines are written in batches, twenty times a second."""

    def __init__(self) -> None:
        self._spans: list[tuple[float, float]] = []

    def may_lose(self, answer: Answer) -> bool:
        """Allow what was under way between a kill and the moment at which all knew of it."""
        end = answer.sent + answer.seconds
        return answer.outcome is Outcome.WEBHOOK and any(
            answer.sent <= over and end >= killed for killed, over in self._spans
        )

    def over(self, killed: float) -> None:
        """Take note of a kill that all know of by now."""
        self._spans.append((killed, time.monotonic() + SOON_SECONDS))


class WorkerKilled(Killed):
    """The kernel ends the process that serves; gunicorn starts another on the same socket."""

    name = "worker-killed"
    fault = "SIGKILL of the worker of one of three replicas"

    def inject(self, stage: Stage, load: Load, times: int) -> str:
        """Kill a worker, and wait for the next one."""
        for number in range(times):
            replica = stage.fleet.replicas[number % len(stage.fleet.replicas)]
            _, worker = stage.fleet.pids(replica)
            killed = time.monotonic()
            os.kill(worker, signal.SIGKILL)
            self.over(killed)
            eventually(lambda replica=replica: is_ready(replica.probes), "a worker to be back")  # type: ignore[misc]
            load.go_on(len(stage.fleet.replicas))
        return f"{times} workers killed"


class ReplicaKilled(Killed):
    """All its processes end; connections are led there until its endpoint is gone."""

    name = "replica-killed"
    fault = "SIGKILL of one of three replicas, of all its processes at once"
    promise = "only what was under way there, or led there before its endpoint was gone"

    def inject(self, stage: Stage, load: Load, times: int) -> str:
        """Kill a replica, and start another once its endpoint is gone."""
        for _ in range(times):
            replica = stage.fleet.replicas[0]
            killed = time.monotonic()
            stage.fleet.crash(replica)
            eventually(lambda replica=replica: not stage.fleet.is_led_to(replica), "no endpoint")  # type: ignore[misc]
            self.over(killed)
            stage.fleet.bury(AS_SHIPPED)
            stage.fleet.add(AS_SHIPPED)
            load.go_on(1)
        return f"{times} replicas killed"
