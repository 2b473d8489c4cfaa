"""How the commands of the benchmarks are asked, what they say meanwhile, and how they end."""

import argparse
import functools
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import ParamSpec, TypeVar

from benchmarks.errors import BenchmarkError
from tests.cluster.access import KubectlError
from tests.cluster.api import ApiError
from tests.cluster.gobuild import BinariesUnavailable
from tests.cluster.process import ComponentFailed
from webhook.core.errors import GpuclassError

P = ParamSpec("P")
Case = TypeVar("Case")
Result = TypeVar("Result")

FAILURES = (
    *(ApiError, BenchmarkError, BinariesUnavailable, ComponentFailed, GpuclassError),
    *(KubectlError, OSError),
)
"""What is told in a line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much is measured: rounds, and the seconds of each run in them, warm-up apart."""

    rounds: int
    warmup: float
    seconds: float


def add_flags(parser: argparse.ArgumentParser, quick: str) -> None:
    """Add the flags of a command that publishes; `quick` says how long a quick run takes."""
    parser.add_argument("--quick", action="store_true", help=f"{quick}, to see that it works")
    parser.add_argument("--output", type=Path, help="folder of benchmarks.md and benchmarks (docs)")


def ends(name: str) -> Callable[[Callable[P, int]], Callable[P, int]]:
    """Have a `main` end with 2 and a line for what is known to fail, with 130 if interrupted."""

    def decorate(main: Callable[P, int]) -> Callable[P, int]:
        @functools.wraps(main)
        def run(*args: P.args, **kwargs: P.kwargs) -> int:
            try:
                return main(*args, **kwargs)
            except FAILURES as error:
                sys.stderr.write(f"{name}: {error}\n")
                return 2
            except KeyboardInterrupt:
                return 130

        return run

    return decorate


def by_turns(
    arms: Mapping[Case, Sequence[str]],
    rounds: int,
    begin: Callable[[], AbstractContextManager[Callable[[str, Case], Result]]],
) -> dict[Case, dict[str, list[Result]]]:
    """Run every arm of every case, a round after another, and say how far it is.

    `begin` gives for each round what runs an arm of a case. Every second one goes through the arms
    backwards, so that none is always the first.
    """
    found: dict[Case, dict[str, list[Result]]] = {
        case: {arm: [] for arm in names} for case, names in arms.items()
    }
    started = time.monotonic()
    for number in range(rounds):
        with begin() as run:
            for case, names in arms.items():
                for arm in names[:: -1 if number % 2 else 1]:
                    found[case][arm].append(run(arm, case))
        say(f"round {number + 1} of {rounds}, {time.monotonic() - started:.0f} s")
    return found


def say(line: str) -> None:
    """Say how far a run is, beside what it prints."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
