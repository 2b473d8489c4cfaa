"""Waiting for what a control plane does in its own time."""

import time
from collections.abc import Callable
from typing import TypeVar

POLL_SECONDS = 0.05
PATIENCE_SECONDS = 180
"""So long that it tells nothing of the machine: what takes seconds took two minutes on one that was
shared by twenty.
"""

Value = TypeVar("Value")


def eventually(ask: Callable[[], Value], what: str, seconds: float = PATIENCE_SECONDS) -> Value:
    """Ask until the answer is true and give it; raise AssertionError naming `what` after that."""
    deadline = time.monotonic() + seconds
    while not (answer := ask()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what} (last answer: {answer!r})")
        time.sleep(POLL_SECONDS)
    return answer
