"""The interval of paired differences against published values, and how often it is right."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.compare.intervals import critical, interval, least

BEFORE = (1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30)
AFTER = (0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29)
"""Hollander and Wolfe, table 3.1: a factor of depression before and after a treatment."""

FINITE = st.floats(-1e6, 1e6)


@pytest.mark.parametrize(
    ("count", "expected"),
    [(5, -1), (6, 0), (7, 2), (8, 3), (9, 5), (10, 8), (15, 25), (20, 52), (25, 89)],
)
def test_rank_sums_are_those_of_the_printed_tables(count: int, expected: int) -> None:
    assert critical(count, 0.05) == expected


def test_a_published_example_gives_the_published_interval() -> None:
    found = interval([after - before for before, after in zip(BEFORE, AFTER, strict=True)], 0.05)
    assert (found.low, found.middle, found.high) == pytest.approx((-0.786, -0.46, -0.010))


@pytest.mark.parametrize(("error", "expected"), [(0.05, 6), (0.05 / 13, 10), (1, 1)])
def test_a_smaller_error_takes_more_differences(error: float, expected: int) -> None:
    assert least(error) == expected


def test_with_the_fewest_differences_the_interval_is_all_of_them() -> None:
    found = interval([3, 1, 2, 6, 5, 4], 0.05)
    assert (found.low, found.middle, found.high) == (1, 3.5, 6)


def test_one_wild_difference_of_many_moves_little() -> None:
    calm = [0.1, -0.2, 0.3, 0.0, -0.1, 0.2, 0.15, -0.3, 0.05, -0.05, 0.12, -0.12]
    wild = interval([*calm, 1000.0], 0.05)
    assert interval(calm, 0.05).high < wild.high < 0.31


def test_it_misses_as_often_as_was_asked_for() -> None:
    chance = random.Random(4)  # noqa: S311 - to be the same in every run
    runs = [[chance.gauss(2, 1) for _ in range(12)] for _ in range(2000)]
    missed = sum(not found.low <= 2 <= found.high for found in (interval(r, 0.1) for r in runs))
    assert 0.07 < missed / len(runs) < 0.11


@given(st.lists(FINITE, min_size=6, max_size=16))
def test_it_turns_round_with_its_values(values: list[float]) -> None:
    one, other = interval(values, 0.05), interval([-each for each in values], 0.05)
    assert (one.low, one.middle, one.high) == (-other.high, -other.middle, -other.low)
    assert min(values) <= one.low <= one.middle <= one.high <= max(values)
