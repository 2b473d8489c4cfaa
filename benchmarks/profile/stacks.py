"""From sampled stacks to parts of the work and functions, each with its own share.

A sample belongs to the innermost part that it is in: a decision that is taken while something is
received is a decision. Frames are as py-spy has them, `decide (webhook/core/decide.py:50)`; what is
done in C belongs to the Python function that asked for it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TypeAlias

Stack: TypeAlias = tuple[str, ...]
"""Frames from the outermost to the innermost."""

GLUE = "event loop, and what holds the parts together"
PARTS: Mapping[str, tuple[str, ...]] = {
    "reading and writing the AdmissionReview": ("(webhook/core/review.py",),
    "the decision": ("(webhook/core/",),
    "recording: the log's line and metrics": (
        "(webhook/serve/observer.py",
        "(webhook/serve/metrics.py",
        "(webhook/process/logs.py",
        "(prometheus_client/",
    ),
    "sending: the answer's head, TLS, the socket": (
        "RequestResponseCycle.send (",
        "_send (webhook/serve/asgi.py",
        "headers_of (webhook/serve/asgi.py",
        "rendered (webhook/serve/direct.py",
        "_answer_review (webhook/serve/protocol.py",
        "SSLObject.write (",
    ),
    "receiving: TLS, HTTP, deadlines": (
        "(webhook/serve/protocol.py",
        "(webhook/serve/bounds.py",
        "(webhook/serve/head.py",
        "(webhook/serve/direct.py",
        "(webhook/serve/guard.py",
        "HttpToolsProtocol.",
        "SSLObject.read (",
    ),
    GLUE: ("(webhook/serve/", "RequestResponseCycle."),
}
"""Parts by what is in a frame of theirs; the first that fits counts."""

_OTHER_THREAD = "Thread._bootstrap "


def read(text: str) -> Counter[Stack]:
    """Read lines of `frame;frame;frame count`; leave out threads beside the main one."""
    found: Counter[Stack] = Counter()
    for line in text.splitlines():
        frames, _, count = line.rpartition(" ")
        if not frames.startswith(_OTHER_THREAD):
            found[tuple(frames.split(";"))] += int(count)
    return found


def shares(stacks: Mapping[Stack, int]) -> dict[str, float]:
    """Give the share of each part, in the order of the table."""
    return _shares(dict.fromkeys(PARTS, 0), ((part(stack), n) for stack, n in stacks.items()))


def functions(stacks: Mapping[Stack, int]) -> dict[str, float]:
    """Give the own share of each function, the greatest first."""
    found = _shares({}, ((_function(stack[-1]), count) for stack, count in stacks.items()))
    return dict(sorted(found.items(), key=lambda each: -each[1]))


def part(stack: Stack) -> str:
    """Give the part that a stack is in."""
    for frame in reversed(stack):
        for name, marks in PARTS.items():
            if any(mark in frame for mark in marks):
                return name
    return GLUE


def _function(frame: str) -> str:
    """Give a frame without its line: `decide (webhook/core/decide.py)`."""
    name, _, _ = frame.rpartition(":")
    return f"{name})" if name else frame


def _shares(start: Mapping[str, int], counts: Iterable[tuple[str, int]]) -> dict[str, float]:
    found = Counter(start)
    for name, count in counts:
        found[name] += count
    total = found.total()
    return {name: count / total for name, count in found.items()}
