"""From pairs to verdicts, and what is said of them."""

import pytest

from benchmarks.compare.verdicts import (
    Pair,
    Verdict,
    by_measure,
    find,
    rows,
    slower,
    summary,
)
from benchmarks.table import align

WOBBLE = (0.99, 1.01, 1.0, 0.995, 1.005, 1.0, 0.985, 1.015, 0.998, 1.002)


def pairs(factor: float, spread: float = 1) -> list[Pair]:
    """Give rounds in which this tree takes a factor of the base's time, more or less."""
    wobble = [factor * each**spread for each in WOBBLE]
    return [(100 + number, (100 + number) * each) for number, each in enumerate(wobble)]


@pytest.mark.parametrize(
    ("factor", "verdict", "is_beyond"),
    [
        pytest.param(0.9, Verdict.FASTER, False, id="faster"),
        pytest.param(1.0, Verdict.SAME, False, id="the same"),
        pytest.param(1.025, Verdict.SLOWER, False, id="slower, but within the threshold"),
        pytest.param(1.1, Verdict.SLOWER, True, id="slower"),
    ],
)
def test_a_verdict_is_what_the_whole_interval_says(
    factor: float, verdict: Verdict, *, is_beyond: bool
) -> None:
    (found,) = find({"p50": pairs(factor)})
    assert found.verdict is verdict
    assert found.ratio == pytest.approx(factor, rel=0.005)
    assert slower([found], 0.03) == ([found] if is_beyond else [])


def test_what_varies_more_shows_less() -> None:
    (calm,) = find({"p50": pairs(1)})
    (wild,) = find({"p50": pairs(1, spread=3)})
    assert 0 < calm.least < wild.least
    assert calm.verdict is wild.verdict is Verdict.SAME


def test_the_least_slowdown_that_can_be_shown_is_shown() -> None:
    (found,) = find({"p50": pairs(1)})
    (worse,) = find({"p50": pairs((1 + found.least) * 1.001)})
    (better,) = find({"p50": pairs((1 + found.least) * 0.999)})
    assert (worse.verdict, better.verdict) == (Verdict.SLOWER, Verdict.SAME)


def test_each_of_many_measures_is_judged_more_strictly() -> None:
    (alone,) = find({"p50": pairs(1)})
    among, *_ = find({str(number): pairs(1) for number in range(13)})
    assert among.low < alone.low
    assert among.high > alone.high


def test_rounds_are_gathered_by_what_they_measure() -> None:
    assert by_measure([{"p50": (1, 2)}, {"cpu": (3, 4)}, {"p50": (5, 6)}]) == {
        "p50": [(1, 2), (5, 6)],
        "cpu": [(3, 4)],
    }


def test_a_table_says_all_of_each_measure() -> None:
    assert align(rows(find({"p50": pairs(2)}))) == (
        "| microseconds |  base | this tree |         ratio, 95 % | shown from | verdict |\n"
        "| ------------ | ----: | --------: | ------------------: | ---------: | ------: |\n"
        "| p50          | 104.5 |     208.9 | 2.000 (1.987-2.013) |       0.7% |  slower |"
    )


def test_the_last_line_names_what_is_slower() -> None:
    found = find({"p50": pairs(1.2), "p99": pairs(1), "cpu": pairs(1.1)})
    assert summary(found, "main", 0.03) == "slower than main by more than 3%: p50; cpu"
    assert summary(found, "main", 0.3) == (
        "nothing is shown to be slower than main by more than 30%"
    )
