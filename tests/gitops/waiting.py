"""Waiting for what takes several rounds: Argo CD looks, applies, and tries again."""

from collections.abc import Callable
from typing import TypeVar

from tests.cluster import waiting

PATIENCE_SECONDS = 900
"""Its retries are half a minute apart, and a busy machine makes minutes of each."""

Value = TypeVar("Value")


def eventually(ask: Callable[[], Value], what: str) -> Value:
    """Ask until the answer is true and give it; AssertionError names `what` after that."""
    return waiting.eventually(ask, what, PATIENCE_SECONDS)
