"""A report as tables of text, for a terminal and for the page alike, and as groups of a plot."""

from collections.abc import Iterable, Sequence

from benchmarks.figures import Figure
from benchmarks.growth.report import Report, Row, Section
from benchmarks.plot import Group
from benchmarks.table import align

PLOTTED = "reviews"
"""The section whose parts are drawn."""


def render(report: Report) -> str:
    """Give every section: medians with their range, the last column as a part of the first."""
    return "\n\n".join(map(_section, report.sections))


def page(report: Report) -> str:
    """Give what stands in docs/benchmarks.md."""
    versions = ", ".join(f"{name} {version}" for name, version in report.versions.items())
    return f"Measured on {report.date}, {report.rounds} rounds: {versions}.\n\n{render(report)}"


def _section(section: Section) -> str:
    is_growth = len(section.columns) > 1
    last = ("last / first",) if is_growth else ()
    rows: list[Sequence[str]] = [(section.unit, *section.columns, *last)]
    rows += [(each.name, *_cells(each, section), *_last(each, section)) for each in section.rows]
    said = [f"**{section.title}**", align(rows)]
    said += [f"Goal: {section.goal}."] if section.goal else []
    said += [section.note] if section.note else []
    said += [f"Broken: {each}." for each in section.broken]
    return "\n\n".join(said)


def _cells(row: Row, section: Section) -> Iterable[str]:
    for column in section.columns:
        yield shown(row.figures[column]) if column in row.figures else "-"


def _last(row: Row, section: Section) -> Iterable[str]:
    if len(section.columns) > 1:
        found = row.ratios.get(section.columns[-1])
        yield f"{found.median:.2f}" if found else "-"


def shown(found: Figure) -> str:
    """Write a median with its range, if it has one: `21.3 (20.9-24.0)`."""
    if found.low == found.high:
        return _number(found.median)
    return f"{_number(found.median)} ({_number(found.low)}-{_number(found.high)})"


def _number(value: float) -> str:
    """Write three digits that mean something."""
    digits = 2 if value < 10 else 1 if value < 100 else 0  # noqa: PLR2004 - powers of ten
    return f"{value:,.{digits}f}"


def groups(report: Report) -> list[Group]:
    """Give the rows of the plotted section, a bar for each column after the first."""
    return [
        (row.name, [(column, row.ratios[column]) for column in section.columns[1:]])
        for section in report.sections
        if section.name == PLOTTED
        for row in section.rows
    ]
