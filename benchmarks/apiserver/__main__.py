"""The command: `python -m benchmarks.apiserver [--quick]`."""

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from platform import python_version
from tempfile import TemporaryDirectory

from benchmarks import plot, programs
from benchmarks.apiserver import agreement, pods, stage, table
from benchmarks.apiserver.measure import Calls, Load, Sample
from benchmarks.apiserver.report import Measured, Report, outcome
from benchmarks.apiserver.situations import SITUATIONS, Situation
from benchmarks.errors import BenchmarkError
from benchmarks.page import DOCS, publish, say
from benchmarks.report import write as encode
from benchmarks.servers import cores
from tests.cluster.access import KubectlError
from tests.cluster.api import ApiError
from tests.cluster.binaries import ETCD_VERSION, KUBERNETES_VERSION, find
from tests.cluster.gobuild import BinariesUnavailable
from tests.cluster.process import ComponentFailed
from webhook.core.errors import GpuclassError

COMMAND = "make bench-apiserver"
MOST = 6.0
"""Where the scale of the plot ends."""


FAILURES = (
    *(ApiError, BenchmarkError, BinariesUnavailable, ComponentFailed, GpuclassError),
    *(KubectlError, OSError),
)
"""What is told in a line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much is measured: rounds, the seconds of each run, and in which situations."""

    rounds: int
    warmup: float
    seconds: float
    situations: tuple[Situation, ...] = SITUATIONS


DEFAULT = Plan(rounds=5, warmup=0.2, seconds=0.9)
"""Many short rounds: what other programs do meanwhile falls on few of them."""
QUICK = Plan(rounds=1, warmup=0.2, seconds=0.6)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the tables, write JSON, plot and page; give the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.apiserver", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a minute, to see that it works")
    parser.add_argument("--output", type=Path, help="folder of benchmarks.md and benchmarks (docs)")
    args = parser.parse_args(arguments)
    output = args.output or (None if args.quick else DOCS)
    try:
        found = run(QUICK if args.quick else DEFAULT)
        sys.stdout.write(f"{table.render(found)}\n")
        if output:
            write(found, output)
    except FAILURES as error:
        sys.stderr.write(f"benchmarks.apiserver: {error}\n")
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


def run(plan: Plan) -> Report:
    """Start everything, see that the arms agree, measure them and end them."""
    chosen, built, binaries = cores(), programs.find(), find(say)
    with (
        TemporaryDirectory(prefix="gpuclass-bench-") as folder,
        stage.running(binaries, built, chosen) as running,
    ):
        pods.write(Path(folder))
        counted = Calls(running)
        calls = agreement.check(running, counted)
        say(f"the arms agree about {len(calls)} pods; measuring ...")
        load = Load(
            built=built,
            stage=running,
            calls=counted,
            bodies=Path(folder),
            cores=chosen,
            warmup=plan.warmup,
            seconds=plan.seconds,
        )
        measured = _measure(plan, load)
    return _report(plan, measured, calls, programs.go_version(built.server))


def _measure(plan: Plan, load: Load) -> Measured:
    """Measure every arm in every situation, a round after another, the arms in turn.

    Every second round goes through the arms backwards, so that none is always the first.
    """
    found: dict[Situation, dict[str, list[Sample]]] = {
        each: {arm: [] for arm in each.arms} for each in plan.situations
    }
    started = time.monotonic()
    for number in range(plan.rounds):
        for situation, samples in found.items():
            for arm in situation.arms[:: -1 if number % 2 else 1]:
                samples[arm].append(load.run(arm, situation))
        say(f"round {number + 1} of {plan.rounds}, {time.monotonic() - started:.0f} s")
    return found


def _report(plan: Plan, measured: Measured, calls: agreement.CallsOf, go: str) -> Report:
    return Report(
        date=datetime.now(UTC).date().isoformat(),
        rounds=plan.rounds,
        seconds=plan.seconds,
        versions={
            "Kubernetes": KUBERNETES_VERSION,
            "etcd": ETCD_VERSION,
            "gpuclass": version("gpuclass"),
            "Python": python_version(),
            "Go": go,
        },
        calls=calls,
        outcomes=[outcome(situation, samples) for situation, samples in measured.items()],
    )


def write(found: Report, output: Path) -> None:
    """Write apiserver.json and apiserver.svg, and the tables in benchmarks.md."""
    title = f"p50 of creating a pod, as a multiple of no webhook ({found.date}); less is better"
    drawn = plot.draw(title, table.groups(found), MOST)
    files = {"apiserver.json": encode(found), "apiserver.svg": drawn.encode()}
    publish(output, COMMAND, files, table.page(found))


if __name__ == "__main__":
    sys.exit(main())
