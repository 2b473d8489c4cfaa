"""The interval of a typical difference from paired values, exact for any number of them.

Wilcoxon's signed-rank test turned round: the interval has every shift that the test would not
reject. It asks only that differences lie evenly around their middle, as those of two runs do that
take turns to be first; one wild round of many moves it little. (Hollander and Wolfe, Nonparametric
Statistical Methods, 3.2 and 3.3.)
"""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, combinations_with_replacement


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A typical difference, and between what it lies."""

    middle: float
    low: float
    high: float


def interval(differences: Sequence[float], error: float) -> Interval:
    """Give the typical difference with the interval that misses it in a part `error` of all runs.

    There must be at least `least(error)` of them.
    """
    means = sorted((a + b) / 2 for a, b in combinations_with_replacement(differences, 2))
    cut = critical(len(differences), error)
    return Interval(middle=statistics.median(means), low=means[cut], high=means[-1 - cut])


def critical(count: int, error: float) -> int:
    """Give the greatest rank sum that comes, with its mirror image, in at most `error` of cases.

    -1 where even a sum of 0 comes more often: there are too few differences to say anything.
    """
    most = error / 2 * 2**count
    return sum(1 for ways in accumulate(_ways(count)) if ways <= most) - 1


def least(error: float) -> int:
    """Give how many differences it takes to say anything with so small an error."""
    count = 1
    while critical(count, error) < 0:
        count += 1
    return count


def _ways(count: int) -> list[int]:
    """Give in how many ways the ranks 1 to `count` with signs of chance sum up to 0, 1, 2 ..."""
    ways = [1]
    for rank in range(1, count + 1):
        longer = [0] * rank
        ways = [a + b for a, b in zip([*ways, *longer], [*longer, *ways], strict=True)]
    return ways
