"""What came of reviews, each counted once; three metrics are made of that at a scrape.

A review adds to half a dozen series, and an instrument takes its own time for each.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from itertools import accumulate
from threading import Lock
from typing import NamedTuple

from prometheus_client.core import HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from webhook.core.decision import Verdict
from webhook.core.subject.case import Stage
from webhook.process.metrics import Family, word
from webhook.serve import measures


class Outcome(NamedTuple):
    """What is counted about a review; `rules` are those that had a part in its verdict."""

    stage: Stage
    operation: str
    verdict: Verdict
    gpu_class: str
    is_dry_run: bool
    rules: tuple[str, ...]


_BOUNDS = (*map(floatToGoString, measures.BUCKETS), "+Inf")


class Tally(Collector):
    """Counts outcomes, and the seconds that decisions took."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._outcomes: dict[Outcome, int] = {}
        self._lasted = {stage: [0] * len(_BOUNDS) for stage in Stage}
        self._seconds = dict.fromkeys(Stage, 0.0)

    def add(self, outcome: Outcome, seconds: float) -> None:
        """Count a decision, which took so many seconds."""
        bucket = bisect_left(measures.BUCKETS, seconds)
        with self._lock:
            self._outcomes[outcome] = self._outcomes.get(outcome, 0) + 1
            self._lasted[outcome.stage][bucket] += 1
            self._seconds[outcome.stage] += seconds

    def collect(self) -> Iterable[Metric]:
        """Give the decisions, the rules that had a part in them, and how long they took."""
        with self._lock:
            outcomes, seconds = dict(self._outcomes), dict(self._seconds)
            lasted = {stage: list(counts) for stage, counts in self._lasted.items()}
        yield _decisions(outcomes)
        yield _rules(outcomes)
        yield _durations(lasted, seconds)


def _decisions(outcomes: dict[Outcome, int]) -> Metric:
    counts: Counter[tuple[str, ...]] = Counter()
    for outcome, count in outcomes.items():
        stage, operation, verdict, gpu_class, is_dry_run, _ = outcome
        counts[stage, operation, verdict, gpu_class, word(is_dry_run)] += count
    return _counted(measures.DECISIONS.family(), counts)


def _rules(outcomes: dict[Outcome, int]) -> Metric:
    counts: Counter[tuple[str, ...]] = Counter()
    for outcome, count in outcomes.items():
        for rule in outcome.rules:
            counts[outcome.stage, rule, outcome.verdict] += count
    return _counted(measures.RULE_DECISIONS.family(), counts)


def _counted(family: Family, counts: Counter[tuple[str, ...]]) -> Metric:
    for labels, count in counts.items():
        family.add_metric(labels, count)
    return family


def _durations(lasted: dict[Stage, list[int]], seconds: dict[Stage, float]) -> Metric:
    row = measures.DECISION_SECONDS
    family = HistogramMetricFamily(row.name, row.help, labels=row.label_names)
    for stage, counts in lasted.items():
        buckets = list(zip(_BOUNDS, accumulate(counts), strict=True))
        family.add_metric((stage,), buckets, seconds[stage])
    return family
