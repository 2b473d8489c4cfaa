"""The command: `python -m benchmarks.profile [--base COMMIT] [--quick]`."""

import argparse
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from platform import python_version
from tempfile import TemporaryDirectory

from benchmarks import command, usage
from benchmarks.compare import trees
from benchmarks.compare.bench import Bench, prepare, serving
from benchmarks.compare.trees import Tree
from benchmarks.errors import BenchmarkError
from benchmarks.page import DOCS, publish
from benchmarks.profile import stacks, text
from benchmarks.profile.text import Profile
from benchmarks.scenarios import SCENARIOS
from benchmarks.servers import POLICIES, Server, guarded, pinned
from tests.cluster.guardian import Guardian

COMMAND = "make profile"
RATE = 100
"""Samples a second. The server stands still for each, a fraction of a millisecond."""
WARMUP = 1
(SCENARIO,) = (each for each in SCENARIOS if each.name == "closed-16")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The seconds in which a server is measured as it is, and those in which it is sampled."""

    measured: int
    sampled: int


DEFAULT = Plan(measured=5, sampled=20)
QUICK = Plan(measured=1, sampled=3)


@command.ends("benchmarks.profile")
def main(arguments: Sequence[str] | None = None) -> int:
    """Sample, print the tables, write file and page; give the exit code."""
    args = _parser().parse_args(arguments)
    output = args.output or (None if args.quick else DOCS)
    found = run(QUICK if args.quick else DEFAULT, args.base, args.py_spy)
    title = f"{datetime.now(UTC).date().isoformat()}, Python {python_version()}"
    whole = text.render(found, title)
    sys.stdout.write(whole)
    if output:
        write(whole, text.parts(found, title), output)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.profile",
        description="Say where the time of a review goes in a server with 16 connections.",
    )
    parser.add_argument("--base", metavar="COMMIT", help="another commit's server too, as it was")
    parser.add_argument("--py-spy", default="py-spy", metavar="FILE", help="the sampler (on PATH)")
    command.add_flags(parser, "ten seconds")
    return parser


def run(plan: Plan, commit: str | None, py_spy: str) -> list[Profile]:
    """Sample the server of a commit, if one is given, and then this tree's."""
    with (
        TemporaryDirectory(prefix="gpuclass-profile-", ignore_cleanup_errors=True) as name,
        guarded(Path(name)) as guardian,
    ):
        chosen = [trees.this()]
        if commit:
            chosen.insert(0, trees.other(trees.resolve(commit), Path(name), command.say))
        bench = prepare(Path(name), POLICIES)
        return [_profile(tree, bench, plan, guardian, py_spy) for tree in chosen]


def _profile(tree: Tree, bench: Bench, plan: Plan, guardian: Guardian, py_spy: str) -> Profile:
    """Measure what a review costs, then sample where that goes."""
    command.say(f"{tree.name}: sampled for {plan.sampled} s ...")
    with serving([tree], bench, guardian) as servers, ThreadPoolExecutor(1) as pool:
        server = servers[tree.name]
        sample = bench.load(WARMUP, plan.measured).run(server, SCENARIO)
        load = bench.load(WARMUP, plan.sampled + WARMUP)
        loaded = pool.submit(load.run, server, SCENARIO)
        found = stacks.read(sampled(server, bench, plan.sampled, py_spy))
        loaded.result()
    return Profile(
        name=tree.name,
        samples=found.total(),
        cpu_us=sample.cpu_us,
        others=sample.others,
        parts=stacks.shares(found),
        functions=stacks.functions(found),
    )


def sampled(server: Server, bench: Bench, seconds: int, py_spy: str) -> str:
    """Give the stacks of a server's worker; the sampler runs on the core of the load."""
    worker, raw = usage.tree(server.pid)[-1], bench.folder / "stacks"
    command = [py_spy, "record", "--pid", str(worker), "--duration", str(seconds)]
    command += ["--rate", str(RATE), "--format", "raw", "--output", str(raw)]
    try:
        with pinned(bench.cores.load):
            done = subprocess.run(  # noqa: S603 - a list of our own making, no shell
                command, capture_output=True, text=True, check=False
            )
    except FileNotFoundError as error:
        raise BenchmarkError(f"there is no {py_spy}: `{COMMAND}` installs it") from error
    if done.returncode:
        said = done.stderr.strip().splitlines()[-1]
        raise BenchmarkError(
            f"py-spy can not look into the worker, for which it takes root: {said}"
        )
    return raw.read_text(encoding="utf-8")


def write(whole: str, table: str, output: Path) -> None:
    """Write profile.txt, and the table of parts into benchmarks.md."""
    publish(output, COMMAND, {"profile.txt": whole.encode()}, table)


if __name__ == "__main__":
    sys.exit(main())
