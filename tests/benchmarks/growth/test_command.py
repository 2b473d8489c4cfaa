"""The command: what it writes, and how it ends."""

from pathlib import Path

import pytest

from benchmarks.errors import BenchmarkError
from benchmarks.growth import __main__ as command
from benchmarks.growth.report import Report
from tests.benchmarks.growth.test_report import ALONE, REPORT

MARKS = f"before\n<!-- written by `{command.COMMAND}` -->\nold\n<!-- end -->\nafter\n"


def test_json_plot_and_page_are_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "benchmarks.md").write_text(MARKS)
    command.write(REPORT, tmp_path)
    page = (tmp_path / "benchmarks.md").read_text()
    assert page.startswith("before\n<!-- written by `make bench-growth` -->\nMeasured on")
    assert page.endswith("\n<!-- end -->\nafter\n")
    assert "old" not in page
    assert '"date": "2026-01-02"' in (tmp_path / "benchmarks" / "growth.json").read_text()
    assert (tmp_path / "benchmarks" / "growth.svg").read_text().startswith("<svg")
    assert "written:" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("found", "code"),
    [
        pytest.param(
            Report(date="", rounds=1, versions={}, sections=[ALONE]), 0, id="within-limits"
        ),
        pytest.param(REPORT, 1, id="above-a-limit"),
        pytest.param(BenchmarkError("no Go"), 2, id="not-measured"),
        pytest.param(KeyboardInterrupt(), 130, id="interrupted"),
    ],
)
def test_the_exit_code_says_how_it_ended(
    found: Report | BaseException, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(*_: object) -> Report:
        if isinstance(found, BaseException):
            raise found
        return found

    monkeypatch.setattr(command, "run", run)
    assert command.main(["--quick", "--only", "pods"]) == code
