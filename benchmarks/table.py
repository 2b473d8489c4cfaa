"""A report as tables of text, for a terminal and for a page in Markdown alike."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.figures import CONDITIONS, METRICS, Figure
from benchmarks.report import Outcome, Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What a metric has to be in a scenario, as a part of the base's: at most, or at least."""

    scenario: str
    metric: str
    name: str
    bound: float
    is_least: bool = False

    def is_met(self, found: Figure) -> bool:
        """Tell whether the median of the rounds reaches it."""
        return found.median >= self.bound if self.is_least else found.median <= self.bound


GOALS = (
    Goal(scenario="closed-16", metric="cpu_us", name="CPU", bound=0.6),
    Goal(scenario="closed-16", metric="p99_us", name="p99", bound=0.7),
    Goal(scenario="steady-200", metric="p99_us", name="p99", bound=1.0),
    Goal(scenario="steady-1500", metric="p99_us", name="p99", bound=1.0),
    Goal(scenario="fresh-8", metric="per_second", name="reviews/s", bound=0.6, is_least=True),
)

HEADINGS = ("", "cpu us", "reviews/s", "p50 us", "p99 us", "load busy", "others")

PAGE_HEADINGS = (
    "how reviews arrive",
    "CPU",
    "p50",
    "p99",
    "reviews/s",
    "CPU of one",
    "others used",
)


def render(report: Report) -> str:
    """Give a table for each scenario: medians, and ratios to the base with their range."""
    return "\n".join(_scenario(outcome, report.base) for outcome in report.outcomes)


def page(report: Report, arm: str) -> str:
    """Give what stands in docs/benchmarks.md: an arm as a part of the base, and what is reached."""
    versions = ", ".join(f"{name} {version}" for name, version in report.versions.items())
    rows: list[Sequence[str]] = [PAGE_HEADINGS]
    rows += [_of(arm, outcome) for outcome in report.outcomes]
    return "\n\n".join(
        (
            f"Rounds: {report.rounds}, of {report.seconds:g} s each run, on {report.date}; medians "
            f"with their range.\n{versions}.",
            f"{arm} as a part of {report.base}, and what a review costs:",
            align(rows),
            "\n".join(_goals(report, arm)),
        )
    )


def _of(arm: str, outcome: Outcome) -> Sequence[str]:
    found, own = outcome.ratios[arm], outcome.figures[arm]
    others = [each["others"] for each in outcome.figures.values()]
    low, high = min(each.low for each in others), max(each.high for each in others)
    metrics = (found[metric] for metric in ("cpu_us", "p50_us", "p99_us", "per_second"))
    cost = f"{own['cpu_us'].median:,.0f} us"
    return (outcome.title, *map(ratio, metrics), cost, f"{low:.0%}-{high:.0%}")


def _goals(report: Report, arm: str) -> Iterator[str]:
    """Say of each goal that was measured whether it is met."""
    outcomes = {each.scenario: each for each in report.outcomes}
    for goal in GOALS:
        if outcome := outcomes.get(goal.scenario):
            found = outcome.ratios[arm][goal.metric]
            bound = f"at {'least' if goal.is_least else 'most'} {goal.bound} of {report.base}'s"
            verdict = "met" if goal.is_met(found) else "**not met**"
            yield f"- {goal.name}, {outcome.title}: {bound}, found {ratio(found)}: {verdict}."


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
