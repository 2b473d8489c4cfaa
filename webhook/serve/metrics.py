"""What the server counts: the instruments of its table (`measures`), and how they are moved."""

from collections.abc import Callable, Iterable

from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from webhook.core.decision import Decision
from webhook.core.policy.policy import Policy
from webhook.core.review import Request
from webhook.core.subject.case import Stage
from webhook.process.metrics import Exposition, word
from webhook.serve import measures
from webhook.serve.answer import Failure
from webhook.serve.tally import Outcome, Tally


class _DroppedLines(Collector):
    """The log's own count: what could not be written is seen nowhere else."""

    def __init__(self) -> None:
        self.count: Callable[[], int] = int

    def collect(self) -> Iterable[Metric]:
        """Ask for the count."""
        found = measures.LOG_DROPPED.family()
        found.add_metric((), self.count())
        yield found


class Metrics(Exposition):
    """Everything that is counted; what every review costs is in `tally`."""

    def __init__(self) -> None:
        super().__init__()
        made = self.registry
        self.audited = measures.AUDITED.make(made)
        self.failures = measures.FAILURES.make(made)
        self.connections = measures.CONNECTIONS.make(made)
        self.accepted = measures.ACCEPTED.make(made)
        self.cut = measures.CUTS.make(made)
        self.policy_info = measures.POLICY_INFO.make(made)
        self.policy_loaded = measures.POLICY_LOADED.make(made)
        self.policy_faults = measures.POLICY_FAULTS.make(made)
        self.policy_failures = measures.POLICY_FAILURES.make(made)
        self.certificate_expiry = measures.CERTIFICATE_EXPIRY.make(made)
        self.client_ca_expiry = measures.CLIENT_CA_EXPIRY.make(made)
        self.certificate_reloads = measures.CERTIFICATE_RELOADS.make(made)
        self.certificate_failures = measures.CERTIFICATE_FAILURES.make(made)
        self.draining = measures.DRAINING.make(made)
        self._dropped = _DroppedLines()
        made.register(self._dropped)
        self._tally = Tally()
        made.register(self._tally)

    def count_decision(
        self, stage: Stage, request: Request, decision: Decision, policy: Policy, seconds: float
    ) -> None:
        """Count a decision, and each rule that had a part in it."""
        operation = (
            request.operation if request.operation in measures.OPERATIONS else measures.OTHER
        )
        named = decision.gpu_class
        gpu_class = named if named is not None and named in policy.classes else measures.NO_CLASS
        verdict, is_dry_run = decision.verdict, request.dry_run is True
        self._tally.add(
            Outcome(stage, operation, verdict, gpu_class, is_dry_run, decision.rules), seconds
        )
        if decision.would_change or decision.would_refuse:
            self._count_audited(stage, request, decision)

    def _count_audited(self, stage: Stage, request: Request, decision: Decision) -> None:
        dry_run = word(request.dry_run)
        for rule in decision.would_change:
            self.audited.labels(stage, rule, "change", dry_run).inc()
        for rule in {each.rule for each in decision.would_refuse}:
            self.audited.labels(stage, rule, "refuse", dry_run).inc()

    def count_failure(self, failure: Failure) -> None:
        """Count a review that got no decision."""
        self.failures.labels(failure).inc()

    def watch_connections(self, listener: str, count: Callable[[], int]) -> None:
        """Ask `count` for the number of open connections whenever metrics are read."""
        self.connections.labels(listener).set_function(count)

    def watch_log(self, dropped: Callable[[], int]) -> None:
        """Ask `dropped` for the number of lost lines whenever metrics are read."""
        self._dropped.count = dropped

    def set_policy(self, policy: Policy, loaded_at: float) -> None:
        """Show the policy in force."""
        self.policy_info.clear()
        self.policy_info.labels(policy.revision).set(1)
        self.policy_loaded.set(loaded_at)
