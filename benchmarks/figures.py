"""From samples of several rounds to figures: medians, their spread, ratios to the Go server.

Rounds are paired: a ratio is taken within a round, whose runs are neighbours in time, so that
what else the machine does falls on both sides.
"""

import statistics as numbers
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import msgspec

METRICS = ("cpu_us", "per_second", "p50_us", "p99_us")
"""Fields of a sample that are compared; `per_second` is better when larger, the others smaller."""

CONDITIONS = ("load_cpu", "others")
"""Fields of a sample that tell what the others are worth."""

Samples: TypeAlias = Mapping[str, Sequence[msgspec.Struct]]
"""By arm, a sample a round, whose metrics are fields of it."""


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """The median of some rounds, the least and the greatest."""

    median: float
    low: float
    high: float


Figures: TypeAlias = dict[str, dict[str, Figure]]
"""By arm and metric."""


def figure(values: Sequence[float]) -> Figure:
    """Give the median of values and their range."""
    return Figure(median=numbers.median(values), low=min(values), high=max(values))


def figures(samples: Samples, metrics: Sequence[str] = (*METRICS, *CONDITIONS)) -> Figures:
    """Give each metric of each arm; its conditions too."""
    return {
        arm: {metric: figure(_values(rounds, metric)) for metric in metrics}
        for arm, rounds in samples.items()
    }


def ratios(samples: Samples, base: str, metrics: Sequence[str] = METRICS) -> Figures:
    """Give each metric of the other arms as a part of what arm `base` has in the same round."""
    return {
        arm: {metric: figure(_quotients(rounds, samples[base], metric)) for metric in metrics}
        for arm, rounds in samples.items()
        if arm != base
    }


def _quotients(
    rounds: Sequence[msgspec.Struct], base: Sequence[msgspec.Struct], metric: str
) -> list[float]:
    pairs = zip(_values(rounds, metric), _values(base, metric), strict=True)
    return [value / other for value, other in pairs]


def _values(rounds: Sequence[msgspec.Struct], metric: str) -> list[float]:
    return [getattr(sample, metric) for sample in rounds]
