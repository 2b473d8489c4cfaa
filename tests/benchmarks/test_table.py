"""The table and the goals of `make bench`, as they stand in the page."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from benchmarks import __main__ as command
from benchmarks import table
from tests.benchmarks.results import make_report

PAGE = """\
Rounds: 3, of 0.333333 s each run, on 2026-01-02; medians with their range.
Go 1.26.8.

gpuclass as a part of Go, and what a review costs:

| how reviews arrive    |              CPU |              p50 |              p99 |\
        reviews/s | CPU of one | others used |
| --------------------- | ---------------: | ---------------: | ---------------: |\
 ---------------: | ---------: | ----------: |
| 16 connections & more | 0.50 (0.40-0.60) | 1.00 (1.00-1.00) | 0.50 (0.25-0.75) |\
 1.00 (1.00-1.00) |      50 us |       2%-2% |

- CPU, 16 connections & more: at most 0.6 of Go's, found 0.50 (0.40-0.60): met.
- p99, 16 connections & more: at most 0.7 of Go's, found 0.50 (0.25-0.75): met."""


def test_the_page_has_the_ratios_and_what_is_reached() -> None:
    assert table.page(make_report(), "gpuclass") == PAGE


@pytest.mark.parametrize(
    ("scenario", "said"),
    [
        ("steady-200", "- p99, 16 connections & more: at most 1.0 of Go's"),
        ("fresh-8", "- reviews/s, 16 connections & more: at least 0.6 of Go's"),
        ("closed-1", ""),
    ],
)
def test_a_scenario_has_its_own_goals(scenario: str, said: str) -> None:
    report = make_report()
    (outcome,) = report.outcomes
    found = table.page(replace(report, outcomes=[replace(outcome, scenario=scenario)]), "gpuclass")
    assert found.count("- ") == (PAGE.count("- ") - 2 + bool(said))
    assert said in found


def test_a_goal_is_judged_by_the_median() -> None:
    report = make_report()
    (outcome,) = report.outcomes
    ratios = outcome.ratios["gpuclass"]
    ratios["cpu_us"] = replace(ratios["cpu_us"], median=0.61)
    assert "at most 0.6 of Go's, found 0.61 (0.40-0.60): **not met**." in table.page(
        report, "gpuclass"
    )


def test_json_plot_and_page_are_written(tmp_path: Path) -> None:
    marks = "before\n<!-- written by `make bench` -->\nold\n<!-- end -->\nafter\n"
    (tmp_path / "benchmarks.md").write_text(marks)
    command.write(make_report(), tmp_path)
    assert (tmp_path / "benchmarks.md").read_text() == marks.replace("old", PAGE)
    assert sorted(each.name for each in (tmp_path / "benchmarks").iterdir()) == [
        "server.json",
        "server.svg",
    ]
