"""The command: `python -m benchmarks.compare BASE [--threshold 3] [--rounds N] [--quick]`."""

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import agreement, table
from benchmarks.command import Plan, ends, say
from benchmarks.compare import trees, verdicts
from benchmarks.compare.bench import Bench, prepare, serving
from benchmarks.compare.intervals import least
from benchmarks.compare.rounds import CHOSEN, Both, Round, cost, in_process, wire
from benchmarks.errors import BenchmarkError
from benchmarks.measure import BUSY
from benchmarks.plot import SHOWN
from benchmarks.servers import guarded
from tests.cluster.guardian import Guardian

LEAST_ROUNDS = least(verdicts.ERROR / (len(CHOSEN) * len(SHOWN) + 1))
"""Fewer say nothing of so many measures."""


DEFAULT = Plan(rounds=16, warmup=0.2, seconds=0.8)
QUICK = Plan(rounds=LEAST_ROUNDS, warmup=0.1, seconds=0.2)


@ends("benchmarks.compare")
def main(arguments: Sequence[str] | None = None, root: Path = trees.ROOT) -> int:
    """Compare and print; 1 when this tree is slower by more than the threshold, 2 on errors."""
    args = _parser().parse_args(arguments)
    times = QUICK if args.quick else DEFAULT
    plan = Plan(rounds=args.rounds or times.rounds, warmup=times.warmup, seconds=times.seconds)
    threshold = args.threshold / 100
    commit = trees.resolve(args.base, root)
    found = verdicts.find(verdicts.by_measure(each.pairs for each in run(commit, plan, root)))
    sys.stdout.write(f"{table.align(verdicts.rows(found))}\n\n")
    sys.stdout.write(f"{verdicts.summary(found, commit, threshold)}\n")
    return int(bool(verdicts.slower(found, threshold)))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.compare",
        description="Say whether this tree's server is slower than another commit's.",
        epilog="exit codes: 1 when it certainly is by more than the threshold, 2 on errors",
    )
    parser.add_argument("base", metavar="BASE", help="a commit, as git names it")
    parser.add_argument(
        "--threshold", type=float, default=3, metavar="PERCENT", help="what may be lost (3)"
    )
    parser.add_argument(
        "--rounds", type=_rounds, help=f"more show smaller differences ({DEFAULT.rounds})"
    )
    parser.add_argument("--quick", action="store_true", help="a minute, to see that it works")
    return parser


def _rounds(text: str) -> int:
    if not text.isdecimal() or int(text) < LEAST_ROUNDS:
        raise argparse.ArgumentTypeError(f"{LEAST_ROUNDS} or more, or they show nothing")
    return int(text)


def run(commit: str, plan: Plan, root: Path) -> list[Round]:
    """Unpack the commit, and measure its server and this tree's."""
    prefix = "gpuclass-compare-"
    with (
        TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True) as name,
        guarded(Path(name)) as guardian,
    ):
        if trees.is_changed(root):
            say("this tree has changes that are in no commit: they are measured too")
        both = trees.other(commit, Path(name), say, root), trees.this(root)
        bench = prepare(Path(name), both[0].root / "policies")
        _look(both, bench, guardian)
        parts = [wire(both, bench, bench.load(plan.warmup, plan.seconds), guardian)]
        if _has_cost(both, bench):
            parts.append(in_process(both, bench))
        return _collect(parts, plan.rounds)


def _collect(parts: Sequence[Iterator[Round]], count: int) -> list[Round]:
    """Take so many rounds of each part by turns; tell how far it is, and who was in the way."""
    found: list[Round] = []
    began = time.monotonic()
    for number, each in enumerate(islice(zip(*parts, strict=True), count), start=1):
        found.extend(each)
        say(f"round {number} of {count}, {time.monotonic() - began:.0f} s")
    others = max(each.others for each in found)
    if others > BUSY:
        say(f"others used up to {others:.0%} of the servers' core: intervals are wide for it")
    return found


def _look(both: Both, bench: Bench, guardian: Guardian) -> None:
    """Start both once, and tell if they answer otherwise: that may be what a change is for."""
    with serving(both, bench, guardian) as servers:
        try:
            agreement.check(servers.values(), bench.reviews, bench.folder / "ca.crt")
        except BenchmarkError as error:
            say(f"not the same is compared: {error}")


def _has_cost(both: Both, bench: Bench) -> bool:
    """Tell whether both trees can be measured in process; older ones know of no way."""
    try:
        for tree in both:
            cost(tree, bench)
    except BenchmarkError as error:
        say(f"nothing is measured in process: {error}")
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
