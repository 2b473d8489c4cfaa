"""The command: `python -m benchmarks.growth [--quick] [--only reviews]`."""

import argparse
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from platform import python_version

from benchmarks import command, plot, programs
from benchmarks.growth import compilation, handshake, incluster, pods, reviews, served, table
from benchmarks.growth.report import Report, Section
from benchmarks.page import DOCS, publish
from benchmarks.report import write as encode
from tests.cluster.binaries import KUBERNETES_VERSION

COMMAND = "make bench-growth"
MOST = 4.0
"""Where the scale of the plot ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much is measured: rounds in this process and of servers, their seconds, starts."""

    rounds: int
    server_rounds: int
    seconds: float
    starts: int


DEFAULT = Plan(rounds=9, server_rounds=5, seconds=2.0, starts=10)
QUICK = Plan(rounds=2, server_rounds=1, seconds=0.6, starts=2)

PARTS: Mapping[str, Callable[[Plan], Iterable[Section]]] = {
    "reviews": lambda plan: [reviews.section(plan.rounds)],
    "pods": lambda plan: pods.sections(plan.rounds),
    "served": lambda plan: [served.reviews(plan.server_rounds, plan.seconds)],
    "connections": lambda plan: [served.connections(plan.server_rounds, plan.seconds)],
    "handshake": lambda plan: [handshake.section(plan.rounds)],
    "compilation": lambda plan: [compilation.section(plan.rounds)],
    "cluster": lambda plan: incluster.sections(plan.starts),
}


@command.ends("benchmarks.growth")
def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the tables, write JSON, plot and page; give the exit code, 1 above a limit."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth", description=__doc__)
    command.add_flags(parser, "two minutes")
    parser.add_argument("--only", choices=PARTS, action="append", help="a part; it writes nothing")
    args = parser.parse_args(arguments)
    output = args.output or (None if args.quick or args.only else DOCS)
    found = run(QUICK if args.quick else DEFAULT, args.only or tuple(PARTS))
    sys.stdout.write(f"{table.render(found)}\n")
    if output:
        write(found, output)
    return int(any(each.broken for each in found.sections))


def run(plan: Plan, parts: Iterable[str]) -> Report:
    """Measure part by part."""
    return Report(
        date=datetime.now(UTC).date().isoformat(),
        rounds=plan.rounds,
        versions={
            "Kubernetes": KUBERNETES_VERSION,
            "gpuclass": version("gpuclass"),
            "Python": python_version(),
            "Go": programs.go_version(programs.find().server),
        },
        sections=[*_measured(plan, parts)],
    )


def _measured(plan: Plan, parts: Iterable[str]) -> Iterator[Section]:
    for name in parts:
        began = time.monotonic()
        yield from PARTS[name](plan)
        command.say(f"{name}: {time.monotonic() - began:.0f} s")


def write(found: Report, output: Path) -> None:
    """Write growth.json and growth.svg, and the tables in benchmarks.md."""
    title = f"CPU of a review, as a multiple of one beside one class ({found.date})"
    drawn = plot.draw(title, table.groups(found), MOST)
    files = {"growth.json": encode(found), "growth.svg": drawn.encode()}
    publish(output, COMMAND, files, table.page(found))


if __name__ == "__main__":
    sys.exit(main())
