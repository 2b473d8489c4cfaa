"""Loops: what runs when, and what a failure does to the others."""

import threading

import pytest

from tests.cluster.waiting import eventually
from webhook.control.duty import FIRST_RETRY, LAST_RETRY, Loop
from webhook.control.metrics import Metrics
from webhook.core.errors import OperatorError


class Task:
    """A duty that gives or raises what it is told to, and counts its runs."""

    def __init__(self, name: str, outcome: float | Exception) -> None:
        self.name, self.outcome, self.runs = name, outcome, 0

    def run(self) -> float:
        """Do it."""
        self.runs += 1
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


def loop(*tasks: Task) -> tuple[Loop, Metrics]:
    metrics = Metrics()
    return Loop(tasks, lambda: True, metrics), metrics


def test_the_one_that_wants_to_look_again_first_says_when() -> None:
    made, _ = loop(Task("a", 60), Task("b", 5))
    assert made.turn() == 5


@pytest.mark.parametrize("fault", [OperatorError("known"), ValueError("ours")])
def test_a_duty_that_fails_is_counted_and_tried_again_ever_more_slowly(fault: Exception) -> None:
    failing, other = Task("a", fault), Task("b", 60)
    made, metrics = loop(failing, other)
    pauses = [made.turn() for _ in range(6)]
    assert pauses == [FIRST_RETRY, 0.4, 0.8, 1.6, LAST_RETRY, LAST_RETRY]
    assert other.runs == 6
    text = metrics.render().decode()
    assert 'gpuclass_controller_runs_total{done="false",duty="a"} 6.0' in text
    assert 'gpuclass_controller_runs_total{done="true",duty="b"} 6.0' in text
    failing.outcome = 60
    assert made.turn() == 60
    failing.outcome = fault
    assert made.turn() == FIRST_RETRY


def test_a_duty_that_wants_to_look_at_once_does_though_another_fails() -> None:
    made, _ = loop(Task("a", OperatorError("x")), Task("b", 0))
    assert made.turn() == 0


def test_a_loop_runs_at_its_bell_until_it_is_ended() -> None:
    task = Task("a", 3600)
    made, _ = loop(task)
    thread = threading.Thread(target=made.run)
    thread.start()
    eventually(lambda: task.runs == 1, "the first run")
    made.ring()
    eventually(lambda: task.runs == 2, "the run after the bell")
    made.end()
    thread.join(60)
    assert not thread.is_alive()


def test_whoever_may_not_act_does_nothing_until_it_may_again() -> None:
    """A lease that is renewed late is a leader's still, and nobody else does its duties."""
    task, runs = Task("a", 0), []
    answers = iter([False, True, False, False, True])

    def may_act() -> bool:
        runs.append(task.runs)
        answer = next(answers, None)
        if answer is None:
            made.end()
        return bool(answer)

    made = Loop([task], may_act, Metrics())
    made.run()
    assert runs == [0, 0, 1, 1, 1, 2]


def test_a_loop_that_is_ended_before_it_runs_does_nothing() -> None:
    task = Task("a", 0)
    made, _ = loop(task)
    made.end()
    made.run()
    assert task.runs == 0
