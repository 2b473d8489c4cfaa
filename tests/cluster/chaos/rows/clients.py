"""Slow, silent and greedy clients at every replica; the API server's requests do not notice."""

from collections.abc import Sequence
from pathlib import Path

from tests.cluster.api import Json
from tests.cluster.chaos.hostile import KINDS, Hostile
from tests.cluster.chaos.load import Answer, Load, p99
from tests.cluster.chaos.row import Row
from tests.cluster.chaos.stage import Stage
from tests.cluster.waiting import eventually

MEMORY_MIB = 512
"""The limit of the Deployment."""
SLOWER = 2.0
"""By so much, at most, may p99 be higher."""
FEW, MANY = 3, 1000


class HostileClients(Row):
    """Quiet times and hostile ones take turns, so that other programs disturb both alike."""

    name = "clients"
    fault = "half ClientHello, half head, half body, dripped, endless, pipelined, HTTP/2, idle"
    promise = "0 lost; p99 within twice the quiet one (long form); memory below the limit"
    long = 4

    def __init__(self) -> None:
        self._quiet: list[float] = []
        self._hostile: list[float] = []

    def inject(self, stage: Stage, load: Load, times: int) -> str:
        """Let them come and go."""
        idle = MANY if self.is_long else FEW
        requests = 1250 if self.is_long else 40
        counts = dict.fromkeys(KINDS, FEW * 2) | {"idle": idle, "silent": idle // 3}
        before = max(memory(stage))
        for _ in range(times):
            self._quiet += _taken(load, requests)
            with Hostile([each.address for each in stage.fleet.replicas], counts) as hostile:
                eventually(lambda hostile=hostile: all(hostile.opened.values()), "all kinds")  # type: ignore[misc]
                self._hostile += _taken(load, requests)
        quiet, now = p99(self._quiet), p99(self._hostile)
        return (
            f"{sum(counts.values())} hostile connections; p99 {now / quiet:.2f} of the quiet one; "
            f"{max(memory(stage)):.0f} MiB of memory at most, {before:.0f} before"
        )

    def check(self, stage: Stage, answers: Sequence[Answer], stored: Sequence[Json]) -> list[str]:
        """Compare, and look at the memory of the replicas."""
        found = super().check(stage, answers, stored)
        if self.is_long and (ratio := p99(self._hostile) / p99(self._quiet)) > SLOWER:
            found.append(f"p99 is {ratio:.1f} times the quiet one")
        found += [f"{mib:.0f} MiB of memory" for mib in memory(stage) if mib > MEMORY_MIB]
        return found


def _taken(load: Load, count: int) -> list[float]:
    """Give how long the next requests take."""
    before = len(load.answers)
    load.go_on(count)
    return [each.seconds for each in load.answers[before:]]


def memory(stage: Stage) -> list[float]:
    """Give the most memory that each replica ever had, in MiB; what both processes share, once."""
    found = []
    for replica in stage.fleet.replicas:
        first, worker = stage.fleet.pids(replica)
        peaks = sum(_mib(f"/proc/{each}/status", "VmHWM") for each in (first, worker))
        shared = ("Shared_Clean", "Shared_Dirty")
        found.append(peaks - sum(_mib(f"/proc/{worker}/smaps_rollup", each) for each in shared))
    return found


def _mib(file: str, field: str) -> float:
    lines = Path(file).read_text(encoding="utf-8").splitlines()
    line = next(each for each in lines if each.startswith(f"{field}:"))
    return int(line.split()[1]) / 1024
