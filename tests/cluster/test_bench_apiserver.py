"""The benchmark through an API server, whole and short: every arm, pods that are kept, refusals."""

import os

import pytest

from benchmarks.apiserver.__main__ import run
from benchmarks.apiserver.report import Report
from benchmarks.apiserver.situations import GO, GPUCLASS, NATIVE, NOTHING, SITUATIONS, TWICE
from benchmarks.command import Plan
from benchmarks.figures import Figures
from tests.cluster.binaries import Binaries

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="it needs two cores"),
]

CHOSEN = tuple(each for each in SITUATIONS if each.name in {"real-16", "cpu-1", "refused-1"})
PLAN = Plan(rounds=1, warmup=0, seconds=0.25)


@pytest.fixture(scope="module")
def report(binaries: Binaries) -> Report:  # noqa: ARG001 # which are found again
    """Give a short run; it ends if the arms do not agree about the pods."""
    return run(PLAN, CHOSEN)


def figures(report: Report) -> dict[str, Figures]:
    """Give the figures of each situation by arm."""
    return {each.situation: each.figures for each in report.outcomes}


def test_a_gpu_pod_costs_one_call_and_a_cpu_pod_none(report: Report) -> None:
    expected = {NOTHING: 0, GPUCLASS: 1, TWICE: 2, GO: 1, NATIVE: 0}
    assert report.calls["training"] == expected
    assert report.calls["cpu"] == {**dict.fromkeys(expected, 0), GO: 1}


def test_calls_under_load_are_those_of_one_creation(report: Report) -> None:
    found = figures(report)
    calls = {arm: each["calls"].median for arm, each in found["real-16"].items()}
    assert calls == {NOTHING: 0, GPUCLASS: 1, TWICE: 2, GO: 1, NATIVE: 0}
    assert found["cpu-1"][GPUCLASS]["calls"].high == 0
    assert {each["calls"].median for each in found["refused-1"].values()} == {1}


def test_who_is_called_spends_time_and_nobody_else(report: Report) -> None:
    kept = figures(report)["real-16"]
    assert all(kept[arm]["webhook_us"].median > 0 for arm in (GPUCLASS, TWICE, GO))
    assert all(kept[arm]["webhook_us"].median == 0 for arm in (NOTHING, NATIVE))
    assert all(found["apiserver_us"].median > 0 for found in kept.values())
