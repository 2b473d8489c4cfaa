"""Samples and a report with easy numbers."""

from benchmarks import figures, report
from benchmarks.measure import Sample
from benchmarks.scenarios import Scenario

SCENARIO = Scenario(name="closed-16", title="16 connections & more", connections=16)


def sample(cpu_us: float, p99_us: float) -> Sample:
    """Give a sample of a server that answers ten reviews a second."""
    return Sample(
        cpu_us=cpu_us, per_second=10, p50_us=100, p99_us=p99_us, load_cpu=0.25, others=0.02
    )


SAMPLES = {
    "gpuclass": [sample(30, 200), sample(60, 300), sample(50, 100)],
    "Go": [sample(60, 400), sample(100, 400), sample(125, 400)],
}


def make_report() -> report.Report:
    """Give the report of one scenario."""
    found = report.outcome(SCENARIO, figures.figures(SAMPLES), figures.ratios(SAMPLES, "Go"))
    return report.Report(
        date="2026-01-02",
        rounds=3,
        seconds=1 / 3,
        base="Go",
        versions={"Go": "1.26.8"},
        outcomes=[found],
    )
