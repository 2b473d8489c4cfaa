"""What is measured of two trees, and in which order."""

import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import samples
from benchmarks.compare import trees
from benchmarks.compare.bench import Bench
from benchmarks.compare.in_process import cost as cost_of
from benchmarks.compare.rounds import CHOSEN, IN_PROCESS, NAMES, cost, in_process, wire
from benchmarks.errors import BenchmarkError
from benchmarks.plot import SHOWN
from benchmarks.servers import POLICIES, Cores, guarded, write_certificate
from tests.benchmarks.compare import repository


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    core = min(os.sched_getaffinity(0))
    cores = Cores(server=core, load=core)
    found = Bench(cores=cores, reviews=samples.reviews(), policies=POLICIES, folder=tmp_path)
    samples.write(found.bodies, found.reviews)
    return found


def test_every_scenario_that_is_named_is_measured() -> None:
    assert tuple(each.name for each in CHOSEN) == NAMES


def test_a_review_costs_something_in_a_process_of_a_tree(bench: Bench) -> None:
    assert 1 < cost(trees.this(), bench) < 100_000


def test_a_tree_that_knows_of_no_way_from_bytes_to_bytes_is_told(
    bench: Bench, tmp_path: Path
) -> None:
    root = repository.make(tmp_path / "repository")
    with pytest.raises(BenchmarkError, match=r"^base: ModuleNotFoundError: .*webhook"):
        cost(trees.Tree(name="base", root=root, python=Path(sys.executable)), bench)


def test_whoever_is_first_the_pair_is_base_and_this_tree(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def costs(tree: trees.Tree, _: Bench) -> float:
        asked.append(tree.name)
        return {"base": 1.0, "this tree": 2.0}[tree.name]

    monkeypatch.setattr("benchmarks.compare.rounds.cost", costs)
    this = trees.this()
    measured = in_process((replace(this, name="base"), this), bench)
    found = [next(measured).pairs for _ in range(2)]
    assert found == [{IN_PROCESS: (1, 2)}] * 2
    assert asked == ["base", "this tree", "this tree", "base"]


def test_every_sample_is_asked_in_turn() -> None:
    calls: list[bytes] = []
    assert cost_of(calls.append, [b"a", b"b"]) > 0
    assert calls[:4] == [b"a", b"b", b"a", b"b"]


@pytest.mark.slow
def test_a_round_over_the_wire_has_a_pair_for_each_measure(bench: Bench) -> None:
    write_certificate(bench.folder)
    load = bench.load(warmup=0.1, seconds=0.2)
    this = trees.this()
    with guarded(bench.folder) as guardian:
        found = next(wire((replace(this, name="base"), this), bench, load, guardian))
    assert len(found.pairs) == len(CHOSEN) * len(SHOWN)
    assert all(min(pair) > 0 for pair in found.pairs.values())
