"""Ratios as a plot in SVG: groups of bars, each with its range, by hand and plain."""

import math
from collections.abc import Iterator, Sequence
from html import escape
from typing import TypeAlias

from benchmarks.figures import Figure
from benchmarks.report import Report

SHOWN = (("cpu_us", "CPU"), ("p50_us", "p50"), ("p99_us", "p99"))
WIDTH, LEFT, RIGHT = 760, 290, 60
ROW, GAP, TOP, BOTTOM = 18, 12, 56, 34
STEPS, GRID = 10, 0.25
"""Steps of the scale at the most, each a multiple of the least step."""
LEAST, MOST = 1.25, 2.5
"""Where the scale ends at the least and at the most; what is beyond is cut off there."""
COLOURS = ("#4477aa", "#66ccee", "#ee6677", "#ccbb44")
MUTED = "#667"

Group: TypeAlias = tuple[str, Sequence[tuple[str, Figure]]]
"""A title, and bars by their labels; all groups have the same number of bars or fewer."""


def render(report: Report, arm: str) -> str:
    """Draw the ratios of one arm to the base for every scenario; 1.0 is the base itself."""
    title = f"{arm} as a part of {report.base} ({report.date}); less is better"
    groups = [
        (outcome.title, [(label, outcome.ratios[arm][metric]) for metric, label in SHOWN])
        for outcome in report.outcomes
    ]
    return draw(title, groups)


def draw(title: str, groups: Sequence[Group], at_most: float = MOST) -> str:
    """Draw groups of bars on a scale from 0; what is beyond `at_most` is cut off there."""
    most = min(max(LEAST, *(each.high for _, bars in groups for _, each in bars)), at_most)
    scale = (WIDTH - LEFT - RIGHT) / most
    height = TOP + sum(ROW * len(bars) + GAP for _, bars in groups) + BOTTOM
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'font-family="sans-serif" font-size="12" role="img">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
        f'<text x="16" y="24" font-size="15">{escape(title)}</text>',
        *_grid(scale, most, height),
    ]
    y = TOP
    for group in groups:
        lines.extend(_group(group, y, scale, most))
        y += ROW * len(group[1]) + GAP
    return "\n".join([*lines, "</svg>", ""])


def _grid(scale: float, most: float, height: int) -> Iterator[str]:
    grid = GRID * math.ceil(most / GRID / STEPS)
    for step in range(int(most / grid) + 1):
        value, x = step * grid, LEFT + step * grid * scale
        stroke = "#223" if value == 1 else "#dde"
        bottom = height - BOTTOM
        yield f'<line x1="{x:.1f}" y1="{TOP - 8}" x2="{x:.1f}" y2="{bottom}" stroke="{stroke}"/>'
        label = f'text-anchor="middle" fill="{MUTED}">{value:g}</text>'
        yield f'<text x="{x:.1f}" y="{bottom + 16}" {label}'


def _group(group: Group, y: int, scale: float, most: float) -> Iterator[str]:
    title, bars = group
    yield f'<text x="16" y="{y + ROW - 5}">{escape(title)}</text>'
    for index, (label, found) in enumerate(bars):
        low, middle, high = (
            min(each, most) * scale for each in (found.low, found.median, found.high)
        )
        top = y + index * ROW
        yield from _label(label, top)
        yield from _bar((low, middle, high), COLOURS[index], top)
        yield (
            f'<text x="{LEFT + high + 6:.1f}" y="{top + ROW - 5}" font-size="11">'
            f"{found.median:.2f}</text>"
        )


def _label(label: str, y: int) -> Iterator[str]:
    yield (
        f'<text x="{LEFT - 6}" y="{y + ROW - 5}" text-anchor="end" fill="{MUTED}" '
        f'font-size="11">{escape(label)}</text>'
    )


def _bar(widths: tuple[float, float, float], colour: str, y: int) -> Iterator[str]:
    low, width, high = widths
    middle = y + ROW / 2
    yield f'<rect x="{LEFT}" y="{y + 2}" width="{width:.1f}" height="{ROW - 4}" fill="{colour}"/>'
    yield (
        f'<line x1="{LEFT + low:.1f}" y1="{middle:g}" x2="{LEFT + high:.1f}" y2="{middle:g}" '
        'stroke="#223" stroke-width="1.5"/>'
    )
