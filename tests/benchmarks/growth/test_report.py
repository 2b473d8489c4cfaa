"""Rows, tables and the page."""

from benchmarks.figures import Figure
from benchmarks.growth import table
from benchmarks.growth.report import Report, Section, row

ROW = row("GPU pod", {"1": [10.0, 20.0, 40.0], "1000": [20.0, 20.0, 60.0]})
SECTION = Section(
    name="reviews",
    title="A review",
    unit="us",
    columns=("1", "1000"),
    rows=[ROW],
    goal="flat",
    note="Others were busy.",
    broken=("it grows",),
)
ALONE = Section(
    name="memory",
    title="Memory",
    unit="MiB",
    columns=("idle",),
    rows=[row("held", {"idle": [1234.5]})],
)
REPORT = Report(date="2026-01-02", rounds=3, versions={"Go": "1.26.8"}, sections=[SECTION, ALONE])
TABLES = """\
**A review**

| us      |                1 |             1000 | last / first |
| ------- | ---------------: | ---------------: | -----------: |
| GPU pod | 20.0 (10.0-40.0) | 20.0 (20.0-60.0) |         1.50 |

Goal: flat.

Others were busy.

Broken: it grows.

**Memory**

| MiB  |  idle |
| ---- | ----: |
| held | 1,234 |"""


def test_parts_of_the_first_column_are_taken_within_rounds() -> None:
    assert ROW.ratios["1"] == Figure(median=1.0, low=1.0, high=1.0)
    assert ROW.ratios["1000"] == Figure(median=1.5, low=1.0, high=2.0)


def test_each_section_is_a_table() -> None:
    assert table.render(REPORT) == TABLES
    assert table.page(REPORT) == f"Measured on 2026-01-02, 3 rounds: Go 1.26.8.\n\n{TABLES}"


def test_what_was_not_measured_at_a_size_is_a_dash() -> None:
    section = Section(name="starts", title="", unit="s", columns=("few", "many"), rows=[ROW, ROW])
    last = table.render(Report(date="", rounds=1, versions={}, sections=[section])).splitlines()[-1]
    assert last == "| GPU pod |   - |    - |            - |"


def test_the_plot_has_a_bar_for_each_size_after_the_first() -> None:
    assert table.groups(REPORT) == [("GPU pod", [("1000", ROW.ratios["1000"])])]
