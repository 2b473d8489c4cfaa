"""What one look at all nodes finds and does: which are due, and what became of them."""

from dataclasses import dataclass, field
from enum import Enum, auto

from webhook.core.rules.node_marks import Marks, Standing

LONGEST_PAUSE = 60.0
"""Seconds until the next look at what should be well."""


class Result(Enum):
    """What came of a write."""

    WRITTEN = auto()
    UNNEEDED = auto()
    FAILED = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A node that is to be written."""

    name: str
    before: Marks
    after: Marks
    standing: Standing


@dataclass(slots=True)
class Turn:
    """What one look at all nodes found: names by what became of them."""

    marked: dict[str, list[str]] = field(default_factory=dict)
    released: dict[str, list[str]] = field(default_factory=dict)
    rivals: dict[str, str] = field(default_factory=dict)
    claimed: int = 0
    waiting: int = 0
    pause: float = LONGEST_PAUSE

    def wait(self, standing: Standing, seconds: float) -> None:
        """Take note of a node that is not what it should be, and when to look again."""
        self.waiting += standing.claim is not None
        self.pause = min(self.pause, seconds)

    def note(self, due: Due) -> None:
        """Take note of a node that was written."""
        claim, record = due.standing.claim, due.before.record
        if claim is not None:
            self.marked.setdefault(claim.pool.name, []).append(due.name)
        elif record is not None:
            self.released.setdefault(record.pool, []).append(due.name)
