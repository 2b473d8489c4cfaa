"""The bound of a loss rate, against what is known of it."""

import pytest

from tests.cluster.chaos.bound import upper


def test_where_none_is_lost_it_is_the_rule_of_three() -> None:
    assert upper(0, 10_000) == pytest.approx(1 - 0.05 ** (1 / 10_000))
    assert upper(0, 10_000) == pytest.approx(3 / 10_000, rel=0.01)


@pytest.mark.parametrize(
    ("lost", "requests", "expected"),
    [
        pytest.param(1, 10, 0.39416, id="one of ten"),
        pytest.param(2, 100, 0.06162, id="two of a hundred"),
        pytest.param(10, 10, 1.0, id="all"),
        pytest.param(0, 0, 1.0, id="of nothing"),
    ],
)
def test_it_is_what_tables_have(lost: int, requests: int, expected: float) -> None:
    """The one-sided 95 % bounds of Clopper and Pearson."""
    assert upper(lost, requests) == pytest.approx(expected, abs=1e-5)
