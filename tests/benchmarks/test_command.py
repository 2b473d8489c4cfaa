"""Arms take turns."""

import itertools

from benchmarks import command


def test_every_second_round_goes_backwards_through_the_arms() -> None:
    moments = itertools.count(1)
    found = command.by_turns({"x": ("a", "b"), "y": ("c",)}, 2, lambda *_: next(moments))
    assert found == {"x": {"a": [1, 5], "b": [2, 4]}, "y": {"c": [3, 6]}}
