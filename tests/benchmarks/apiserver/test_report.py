"""The figures of a run, its tables, its bars, and what it writes."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from benchmarks.apiserver import __main__, table
from benchmarks.apiserver.situations import GO, GPUCLASS, NATIVE, NOTHING, SITUATIONS, TWICE
from benchmarks.errors import BenchmarkError
from benchmarks.figures import Figure
from tests.benchmarks.apiserver.results import make_report

FIRST, *_, LAST = SITUATIONS


def test_what_is_added_is_taken_within_each_round() -> None:
    compared, _ = make_report().outcomes
    assert compared.added[GPUCLASS] == Figure(median=1000, low=500, high=2000)
    assert NOTHING not in compared.added


def test_ratios_are_taken_to_no_webhook_and_to_go() -> None:
    compared, _ = make_report().outcomes
    assert compared.over_nothing[TWICE]["p50_us"].median == 2.0
    assert compared.over_go[GPUCLASS]["p50_us"].median == 1.2
    assert compared.over_go[GPUCLASS]["webhook_us"].median == 2.0
    assert compared.over_go.keys() == {GPUCLASS, TWICE, NATIVE}


def test_a_situation_without_that_arm_is_compared_with_go_alone() -> None:
    _, refused = make_report().outcomes
    assert (refused.added, refused.over_nothing) == ({}, {})
    assert refused.over_go.keys() == {GPUCLASS, TWICE}


def test_the_terminal_gets_every_arm_of_every_situation() -> None:
    text = table.render(make_report())
    assert text.startswith(f"{FIRST.title}\n\n|")
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines()]
    assert ["gpuclass", "3,000", "12,000", "100", "750", "200", "1.00", "5%", "2%"] in rows
    one = "1.00 (1.00-1.00)"
    ratio = "1.20 (1.20-1.20)"
    assert [f"{GPUCLASS} / {GO}", ratio, ratio, one, ratio, "2.00 (2.00-2.00)", "", "", ""] in rows
    assert ["training", "0", "1", "1", "2", "0"] in rows


def test_the_page_has_what_is_added_the_cpu_and_the_calls() -> None:
    text = table.page(make_report())
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines()]
    added = ("+1,000 us, 1.50 (1.50-1.50)", "+2,000 us, 2.00 (2.00-2.00)")
    more = ("+500 us, 1.25 (1.25-1.25)", "+200 us, 1.10 (1.10-1.10)")
    assert [FIRST.title, "2,000 us", *added, *more] in rows
    assert [FIRST.title, "500", "750 + 200", "1,000 + 400", "625 + 100", "550"] in rows
    in_all = ("3,000 us in all", "4,000 us in all", "2,500 us in all")
    assert [LAST.title, "-", *in_all, "-"] in rows
    ratio = "1.20 (1.20-1.20)"
    assert [FIRST.title, ratio, ratio, ratio, "2.00 (2.00-2.00)", "2%-2%"] in rows
    assert "Other programs used up to 2% of the API server's core." in text


def test_goals_that_were_measured_are_judged() -> None:
    report = make_report()
    line = f"- p50 of {FIRST.title}: at most 1.1 of Go's, found 1.20 (1.20-1.20): **not met**."
    assert [each for each in table.page(report).splitlines() if "at most" in each] == [line]
    report.outcomes[0].over_go[GPUCLASS]["p50_us"] = Figure(median=1.1, low=1, high=1.4)
    assert table.render(report).endswith("at most 1.1 of Go's, found 1.10 (1.00-1.40): met.")


def test_bars_are_those_of_situations_with_no_webhook_to_compare() -> None:
    ((title, bars),) = table.groups(make_report())
    assert title == FIRST.title
    assert [(arm, found.median) for arm, found in bars] == [
        (GPUCLASS, 1.5),
        (GO, 1.25),
        (TWICE, 2.0),
        (NATIVE, 1.1),
    ]


def test_a_run_leaves_json_plot_and_the_tables_in_the_page(tmp_path: Path) -> None:
    page = tmp_path / "benchmarks.md"
    page.write_text(
        "before\n<!-- written by `make bench-apiserver` -->\nold\n<!-- end -->\nafter\n"
    )
    __main__.write(make_report(), tmp_path)
    written = page.read_text()
    assert written.startswith("before\n<!-- written by `make bench-apiserver` -->\nRounds: 3")
    assert written.endswith("|\n<!-- end -->\nafter\n")
    assert "old" not in written
    found = json.loads((tmp_path / "benchmarks" / "apiserver.json").read_text())
    assert found["outcomes"][0]["situation"] == FIRST.name
    drawn = (tmp_path / "benchmarks" / "apiserver.svg").read_text()
    assert FIRST.title in [each.text for each in ET.fromstring(drawn).iter()]  # noqa: S314 - ours


def test_a_page_without_the_marks_is_told(tmp_path: Path) -> None:
    (tmp_path / "benchmarks.md").write_text("nothing\n")
    with pytest.raises(
        BenchmarkError, match="the page has no <!-- written by `make bench-apiserver`"
    ):
        __main__.write(make_report(), tmp_path)
