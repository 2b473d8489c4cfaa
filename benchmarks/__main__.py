"""The command: `python -m benchmarks [--quick]`."""

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from platform import python_version
from tempfile import TemporaryDirectory

from benchmarks import agreement, command, figures, plot, programs, report, samples, table
from benchmarks.measure import Load, Sample
from benchmarks.page import DOCS, publish
from benchmarks.scenarios import SCENARIOS, UNLIKE, Scenario
from benchmarks.servers import (
    GO,
    LEAN,
    PYTHON,
    Server,
    cores,
    guarded,
    named,
    started,
    write_inputs,
)

ARMS = (PYTHON, GO, LEAN)
COMMAND = "make bench"
PYTHON_PACKAGES = ("gpuclass", "gunicorn", "uvicorn", "uvloop", "httptools", "msgspec")


DEFAULT = command.Plan(rounds=8, warmup=0.4, seconds=1.75)
QUICK = command.Plan(rounds=2, warmup=0.2, seconds=0.8)


@command.ends("benchmarks")
def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the tables, write JSON and plot; give the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    command.add_flags(parser, "40 s")
    args = parser.parse_args(arguments)
    output = args.output or (None if args.quick else DOCS)
    found = run(QUICK if args.quick else DEFAULT)
    sys.stdout.write(f"{table.render(found)}\n")
    if output:
        write(found, output)
    return 0


def run(plan: command.Plan) -> report.Report:
    """See that the servers agree, and measure them, in each round new ones.

    How a process happens to lie in memory makes it faster or slower for as long as it lives.
    """
    chosen, built = cores(), programs.find()
    reviews, unlike = samples.reviews(), samples.unlike()
    # The servers' guardian removes the folder too, should this process be killed.
    with TemporaryDirectory(prefix="gpuclass-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        write_inputs(folder)
        samples.write(folder / "bodies", reviews)
        samples.write(folder / "bodies" / UNLIKE, unlike)
        load = Load(
            program=built.load,
            folder=folder,
            cores=chosen,
            warmup=plan.warmup,
            seconds=plan.seconds,
        )
        with guarded(folder) as guardian:
            start = partial(started, named(ARMS, built, folder), folder, chosen.server, guardian)
            asked = {**reviews, **dict(islice(unlike.items(), 10))}
            with start() as servers:
                agreement.check(servers.values(), asked, folder / "ca.crt")
            command.say(f"{len(ARMS)} servers agree about {len(asked)} reviews; measuring ...")
            arms = dict.fromkeys(SCENARIOS, ARMS)
            measured = command.by_turns(arms, plan.rounds, partial(_round, load, start))
    return _report(plan, measured, built)


@contextmanager
def _round(
    load: Load, start: Callable[[], AbstractContextManager[Mapping[str, Server]]]
) -> Iterator[Callable[[str, Scenario], Sample]]:
    with start() as servers:
        yield lambda arm, scenario: _lasting(load, scenario).run(servers[arm], scenario)


def _lasting(load: Load, scenario: Scenario) -> Load:
    return replace(load, seconds=load.seconds * scenario.longer)


def _report(
    plan: command.Plan,
    measured: Mapping[Scenario, Mapping[str, list[Sample]]],
    built: programs.Programs,
) -> report.Report:
    return report.Report(
        date=datetime.now(UTC).date().isoformat(),
        rounds=plan.rounds,
        seconds=plan.seconds,
        base=GO,
        versions={
            "Python": python_version(),
            **{name: version(name) for name in PYTHON_PACKAGES},
            "Go": programs.go_version(built.server),
        },
        outcomes=[
            report.outcome(scenario, figures.figures(found), figures.ratios(found, GO))
            for scenario, found in measured.items()
        ],
    )


def write(found: report.Report, output: Path) -> None:
    """Write server.json and server.svg, and the table in benchmarks.md."""
    drawn = plot.render(found, PYTHON)
    files = {"server.json": report.write(found), "server.svg": drawn.encode()}
    publish(output, COMMAND, files, table.page(found, PYTHON))


if __name__ == "__main__":
    sys.exit(main())
