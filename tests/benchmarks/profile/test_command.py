"""The command: the sampler that it runs, what it writes, what it refuses."""

import os
from pathlib import Path

import pytest

from benchmarks.compare.bench import Bench
from benchmarks.errors import BenchmarkError
from benchmarks.profile import __main__ as command
from benchmarks.servers import POLICIES, Cores, Server

Said = pytest.CaptureFixture[str]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    core = min(os.sched_getaffinity(0))
    cores = Cores(server=core, load=core)
    return Bench(cores=cores, reviews={}, policies=POLICIES, folder=tmp_path)


def sampled(bench: Bench, py_spy: str) -> str:
    server = Server(name="this tree", pid=os.getpid(), port=1)
    return command.sampled(server, bench, 2, py_spy)


def script(folder: Path, text: str) -> str:
    """Make a sampler of a few lines."""
    file = folder / "sampler"
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o700)
    return str(file)


def test_the_worker_is_sampled_for_so_long(bench: Bench, tmp_path: Path) -> None:
    py_spy = script(
        tmp_path,
        'while [ "$1" != --output ]; do args="$args $1"; shift; done\n'
        'echo "talk"; echo "$args" > "$2"',
    )
    found = sampled(bench, py_spy)
    assert found.split()[0] == "record"
    assert "--duration 2 --rate 100 --format raw" in found


def test_a_sampler_that_may_not_look_is_told(bench: Bench, tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError) as raised:
        sampled(bench, script(tmp_path, 'echo "Permission Denied" >&2; exit 1'))
    assert str(raised.value) == (
        "py-spy can not look into the worker, for which it takes root: Permission Denied"
    )


def test_a_sampler_that_is_not_there_is_told(bench: Bench) -> None:
    with pytest.raises(BenchmarkError) as raised:
        sampled(bench, "no-such-sampler")
    assert str(raised.value) == "there is no no-such-sampler: `make profile` installs it"


def test_a_base_that_is_no_commit_is_told(capsys: Said) -> None:
    assert command.main(["--base", "nosuch"]) == 2
    assert capsys.readouterr().err.startswith("benchmarks.profile: nosuch is no commit of this")


def test_file_and_page_are_written(tmp_path: Path) -> None:
    marks = "<!-- written by `make profile` -->\nold\n<!-- end -->\n"
    (tmp_path / "benchmarks.md").write_text(f"before\n{marks}after\n")
    command.write("whole", "table", tmp_path)
    assert (tmp_path / "benchmarks" / "profile.txt").read_text() == "whole"
    assert (tmp_path / "benchmarks.md").read_text() == (
        f"before\n{marks.replace('old', 'table')}after\n"
    )
