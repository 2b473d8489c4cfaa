"""A page of commands with their answers: read, run, and compared.

A command is a line of a `console` block that begins with `$ `; what follows is its answer. In an
answer `...` stands for any lines, or within a line for any text; what differs from run to run is
brought to one form on both sides.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_BLOCK = re.compile(r"(?ms)^```console\n(.*?)^```$")
_VOLATILE = (
    (re.compile(r"\S+_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "HOLDER"),
    (re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\S*"), "TIME"),
    (re.compile(r"[A-Z][a-z]{2} +\d+ \d\d:\d\d:\d\d \d{4} GMT"), "TIME"),
    (re.compile(r"\b([0-9]+[dhms])+\b"), "AGE"),
    (re.compile(r"\b[0-9a-f]{12}\b"), "REVISION"),
    (re.compile(r"-[0-9a-z]{8,10}-[0-9a-z]{5}\b"), "-HASH"),
    (re.compile(r"-[0-9bcdf-hj-np-tv-z]{8,10}\b"), "-HASH"),
    (re.compile(r"[ \t]+"), " "),
)
"""What no two runs have alike: the holder of a Lease, times, ages, revisions, names of pods."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command as it is typed, and its answer, line by line."""

    text: str
    answer: tuple[str, ...]


def commands(page: str) -> Iterator[Command]:
    """Give the commands of a page, in order."""
    for block in _BLOCK.findall(page):
        head, *parts = re.split(r"(?m)^\$ ", block)
        if head:
            raise ValueError(f"an answer without a command: {head!r}")
        for part in parts:
            text, *answer = part.splitlines()
            yield Command(text=text, answer=tuple(answer))


def is_like(expected: Sequence[str], found: Sequence[str]) -> bool:
    """Tell whether an answer is the expected one, with what that leaves out."""
    pattern = "".join(map(_pattern, expected))
    return re.fullmatch(pattern, "".join(f"{_plain(line)}\n" for line in found)) is not None


def _pattern(line: str) -> str:
    if line.strip() == "...":
        return r"(?:.*\n)*?"
    return f"{re.escape(_plain(line)).replace(re.escape('...'), '.*?')}\n"


def _plain(line: str) -> str:
    for volatile, form in _VOLATILE:
        line = volatile.sub(form, line)
    return line.strip()
