"""Arms take turns."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from benchmarks import command


def test_every_second_round_goes_backwards_through_the_arms() -> None:
    moments, blocks = itertools.count(1), []

    @contextmanager
    def begin() -> Iterator[Callable[[str, str], int]]:
        blocks.append(next(moments))
        yield lambda *_: next(moments)

    found = command.by_turns({"x": ("a", "b"), "y": ("c",)}, 2, begin)
    assert blocks == [1, 5]
    assert found == {"x": {"a": [2, 7], "b": [3, 6]}, "y": {"c": [4, 8]}}
