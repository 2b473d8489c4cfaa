"""What the server counts: one registry, names by Prometheus' conventions, no unbounded label.

A label's values come from the policy or from a table, never straight from a request.
"""

from collections.abc import Callable, Iterable
from typing import TypeAlias

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

import webhook
from webhook.core.decision import Decision, Verdict
from webhook.core.policy.policy import Policy
from webhook.core.review import Request
from webhook.core.subject.case import Stage
from webhook.serve.answer import Failure

BUCKETS = (
    *(1e-5, 2e-5, 3e-5, 5e-5, 7.5e-5, 1e-4, 1.5e-4, 2.5e-4, 5e-4, 1e-3),
    *(2.5e-3, 5e-3, 1e-2, 2.5e-2, 5e-2, 1e-1, 2.5e-1, 5e-1, 1.0),
)
"""Seconds: a decision takes tens of microseconds, a large object milliseconds."""

OPERATIONS = frozenset({"CREATE", "UPDATE", "DELETE", "CONNECT"})
OTHER = "other"
NO_CLASS = ""

_Key: TypeAlias = tuple[Stage, str, Verdict, str, bool]

disable_created_metrics()  # type: ignore[no-untyped-call] # a second series for each counter that nobody asks for


class Metrics:
    """Everything that is counted; recording a decision costs two or three microseconds."""

    def __init__(self) -> None:
        registry = CollectorRegistry(auto_describe=True)
        self.registry = registry
        ProcessCollector(registry=registry)
        self.decision_seconds = Histogram(
            "gpuclass_decision_duration_seconds",
            "Time from the bytes of a review to the bytes of its answer.",
            ["stage"],
            buckets=BUCKETS,
            registry=registry,
        )
        self.decisions = Counter(
            "gpuclass_decisions_total",
            "Reviews decided; dry_run are those that change nothing, such as a diff's.",
            ["stage", "operation", "verdict", "class", "dry_run"],
            registry=registry,
        )
        self.rules = Counter(
            "gpuclass_rule_decisions_total",
            "Decisions that a rule changed, refused or warned in, by the decision's verdict.",
            ["stage", "rule", "verdict"],
            registry=registry,
        )
        self.audited = Counter(
            "gpuclass_audited_decisions_total",
            "Decisions that a rule in mode Audit would have changed or refused.",
            ["stage", "rule", "effect", "dry_run"],
            registry=registry,
        )
        self.failures = Counter(
            "gpuclass_failed_reviews_total",
            "Reviews that got no decision.",
            ["reason"],
            registry=registry,
        )
        self.connections = Gauge(
            "gpuclass_connections",
            "Connections open now, those in their handshake included.",
            ["listener"],
            registry=registry,
        )
        self.accepted = Counter(
            "gpuclass_connections_accepted_total",
            "Connections accepted.",
            ["listener"],
            registry=registry,
        )
        self.cut = Counter(
            "gpuclass_connections_cut_total",
            "Connections that the server ended: a deadline, a limit, a failed handshake.",
            ["listener", "reason"],
            registry=registry,
        )
        self._declare_state(registry)
        self._seconds = {stage: self.decision_seconds.labels(stage) for stage in Stage}
        self._decision: dict[_Key, Counter] = {}
        self._rule: dict[tuple[Stage, str, Verdict], Counter] = {}
        for failure in Failure:
            self.failures.labels(failure)

    def _declare_state(self, registry: CollectorRegistry) -> None:
        Gauge("gpuclass_build_info", "The version.", ["version"], registry=registry).labels(
            webhook.__version__
        ).set(1)
        self.policy_info = Gauge(
            "gpuclass_policy_info", "The policy in force.", ["revision"], registry=registry
        )
        self.policy_loaded = Gauge(
            "gpuclass_policy_loaded_timestamp_seconds",
            "When the policy in force was loaded; 0: never.",
            registry=registry,
        )
        self.policy_faults = Gauge(
            "gpuclass_policy_faults",
            "Faults in the policies as they are now; above 0 an older policy is in force.",
            registry=registry,
        )
        self.policy_failures = Counter(
            "gpuclass_policy_reload_failures_total",
            "Changed policies that did not take effect.",
            registry=registry,
        )
        self.certificate_expiry = Gauge(
            "gpuclass_certificate_expiry_timestamp_seconds",
            "When the certificate in use expires.",
            registry=registry,
        )
        self.certificate_reloads = Counter(
            "gpuclass_certificate_reloads_total",
            "Renewed certificates that took effect.",
            registry=registry,
        )
        self.certificate_failures = Counter(
            "gpuclass_certificate_reload_failures_total",
            "Changed certificate files that did not take effect.",
            registry=registry,
        )
        self.draining = Gauge(
            "gpuclass_draining", "1 while the server is about to stop.", registry=registry
        )

    def count_decision(
        self, stage: Stage, request: Request, decision: Decision, policy: Policy, seconds: float
    ) -> None:
        """Count a decision, and each rule that had a part in it."""
        self._seconds[stage].observe(seconds)
        operation = request.operation if request.operation in OPERATIONS else OTHER
        named = decision.gpu_class
        gpu_class = named if named is not None and named in policy.classes else NO_CLASS
        key = (stage, operation, decision.verdict, gpu_class, request.dry_run is True)
        child = self._decision.get(key)
        if child is None:
            child = self._decision[key] = self.decisions.labels(*key[:-1], _word(key[-1]))
        child.inc()
        for rule in decision.rules:
            self._count_rule((stage, rule, decision.verdict))
        dry_run = _word(request.dry_run)
        for rule in decision.would_change:
            self.audited.labels(stage, rule, "change", dry_run).inc()
        for rule in {each.rule for each in decision.would_refuse}:
            self.audited.labels(stage, rule, "refuse", dry_run).inc()

    def _count_rule(self, key: tuple[Stage, str, Verdict]) -> None:
        child = self._rule.get(key)
        if child is None:
            child = self._rule[key] = self.rules.labels(*key)
        child.inc()

    def count_failure(self, failure: Failure) -> None:
        """Count a review that got no decision."""
        self.failures.labels(failure).inc()

    def watch_connections(self, listener: str, count: Callable[[], int]) -> None:
        """Ask `count` for the number of open connections whenever metrics are read."""
        self.connections.labels(listener).set_function(count)

    def declare_cuts(self, listener: str, reasons: Iterable[str]) -> None:
        """Show a counter as 0 before it first counts, so that its rate has a beginning."""
        self.accepted.labels(listener)
        for reason in reasons:
            self.cut.labels(listener, reason)

    def set_policy(self, policy: Policy, loaded_at: float) -> None:
        """Show the policy in force, and that nothing is wrong with the folder."""
        self.policy_info.clear()
        self.policy_info.labels(policy.revision).set(1)
        self.policy_loaded.set(loaded_at)
        self.policy_faults.set(0)

    def render(self) -> bytes:
        """Give everything in Prometheus' text format."""
        return generate_latest(self.registry)


def _word(value: object) -> str:
    return "true" if value else "false"
