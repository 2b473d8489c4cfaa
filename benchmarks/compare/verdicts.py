"""What may be concluded from paired rounds: slower, faster, or that no difference was shown."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median
from typing import TypeAlias

from benchmarks.compare.intervals import interval

ERROR = 0.05
"""In so many runs at most some interval, of all of a run, misses what it is about."""

Pair: TypeAlias = tuple[float, float]
"""What the base and this tree took in one round, in microseconds."""

HEADINGS = ("microseconds", "base", "this tree", "ratio, 95 %", "shown from", "verdict")


class Verdict(StrEnum):
    """What one measure says of this tree."""

    SLOWER = "slower"
    FASTER = "faster"
    SAME = "no difference shown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One measure: medians of both, this tree as a part of the base, and between what it lies."""

    measure: str
    base: float
    this: float
    ratio: float
    low: float
    high: float

    @property
    def verdict(self) -> Verdict:
        """Say what is certain; an interval around 1 says nothing."""
        if self.low > 1:
            return Verdict.SLOWER
        return Verdict.FASTER if self.high < 1 else Verdict.SAME

    @property
    def least(self) -> float:
        """Give the least slowdown that these rounds could have shown: 0.02 is 2 %."""
        return self.ratio / self.low - 1


def by_measure(rounds: Iterable[Mapping[str, Pair]]) -> dict[str, list[Pair]]:
    """Give the pairs of all rounds by what they measure."""
    found: dict[str, list[Pair]] = {}
    for each in rounds:
        for name, pair in each.items():
            found.setdefault(name, []).append(pair)
    return found


def find(measured: Mapping[str, Sequence[Pair]]) -> list[Finding]:
    """Judge every measure, each so strictly that all together are right (Bonferroni)."""
    return [_find(name, pairs, ERROR / len(measured)) for name, pairs in measured.items()]


def _find(name: str, pairs: Sequence[Pair], error: float) -> Finding:
    """Judge one; ratios are compared as logarithms, so that twice and half weigh the same."""
    found = interval([math.log(this / base) for base, this in pairs], error)
    return Finding(
        measure=name,
        base=median(base for base, _ in pairs),
        this=median(this for _, this in pairs),
        ratio=math.exp(found.middle),
        low=math.exp(found.low),
        high=math.exp(found.high),
    )


def slower(findings: Iterable[Finding], threshold: float) -> list[Finding]:
    """Give those that are certainly slower by more than a part of the base."""
    return [each for each in findings if each.low > 1 + threshold]


def rows(findings: Iterable[Finding]) -> list[tuple[str, ...]]:
    """Give the rows of a table."""
    return [HEADINGS, *map(_row, findings)]


def _row(found: Finding) -> tuple[str, ...]:
    return (
        found.measure,
        f"{found.base:,.1f}",
        f"{found.this:,.1f}",
        f"{found.ratio:.3f} ({found.low:.3f}-{found.high:.3f})",
        f"{found.least:.1%}",
        found.verdict,
    )


def summary(findings: Sequence[Finding], base: str, threshold: float) -> str:
    """Say in one sentence what came of it."""
    worse = slower(findings, threshold)
    if worse:
        names = "; ".join(each.measure for each in worse)
        return f"slower than {base} by more than {threshold:.0%}: {names}"
    return f"nothing is shown to be slower than {base} by more than {threshold:.0%}"
