"""CPU time of a process tree, read from a /proc made here."""

from pathlib import Path

import pytest

from benchmarks import usage
from benchmarks.errors import BenchmarkError


def task(proc: Path, pid: int, tid: int, children: str, schedstat: str) -> None:
    """Make one thread of a process."""
    folder = proc / str(pid) / "task" / str(tid)
    folder.mkdir(parents=True)
    (folder / "children").write_text(children)
    (folder / "schedstat").write_text(schedstat)


def test_a_tree_is_followed_through_the_children_of_every_thread(tmp_path: Path) -> None:
    task(tmp_path, 1, 1, "2 ", "100 0 1\n")
    task(tmp_path, 1, 11, "3 ", "20 7 1\n")
    task(tmp_path, 2, 2, "4 ", "3 0 1\n")
    task(tmp_path, 3, 3, "", "4 0 1\n")
    task(tmp_path, 4, 4, "", "5000 0 1\n")
    task(tmp_path, 5, 5, "", "1000000 0 1\n")
    assert sorted(usage.tree(1, tmp_path)) == [1, 2, 3, 4]
    assert usage.spent(1, tmp_path) == 5127


def test_a_child_that_ended_meanwhile_counts_for_nothing(tmp_path: Path) -> None:
    task(tmp_path, 1, 1, "2 ", "100 0 1\n")
    assert usage.spent(1, tmp_path) == 100


def test_a_system_that_counts_nothing_is_told(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError) as raised:
        usage.spent(1, tmp_path)
    assert str(raised.value) == f"{tmp_path}/1/task/*/schedstat says nothing: Linux is needed"


def test_a_core_is_busy_with_all_but_idle_and_iowait(tmp_path: Path) -> None:
    lines = (
        "cpu  9 9 9 9 9 9 9 9 9 9",
        "cpu0 8 8 8 8 8 8 8 8 8 8",
        "cpu1 1 2 4 800 900 8 16 32 7 7",
    )
    (tmp_path / "stat").write_text("\n".join(lines))
    assert usage.busy(1, tmp_path) == 63 * usage.NANOSECONDS // usage.TICKS


def test_a_core_that_is_not_there_is_told(tmp_path: Path) -> None:
    (tmp_path / "stat").write_text("cpu0 8 8 8 8 8 8 8 8 8 8\n")
    with pytest.raises(BenchmarkError) as raised:
        usage.busy(1, tmp_path)
    assert str(raised.value) == f"{tmp_path}/stat has no line cpu1: Linux is needed"
