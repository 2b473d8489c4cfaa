"""What a process and its children have spent on the CPU, as the kernel counts it (proc(5))."""

from dataclasses import dataclass
from pathlib import Path

from benchmarks.errors import BenchmarkError

PROC = Path("/proc")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """Nanoseconds that threads ran, and that they were ready to run while others did."""

    ran: int
    waited: int


def tree(pid: int, proc: Path = PROC) -> tuple[int, ...]:
    """Give a process and all that descend from it."""
    found = [pid]
    for each in found:
        for task in _tasks(each, proc):
            found.extend(map(int, _read(task / "children").split()))
    return tuple(found)


def spent(pid: int, proc: Path = PROC) -> Spent:
    """Give what a process tree has spent, over all threads that live.

    /proc/<pid>/stat counts in ticks of 10 ms, too coarse for a second of few reviews; schedstat
    counts in nanoseconds. Threads that ended are lost: neither server has any that do.
    """
    ran = waited = 0
    for each in tree(pid, proc):
        for task in _tasks(each, proc):
            counts = (_read(task / "schedstat") or "0 0").split()
            ran, waited = ran + int(counts[0]), waited + int(counts[1])
    if not ran:
        raise BenchmarkError(f"{proc}/{pid}/task/*/schedstat says nothing: Linux is needed")
    return Spent(ran=ran, waited=waited)


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
