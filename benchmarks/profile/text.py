"""Profiles as text: the tables of a page, and a file with functions besides."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.measure import BUSY
from benchmarks.profile.stacks import PARTS
from benchmarks.table import align

TOP = 20
"""Functions that are named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One server's: samples, CPU time of a review, shares by part and by function.

    `others` is the part of the server's core that other programs used meanwhile.
    """

    name: str
    samples: int
    cpu_us: float
    others: float
    parts: dict[str, float]
    functions: dict[str, float]


def render(profiles: Sequence[Profile], title: str) -> str:
    """Give everything: the parts, then the functions of each server."""
    return "\n\n".join([parts(profiles, title), *map(functions, profiles)]) + "\n"


def parts(profiles: Sequence[Profile], title: str) -> str:
    """Give a table of the parts: share and microseconds a review, for each server."""
    counts = ", ".join(f"{each.name} {each.samples:,}" for each in profiles)
    lines = [f"{title}; 16 connections; samples: {counts}."]
    others = max(each.others for each in profiles)
    if others > BUSY:
        lines.append(f"Other programs used up to {others:.0%} of the server's core.")
    head = ["part", *(cell for each in profiles for cell in (each.name, "us a review"))]
    rows = [[part, *_cells(part, profiles)] for part in PARTS]
    whole = ["all", *(cell for each in profiles for cell in ("100%", f"{each.cpu_us:.0f}"))]
    return "\n".join([*lines, "", align([head, *rows, whole])])


def _cells(part: str, profiles: Sequence[Profile]) -> Iterator[str]:
    for each in profiles:
        share = each.parts[part]
        yield f"{share:.0%}"
        yield f"{share * each.cpu_us:.0f}"


def functions(profile: Profile) -> str:
    """Give a table of the functions that take most time of their own."""
    top = list(profile.functions.items())[:TOP]
    rows = [(name, f"{share:.1%}") for name, share in top]
    return align([(f"function of {profile.name}", "own share"), *rows])
