"""Samples and a report with easy numbers."""

from benchmarks.apiserver.measure import Sample
from benchmarks.apiserver.report import Report, outcome
from benchmarks.apiserver.situations import ARMS, GO, GPUCLASS, NATIVE, NOTHING, SITUATIONS, TWICE

P50 = {NOTHING: 1000.0, GPUCLASS: 1500.0, TWICE: 2000.0, GO: 1250.0, NATIVE: 1100.0}
WEBHOOK = {NOTHING: 0.0, GPUCLASS: 200.0, TWICE: 400.0, GO: 100.0, NATIVE: 0.0}
CALLS = {NOTHING: 0, GPUCLASS: 1, TWICE: 2, GO: 1, NATIVE: 0}


def sample(arm: str, factor: float) -> Sample:
    """Give a sample of a round in which everything took so many times as long."""
    return Sample(
        p50_us=P50[arm] * factor,
        p99_us=4 * P50[arm] * factor,
        per_second=100,
        apiserver_us=P50[arm] / 2,
        webhook_us=WEBHOOK[arm],
        calls=CALLS[arm],
        load_cpu=0.05,
        others=0.02,
    )


def make_report() -> Report:
    """Give the report of a situation with all arms, and of one without some."""
    first, *_, last = SITUATIONS
    outcomes = [
        outcome(each, {arm: [sample(arm, factor) for factor in (1, 2, 4)] for arm in each.arms})
        for each in (first, last)
    ]
    return Report(
        date="2026-01-02",
        rounds=3,
        seconds=1.5,
        versions={"Kubernetes": "1.37.2"},
        calls={"training": {arm: CALLS[arm] for arm in ARMS}},
        outcomes=outcomes,
    )
