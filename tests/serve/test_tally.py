"""The tally shows what an instrument of the library would."""

from collections.abc import Iterable
from itertools import product
from threading import Thread

from prometheus_client import CollectorRegistry, generate_latest

from webhook.core.decision import Verdict
from webhook.core.subject.case import Stage
from webhook.process.metrics import word
from webhook.serve import measures
from webhook.serve.tally import Outcome, Tally

OUTCOMES = [
    Outcome(stage, operation, verdict, gpu_class, is_dry_run, rules)
    for stage, operation, verdict, gpu_class, is_dry_run, rules in product(
        Stage,
        ("CREATE", "UPDATE"),
        (Verdict.INJECT, Verdict.DENY),
        ("", "training"),
        (False, True),
        ((), ("placement",), ("placement", "priority")),
    )
]
SECONDS = (0.0, 1e-05, 1.1e-05, 0.00003, 0.002, 0.7, 1.0, 3.5)


def counted() -> Iterable[tuple[Outcome, float]]:
    """Give decisions, some alike in outcome and some in how long they took."""
    return ((each, SECONDS[number % len(SECONDS)]) for number, each in enumerate(3 * OUTCOMES))


def shown(registry: CollectorRegistry) -> set[str]:
    return set(generate_latest(registry).decode().splitlines())


def test_a_scrape_is_that_of_the_instruments() -> None:
    expected, found, tally = CollectorRegistry(), CollectorRegistry(), Tally()
    found.register(tally)
    decisions = measures.DECISIONS.make(expected)
    rules = measures.RULE_DECISIONS.make(expected)
    lasted = measures.DECISION_SECONDS.make(expected)
    for outcome, seconds in counted():
        tally.add(outcome, seconds)
        stage, operation, verdict, gpu_class, is_dry_run, by = outcome
        decisions.labels(stage, operation, verdict, gpu_class, word(is_dry_run)).inc()
        lasted.labels(stage).observe(seconds)
        for rule in by:
            rules.labels(stage, rule, verdict).inc()
    assert shown(found) == shown(expected)


def test_before_the_first_review_durations_are_there_at_0() -> None:
    registry = CollectorRegistry()
    registry.register(Tally())
    for stage in Stage:
        name = f"{measures.DECISION_SECONDS.name}_count"
        assert registry.get_sample_value(name, {"stage": stage}) == 0


def test_threads_lose_none() -> None:
    registry, tally = CollectorRegistry(), Tally()
    registry.register(tally)

    def count() -> None:
        for _ in range(5000):
            tally.add(OUTCOMES[0], 0.001)

    threads = [Thread(target=count) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    name = f"{measures.DECISION_SECONDS.name}_count"
    assert registry.get_sample_value(name, {"stage": OUTCOMES[0].stage}) == 20_000
