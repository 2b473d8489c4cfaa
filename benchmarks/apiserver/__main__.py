"""The command: `python -m benchmarks.apiserver [--quick]`."""

import argparse
import sys
from collections.abc import Sequence
from contextlib import nullcontext
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
from benchmarks.command import Plan, add_flags, by_turns, ends, say
from benchmarks.page import DOCS, publish
from benchmarks.report import write as encode
from benchmarks.servers import cores
from tests.cluster.binaries import ETCD_VERSION, KUBERNETES_VERSION, find

COMMAND = "make bench-apiserver"
MOST = 6.0
"""Where the scale of the plot ends."""


DEFAULT = Plan(rounds=8, warmup=0.3, seconds=1.6)
"""Many short rounds: what other programs do meanwhile falls on few of them."""
QUICK = Plan(rounds=1, warmup=0.2, seconds=0.6)


@ends("benchmarks.apiserver")
def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the tables, write JSON, plot and page; give the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.apiserver", description=__doc__)
    add_flags(parser, "a minute")
    args = parser.parse_args(arguments)
    output = args.output or (None if args.quick else DOCS)
    found = run(QUICK if args.quick else DEFAULT)
    sys.stdout.write(f"{table.render(found)}\n")
    if output:
        write(found, output)
    return 0


def run(plan: Plan, situations: Sequence[Situation] = SITUATIONS) -> Report:
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
        # One situation after another: what the pods of one leave to be collected is not another's.
        measured: dict[Situation, dict[str, list[Sample]]] = {}
        for each in situations:
            say(f"{each.title} ...")
            measured |= by_turns({each: each.arms}, plan.rounds, lambda: nullcontext(load.run))
    return _report(plan, measured, calls, programs.go_version(built.server))


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
