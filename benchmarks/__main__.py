"""The command: `python -m benchmarks [--quick]`."""

import argparse
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from platform import python_version
from tempfile import TemporaryDirectory

from benchmarks import agreement, figures, plot, programs, report, samples, table
from benchmarks.errors import BenchmarkError
from benchmarks.measure import Load, Sample
from benchmarks.page import DOCS, publish, say
from benchmarks.scenarios import SCENARIOS, UNLIKE, Scenario
from benchmarks.servers import GO, LEAN, PYTHON, Cores, Server, cores, running, write_inputs
from webhook.core.errors import GpuclassError

ARMS = (PYTHON, GO, LEAN)
COMMAND = "make bench"
PYTHON_PACKAGES = ("gpuclass", "gunicorn", "uvicorn", "uvloop", "httptools", "msgspec")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much is measured: rounds, and seconds of each run."""

    rounds: int
    warmup: float
    seconds: float


DEFAULT = Plan(rounds=4, warmup=0.5, seconds=2.75)
QUICK = Plan(rounds=2, warmup=0.2, seconds=0.8)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the tables, write JSON and plot; give the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="40 s, to see that it works")
    parser.add_argument("--output", type=Path, help="folder of benchmarks.md and benchmarks (docs)")
    args = parser.parse_args(arguments)
    output = args.output or (None if args.quick else DOCS)
    try:
        found = run(QUICK if args.quick else DEFAULT)
        sys.stdout.write(f"{table.render(found)}\n")
        if output:
            write(found, output)
    except (BenchmarkError, GpuclassError, OSError) as error:
        sys.stderr.write(f"benchmarks: {error}\n")
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


def run(plan: Plan) -> report.Report:
    """Start the servers, see that they agree, measure them and end them."""
    chosen, built = cores(), programs.find()
    reviews, unlike = samples.reviews(), samples.unlike()
    # The servers' guardian removes the folder too, should this process be killed.
    with TemporaryDirectory(prefix="gpuclass-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        write_inputs(folder)
        samples.write(folder / "bodies", reviews)
        samples.write(folder / "bodies" / UNLIKE, unlike)
        load = _load(built, folder, chosen, plan)
        with running(ARMS, built, folder, chosen.server) as servers:
            asked = {**reviews, **dict(islice(unlike.items(), 10))}
            agreement.check(servers.values(), asked, folder / "ca.crt")
            say(f"{len(servers)} servers agree about {len(asked)} reviews; measuring ...")
            measured = _measure(plan, load, servers)
    return _report(plan, measured, built)


def _load(built: programs.Programs, folder: Path, chosen: Cores, plan: Plan) -> Load:
    return Load(
        program=built.load,
        bodies=folder / "bodies",
        certificate=folder / "tls.crt",
        cores=chosen,
        warmup=plan.warmup,
        seconds=plan.seconds,
    )


def _measure(
    plan: Plan, load: Load, servers: Mapping[str, Server]
) -> dict[Scenario, dict[str, list[Sample]]]:
    """Measure every arm in every scenario, a round after another, the arms in turn.

    Every second round goes through the arms backwards, so that none is always the first.
    """
    found: dict[Scenario, dict[str, list[Sample]]] = {
        scenario: {name: [] for name in servers} for scenario in SCENARIOS
    }
    started = time.monotonic()
    for number in range(plan.rounds):
        for scenario in SCENARIOS:
            for name in list(servers)[:: -1 if number % 2 else 1]:
                found[scenario][name].append(load.run(servers[name], scenario))
        say(f"round {number + 1} of {plan.rounds}, {time.monotonic() - started:.0f} s")
    return found


def _report(
    plan: Plan, measured: Mapping[Scenario, Mapping[str, list[Sample]]], built: programs.Programs
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
