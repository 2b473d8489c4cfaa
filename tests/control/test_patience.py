"""The same is written to a node ever more seldom."""

from webhook.control.patience import LONGEST_WAIT, PATIENCE, Patience
from webhook.core.rules.node_marks import Marks

ONE, OTHER = Marks(labels={"a": "b"}), Marks(labels={"a": "c"})


class Clock:
    """A clock that a test turns."""

    now = 0.0

    def __call__(self) -> float:
        """Give the moment."""
        return self.now


def test_the_same_is_written_at_once_a_few_times_and_then_ever_more_seldom() -> None:
    clock = Clock()
    patience = Patience(clock)
    waits, ended = [], []
    for _ in range(14):
        ended.append(patience.tried("n", ONE))
        waits.append(patience.wait("n", ONE))
        clock.now += waits[-1]
    assert waits[:6] == [0, 0, 2, 4, 8, 16]
    assert waits[-1] == LONGEST_WAIT
    assert [index + 1 for index, each in enumerate(ended) if each] == [PATIENCE]


def test_something_else_another_node_and_a_long_time_begin_anew() -> None:
    clock = Clock()
    patience = Patience(clock)
    for _ in range(PATIENCE):
        patience.tried("n", ONE)
    assert patience.wait("n", ONE) == 2
    assert patience.wait("n", OTHER) == 0
    assert patience.wait("m", ONE) == 0
    clock.now = 2 * LONGEST_WAIT
    assert not patience.tried("n", ONE)
    assert patience.wait("n", ONE) == 0


def test_nodes_that_are_gone_are_forgotten() -> None:
    patience = Patience(Clock())
    for _ in range(PATIENCE):
        patience.tried("n", ONE)
    patience.keep(["m"])
    assert patience.wait("n", ONE) == 0
