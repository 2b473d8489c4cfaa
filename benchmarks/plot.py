"""A report as a plot in SVG: the ratios to Go, a bar each with its range, by hand and plain."""

from collections.abc import Iterator
from html import escape

from benchmarks.figures import Figure
from benchmarks.report import Outcome, Report

SHOWN = (("cpu_us", "CPU a review"), ("p50_us", "p50"), ("p99_us", "p99"))
WIDTH, LEFT, RIGHT = 760, 290, 60
ROW, GAP, TOP, BOTTOM = 18, 12, 56, 34
GRID = 0.25
LEAST, MOST = 1.25, 2.5
"""Where the scale ends at the least and at the most; what is beyond is cut off there."""
COLOURS = ("#4477aa", "#66ccee", "#ee6677")
MUTED = "#667"


def render(report: Report, arm: str) -> str:
    """Draw the ratios of one arm to the base for every scenario; 1.0 is the base itself."""
    highs = [outcome.ratios[arm][metric].high for outcome in report.outcomes for metric, _ in SHOWN]
    most = min(max(LEAST, *highs), MOST)
    scale = (WIDTH - LEFT - RIGHT) / most
    height = TOP + len(report.outcomes) * (ROW * len(SHOWN) + GAP) + BOTTOM
    title = f"{arm} as a part of {report.base} ({report.date}); less is better"
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'font-family="sans-serif" font-size="12" role="img">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
        f'<text x="16" y="24" font-size="15">{escape(title)}</text>',
        *_grid(scale, most, height),
    ]
    y = TOP
    for outcome in report.outcomes:
        lines.extend(_group(outcome, arm, y, scale))
        y += ROW * len(SHOWN) + GAP
    return "\n".join([*lines, "</svg>", ""])


def _grid(scale: float, most: float, height: int) -> Iterator[str]:
    for step in range(int(most / GRID) + 1):
        value, x = step * GRID, LEFT + step * GRID * scale
        stroke = "#223" if value == 1 else "#dde"
        bottom = height - BOTTOM
        yield f'<line x1="{x:.1f}" y1="{TOP - 8}" x2="{x:.1f}" y2="{bottom}" stroke="{stroke}"/>'
        label = f'text-anchor="middle" fill="{MUTED}">{value:g}</text>'
        yield f'<text x="{x:.1f}" y="{bottom + 16}" {label}'


def _group(outcome: Outcome, arm: str, y: int, scale: float) -> Iterator[str]:
    yield f'<text x="16" y="{y + ROW - 5}">{escape(outcome.title)}</text>'
    for index, (metric, label) in enumerate(SHOWN):
        yield from _bar(outcome.ratios[arm][metric], label, COLOURS[index], y + index * ROW, scale)


def _bar(found: Figure, label: str, colour: str, y: int, scale: float) -> Iterator[str]:
    baseline, middle = y + ROW - 5, y + ROW / 2
    low, high = (LEFT + min(each, MOST) * scale for each in (found.low, found.high))
    width = min(found.median, MOST) * scale
    yield (
        f'<text x="{LEFT - 6}" y="{baseline}" text-anchor="end" fill="{MUTED}" '
        f'font-size="11">{escape(label)}</text>'
    )
    yield (f'<rect x="{LEFT}" y="{y + 2}" width="{width:.1f}" height="{ROW - 4}" fill="{colour}"/>')
    yield (
        f'<line x1="{low:.1f}" y1="{middle:g}" x2="{high:.1f}" y2="{middle:g}" '
        'stroke="#223" stroke-width="1.5"/>'
    )
    yield f'<text x="{high + 6:.1f}" y="{baseline}" font-size="11">{found.median:.2f}</text>'
