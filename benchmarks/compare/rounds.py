"""Rounds of both trees: each pair side by side in time, who is first by turns.

Every round has servers of its own. How a process happens to lie in memory makes it a few per cent
faster or slower for as long as it lives; with new ones that is chance like any other, and in the
intervals.
"""

import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import TypeAlias

from benchmarks.compare.bench import Bench, serving
from benchmarks.compare.trees import Tree
from benchmarks.compare.verdicts import Pair
from benchmarks.errors import BenchmarkError
from benchmarks.measure import Load, Sample
from benchmarks.plot import SHOWN
from benchmarks.scenarios import SCENARIOS, Scenario
from benchmarks.servers import pinned
from tests.cluster.guardian import Guardian

NAMES = ("closed-1", "closed-16", "steady-200", "fresh-8")
CHOSEN = tuple(each for each in SCENARIOS if each.name in NAMES)
IN_PROCESS = "in process, from bytes to bytes: CPU a review"
SCRIPT = Path(__file__).with_name("in_process.py")

Both: TypeAlias = tuple[Tree, Tree]
"""The base, and this tree."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """Pairs of one round by measure, and the most that others used of the servers' core."""

    pairs: Mapping[str, Pair]
    others: float


def wire(both: Both, bench: Bench, load: Load, guardian: Guardian) -> Iterator[Round]:
    """Measure servers over the wire, a round after another, for as long as they are asked for."""
    names = [tree.name for tree in both]
    for order in _turns(both):
        with serving(order, bench, guardian) as servers:
            samples = {
                scenario: {name: load.run(each, scenario) for name, each in servers.items()}
                for scenario in CHOSEN
            }
        others = max(each.others for found in samples.values() for each in found.values())
        yield Round(pairs=dict(_pairs(samples, names)), others=others)


def in_process(both: Both, bench: Bench) -> Iterator[Round]:
    """Measure reviews in processes that do nothing else, in the same way."""
    names = [tree.name for tree in both]
    for order in _turns(both):
        costs = {tree.name: cost(tree, bench) for tree in order}
        yield Round(pairs={IN_PROCESS: _pair(costs, names)}, others=0)


def _turns(both: Both) -> Iterator[Both]:
    """Give who is first and who second, by turns."""
    return cycle((both, both[::-1]))


def _pairs(
    samples: Mapping[Scenario, Mapping[str, Sample]], names: Iterable[str]
) -> Iterator[tuple[str, Pair]]:
    for scenario, found in samples.items():
        for metric, label in SHOWN:
            values = {name: getattr(each, metric) for name, each in found.items()}
            yield f"{scenario.title}: {label}", _pair(values, names)


def _pair(values: Mapping[str, float], names: Iterable[str]) -> Pair:
    """Put the values of both trees into the order of base and this, whoever was first."""
    base, this = (values[name] for name in names)
    return base, this


def cost(tree: Tree, bench: Bench) -> float:
    """Give what a review costs in a process of a tree; raise BenchmarkError if it has no way to."""
    command = tree.command(str(SCRIPT), str(bench.policies), str(bench.bodies))
    with pinned(bench.cores.server):
        done = subprocess.run(  # noqa: S603 - our own script
            command, env=tree.environment, capture_output=True, text=True, check=False
        )
    if done.returncode:
        raise BenchmarkError(f"{tree.name}: {done.stderr.strip().splitlines()[-1]}")
    return float(done.stdout)
