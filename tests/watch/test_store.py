"""Stores: what is a change, and what lingers."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from webhook.watch.store import Store

X, Y = ("", "x"), ("", "y")


@dataclass
class Clock:
    """A clock that stands still until a test moves it."""

    now: float = 100.0

    def __call__(self) -> float:
        """Give the time."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(clock: Clock) -> Store[str]:
    found = Store[str](0.5, clock)
    found.replace({X: "red"})
    return found


CHANGES: dict[str, tuple[Callable[[Store[str]], bool], bool, dict[tuple[str, str], str]]] = {
    "another object": (lambda store: store.put(Y, "blue"), True, {X: "red", Y: "blue"}),
    "another value": (lambda store: store.put(X, "blue"), True, {X: "blue"}),
    "the same value": (lambda store: store.put(X, "red"), False, {X: "red"}),
    "the same list": (lambda store: store.replace({X: "red"}), False, {X: "red"}),
    "another list": (lambda store: store.replace({Y: "red"}), True, {X: "red", Y: "red"}),
    "a deletion": (lambda store: store.remove(X), True, {X: "red"}),
    "a deletion of nothing": (lambda store: store.remove(Y), False, {X: "red"}),
}


@pytest.mark.parametrize(("change", "is_one", "items"), CHANGES.values(), ids=CHANGES)
def test_a_change_is_told_from_none(
    store: Store[str],
    change: Callable[[Store[str]], bool],
    is_one: bool,
    items: dict[tuple[str, str], str],
) -> None:
    assert change(store) is is_one
    assert store.items() == items


def test_what_was_deleted_lingers_for_a_while(store: Store[str], clock: Clock) -> None:
    store.remove(X)
    clock.now += 0.4
    assert len(store) == 0
    assert store.items() == {X: "red"}
    assert store.is_lingering
    clock.now += 0.1
    assert store.items() == {}
    assert not store.is_lingering


def test_what_comes_back_stays(store: Store[str], clock: Clock) -> None:
    store.remove(X)
    store.put(X, "blue")
    clock.now += 9
    assert store.items() == {X: "blue"}


def test_what_a_new_list_brings_back_stays(store: Store[str], clock: Clock) -> None:
    store.replace({})
    store.replace({X: "blue"})
    assert not store.is_lingering
    clock.now += 9
    assert store.items() == {X: "blue"}


def test_each_deletion_counts_from_its_own_moment(store: Store[str], clock: Clock) -> None:
    store.remove(X)
    clock.now += 0.4
    store.put(X, "blue")
    store.remove(X)
    clock.now += 0.4
    assert store.items() == {X: "blue"}


def test_a_store_need_not_let_anything_linger(clock: Clock) -> None:
    store = Store[str](0.0, clock)
    store.put(X, "red")
    store.remove(X)
    assert store.items() == {}
    assert not store.is_lingering


def test_what_was_read_does_not_change(store: Store[str]) -> None:
    before = store.items()
    store.put(Y, "blue")
    assert before == {X: "red"}
