"""What the controller counts: one registry, names by Prometheus' conventions."""

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client import generate_latest as render

import webhook
from webhook.core.audit.finding import SEVERITIES


class Metrics:
    """Everything that is counted."""

    def __init__(self) -> None:
        registry = CollectorRegistry(auto_describe=True)
        self.registry = registry
        ProcessCollector(registry=registry)
        Gauge("gpuclass_build_info", "The version.", ["version"], registry=registry).labels(
            webhook.__version__
        ).set(1)
        self.leading = Gauge(
            "gpuclass_controller_leading", "1 while this replica leads.", registry=registry
        )
        self.duties = Counter(
            "gpuclass_controller_runs_total",
            "Runs of a duty, and whether they did what they were to do.",
            ["duty", "done"],
            registry=registry,
        )
        self.duty_seconds = Histogram(
            "gpuclass_controller_turn_duration_seconds",
            "Time to run all duties of a loop once.",
            registry=registry,
        )
        self.expiry = Gauge(
            "gpuclass_controller_certificate_expiry_timestamp_seconds",
            "When a certificate that the controller looks after expires.",
            ["certificate"],
            registry=registry,
        )
        self.registered = Gauge(
            "gpuclass_controller_registered",
            "1 while both webhook configurations are as the policy calls for, 0 while they are to"
            " be and are not, -1 while they are not to be.",
            registry=registry,
        )
        self.steps = Counter(
            "gpuclass_controller_steps_total",
            "What the controller did, by the reason of the event that says so.",
            ["reason"],
            registry=registry,
        )
        self._declare_nodes(registry)
        self._declare_audit(registry)

    def _declare_nodes(self, registry: CollectorRegistry) -> None:
        self.nodes = Gauge(
            "gpuclass_controller_nodes",
            "Nodes that pools claim: marked as their pool says, still waiting for it, or disputed,"
            " since two pools claim them.",
            ["state"],
            registry=registry,
        )
        self.node_writes = Counter(
            "gpuclass_controller_node_writes_total",
            "Writes of a node's labels and taints: written, conflict (somebody else wrote it in"
            " between, tried again) or failed.",
            ["result"],
            registry=registry,
        )

    def _declare_audit(self, registry: CollectorRegistry) -> None:
        self.audit_findings = Gauge(
            "gpuclass_audit_findings",
            "What the last audit found (docs/audit.md).",
            ["finding", "severity"],
            registry=registry,
        )
        self.audit_time = Gauge(
            "gpuclass_audit_last_run_timestamp_seconds",
            "When the last audit that was finished ended.",
            registry=registry,
        )
        self.audit_seconds = Gauge(
            "gpuclass_audit_duration_seconds", "How long it took.", registry=registry
        )
        self.audit_failed = Gauge(
            "gpuclass_audit_failed",
            "1 while the last audit could not be finished: the figures are of the one before.",
            registry=registry,
        )

    def count_findings(self, counts: Mapping[str, int]) -> None:
        """Take over the findings of an audit, by name; every name has a figure then."""
        for name, severity in SEVERITIES.items():
            self.audit_findings.labels(name, severity.value).set(counts.get(name, 0))

    def count_duty(self, name: str, *, is_done: bool) -> None:
        """Count a run of a duty."""
        self.duties.labels(name, "true" if is_done else "false").inc()

    def render(self) -> bytes:
        """Give everything in Prometheus' text format."""
        return render(self.registry)
