"""How often the same is written to a node: where it does not stay, ever more seldom."""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from webhook.core.rules.node_marks import Marks

PATIENCE = 3
"""Writes of the same marks to one node before it is left alone for a while."""
LONGEST_WAIT = 300.0
"""Seconds that a node whose marks do not stay is left alone at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What was written to a node last, when, and for which time in a row."""

    marks: Marks
    at: float
    times: int = 1

    @property
    def wait(self) -> float:
        """Give the seconds until the same may be written again."""
        return 0.0 if self.times < PATIENCE else min(2.0 ** (self.times - 2), LONGEST_WAIT)


class Patience:
    """Remembers what was written to which node."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Take a monotonic clock."""
        self._clock = clock
        self._attempts: dict[str, Attempt] = {}

    def keep(self, names: Collection[str]) -> None:
        """Forget all nodes but these."""
        self._attempts = {name: each for name, each in self._attempts.items() if name in names}

    def wait(self, name: str, marks: Marks) -> float:
        """Give the seconds until the same may be written to a node again."""
        last = self._attempts.get(name)
        if last is None or last.marks != marks:
            return 0.0
        return max(last.at + last.wait - self._clock(), 0.0)

    def tried(self, name: str, marks: Marks) -> bool:
        """Take note of a write; tell whether it is the one after which patience ends."""
        now, last = self._clock(), self._attempts.get(name)
        is_same = last is not None and last.marks == marks and now - last.at < 2 * LONGEST_WAIT
        times = last.times + 1 if last and is_same else 1
        self._attempts[name] = Attempt(marks=marks, at=now, times=times)
        return times == PATIENCE
