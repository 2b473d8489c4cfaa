"""From the start of `gpuclass serve` to its readiness, by the clock."""

import os
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from benchmarks.errors import BenchmarkError
from benchmarks.growth.report import Row, row
from benchmarks.servers import HOST, guarded
from tests.cluster.guardian import Guardian
from tests.cluster.probing import is_ready
from tests.cluster.process import Component, free_ports

GOAL_SECONDS = 2.0
"""From a start to readiness, beside however many classes, in the middle of some starts."""
POLL_SECONDS = 0.004
LONGEST_SECONDS = 60.0


def starts(name: str, folder: Path, sources: Mapping[str, Sequence[str]], count: int) -> Row:
    """Start a server some times for each source of policies (its flags), in turn; give seconds.

    The folder has their certificate, takes their log, and is removed in the end.
    """
    found: dict[str, list[float]] = {column: [] for column in sources}
    with guarded(folder) as guardian:
        for _ in range(count):
            for column, flags in sources.items():
                found[column].append(_start(flags, folder, guardian))
    return row(name, found)


def late(rows: Iterable[Row]) -> tuple[str, ...]:
    """Say which starts take as long as none may."""
    return tuple(
        f"{each.name}, {column}: {found.median:.2f} s, not under {GOAL_SECONDS:g}"
        for each in rows
        for column, found in each.figures.items()
        if found.median >= GOAL_SECONDS
    )


def _start(flags: Sequence[str], folder: Path, guardian: Guardian) -> float:
    bind, probes = free_ports(2)
    server = Component("gpuclass", folder / "log", os.environ)
    command = [str(Path(sys.executable).with_name("gpuclass")), "serve", "--certs", str(folder)]
    command += ["--bind", f"{HOST}:{bind}", "--metrics-bind", f"{HOST}:{probes}", *flags]
    began = time.perf_counter()
    try:
        server.start(command, guardian)
        _wait(server, probes, began)
        return time.perf_counter() - began
    finally:
        server.kill(guardian)


def _wait(server: Component, port: int, began: float) -> None:
    while not is_ready(port):
        if not server.is_running() or time.perf_counter() > began + LONGEST_SECONDS:
            raise BenchmarkError(f"gpuclass is not ready:\n{server.tail()}")
        time.sleep(POLL_SECONDS)
