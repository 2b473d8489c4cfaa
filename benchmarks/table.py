"""A report as tables of text, for a terminal and for a page in Markdown alike."""

from collections.abc import Sequence

from benchmarks.figures import CONDITIONS, METRICS, Figure
from benchmarks.report import Outcome, Report

HEADINGS = ("", "cpu us", "reviews/s", "p50 us", "p99 us", "load busy", "others")


def render(report: Report) -> str:
    """Give a table for each scenario: medians, and ratios to the base with their range."""
    return "\n".join(_scenario(outcome, report.base) for outcome in report.outcomes)


def _scenario(outcome: Outcome, base: str) -> str:
    rows: list[Sequence[str]] = [HEADINGS]
    for arm, found in outcome.figures.items():
        conditions = (f"{found[each].median:.0%}" for each in CONDITIONS)
        rows.append((arm, *(f"{found[metric].median:,.0f}" for metric in METRICS), *conditions))
    for arm, found in outcome.ratios.items():
        rows.append((f"{arm} / {base}", *(ratio(found[metric]) for metric in METRICS), "", ""))
    return f"{outcome.title}\n\n{align(rows)}\n"


def ratio(found: Figure) -> str:
    """Write a ratio with its range: `0.57 (0.55-0.60)`."""
    return f"{found.median:.2f} ({found.low:.2f}-{found.high:.2f})"


def align(rows: Sequence[Sequence[str]]) -> str:
    """Give rows as a Markdown table with aligned columns; the first row is the heading."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    rule = [
        f"{'-' * (width - 1)}:" if column else "-" * width for column, width in enumerate(widths)
    ]
    return "\n".join(_line(row, widths) for row in (rows[0], rule, *rows[1:]))


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = [
        text.rjust(width) if column else text.ljust(width)
        for column, (text, width) in enumerate(zip(row, widths, strict=True))
    ]
    return f"| {' | '.join(cells)} |"
