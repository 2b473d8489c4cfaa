"""The command: what it refuses, what it says before it measures, its exit codes."""

import os
from pathlib import Path

import pytest

from benchmarks.compare import __main__ as command
from benchmarks.compare import bench, trees
from benchmarks.compare.rounds import Round
from benchmarks.servers import Cores
from tests.benchmarks.compare import repository

Said = pytest.CaptureFixture[str]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return repository.make(tmp_path / "repository")


def test_a_base_that_knows_no_such_flag_is_told_with_its_own_words(
    root: Path, capsys: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    core = min(os.sched_getaffinity(0))
    monkeypatch.setattr(bench, "cores", lambda: Cores(server=core, load=core))
    (root / "new").touch()
    assert command.main(["HEAD"], root) == 2
    commit = trees.resolve("HEAD", root)
    assert capsys.readouterr().err.splitlines() == [
        "this tree has changes that are in no commit: they are measured too",
        f"benchmarks.compare: {commit} ended before it was ready; the end of its log: "
        "unrecognized arguments: --metrics-bind",
    ]


def test_a_base_that_is_no_commit_is_told(root: Path, capsys: Said) -> None:
    assert command.main(["nosuch"], root) == 2
    assert "benchmarks.compare: nosuch is no commit of this repository" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["HEAD", "--rounds", "9"], ["HEAD", "--rounds", "x"]])
def test_a_wrong_command_line_is_told(arguments: list[str], capsys: Said) -> None:
    with pytest.raises(SystemExit) as raised:
        command.main(arguments)
    assert raised.value.code == 2
    assert "BASE" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("this", "arguments", "code", "last"),
    [
        pytest.param(1.1, [], 1, "slower than {} by more than 3%: p50", id="slower"),
        pytest.param(
            1.1, ["--threshold", "20"], 0, "nothing is shown to be slower than {} by more than 20%"
        ),
        pytest.param(1.0, [], 0, "nothing is shown to be slower than {} by more than 3%"),
    ],
)
def test_the_exit_code_is_the_verdict(
    this: float,
    arguments: list[str],
    code: int,
    last: str,
    root: Path,
    capsys: Said,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = [Round(pairs={"p50": (1.0, this)}, others=0) for _ in range(10)]
    monkeypatch.setattr(command, "run", lambda *_: found)
    assert command.main(["HEAD", *arguments], root) == code
    table, _, said = capsys.readouterr().out.rpartition("\n\n")
    assert table.count("\n") == 2
    assert said == f"{last.format(trees.resolve('HEAD', root))}\n"


def test_a_run_that_is_interrupted_ends_quietly(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> list[Round]:
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "run", interrupted)
    assert command.main(["HEAD"], root) == 130


def test_the_fewest_rounds_say_something_of_every_measure() -> None:
    assert command.LEAST_ROUNDS == 10
    assert command.QUICK.rounds <= command.DEFAULT.rounds
