"""What a process and its children have spent on the CPU, as the kernel counts it (proc(5))."""

import os
from pathlib import Path

from benchmarks.errors import BenchmarkError

PROC = Path("/proc")


TICKS = os.sysconf("SC_CLK_TCK")
NANOSECONDS = 1_000_000_000
IDLE = (3, 4)
"""Fields of a core's line in /proc/stat that are no work: idle and iowait."""


def tree(pid: int, proc: Path = PROC) -> tuple[int, ...]:
    """Give a process and all that descend from it."""
    found = [pid]
    for each in found:
        for task in _tasks(each, proc):
            found.extend(map(int, _read(task / "children").split()))
    return tuple(found)


def spent(pid: int, proc: Path = PROC) -> int:
    """Give the nanoseconds that a process tree has run, over all threads that live.

    /proc/<pid>/stat counts in ticks of 10 ms, too coarse for a second of few reviews; schedstat
    counts in nanoseconds. Threads that ended are lost: neither server has any that do.
    """
    total = sum(
        int((_read(task / "schedstat") or "0").split()[0])
        for each in tree(pid, proc)
        for task in _tasks(each, proc)
    )
    if not total:
        raise BenchmarkError(f"{proc}/{pid}/task/*/schedstat says nothing: Linux is needed")
    return total


def busy(core: int, proc: Path = PROC) -> int:
    """Give the nanoseconds that a core has worked, whoever for."""
    for line in _read(proc / "stat").splitlines():
        name, *fields = line.split()
        if name == f"cpu{core}":
            # Guest time, the last two fields, is in the first two already.
            ticks = [int(each) for index, each in enumerate(fields[:8]) if index not in IDLE]
            return sum(ticks) * NANOSECONDS // TICKS
    raise BenchmarkError(f"{proc}/stat has no line cpu{core}: Linux is needed")


def _tasks(pid: int, proc: Path) -> list[Path]:
    try:
        return sorted((proc / str(pid) / "task").iterdir())
    except OSError:
        return []


def _read(path: Path) -> str:
    """Read a file of a task; empty where the task has ended meanwhile."""
    try:
        return path.read_text(encoding="ascii")
    except OSError:
        return ""
