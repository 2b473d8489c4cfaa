"""Calls are timed in turn, at least once each; a handshake in memory is one."""

from benchmarks.growth import handshake
from benchmarks.growth.timing import measure, once


def test_a_call_is_made_at_least_once() -> None:
    made: list[int] = []
    assert once(lambda: made.append(1), 0) >= 0
    assert made == [1]


def test_every_round_makes_each_call_and_the_first_round_does_not_count() -> None:
    made: list[str] = []
    found = measure({"a": lambda: made.append("a"), "b": lambda: made.append("b")}, 2, 0)
    assert made == ["a", "b"] * 3
    assert {name: len(spent) for name, spent in found.items()} == {"a": 2, "b": 2}


def test_a_handshake_is_measured_with_and_without_tickets() -> None:
    found = handshake.section(rounds=1)
    assert found.columns == (handshake.SERVED, handshake.TICKETS)
    assert all(each.median > 0 for each in found.rows[0].figures.values())
