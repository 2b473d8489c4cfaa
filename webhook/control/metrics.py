"""What the controller counts: the instruments of its table (`measures`), and how they are moved."""

from collections import Counter
from collections.abc import Collection, Mapping

from webhook.control import measures
from webhook.core.audit.finding import SEVERITIES
from webhook.process.metrics import Exposition, word


class Metrics(Exposition):
    """Everything that is counted."""

    def __init__(self) -> None:
        super().__init__()
        made = self.registry
        self.leading = measures.LEADING.make(made)
        self.duties = measures.RUNS.make(made)
        self.duty_seconds = measures.TURN_SECONDS.make(made)
        self.expiry = measures.CERTIFICATE_EXPIRY.make(made)
        self.registered = measures.REGISTERED.make(made)
        self.steps = measures.STEPS.make(made)
        self.nodes = measures.NODES.make(made)
        self.node_writes = measures.WRITES.make(made)
        self.pool_node = measures.POOL_NODE.make(made)
        self._placed: frozenset[tuple[str, str]] = frozenset()
        self.audit_findings = measures.AUDIT_FINDINGS.make(made)
        self.audit_time = measures.AUDIT_TIME.make(made)
        self.audit_seconds = measures.AUDIT_SECONDS.make(made)
        self.audit_failed = measures.AUDIT_FAILED.make(made)

    def place_nodes(self, pools: Mapping[str, Collection[str]]) -> None:
        """Show the nodes of each pool, but not those of several: a join wants one pool of a node.

        What stays is not touched, so that no scrape finds half of them.
        """
        times = Counter(node for nodes in pools.values() for node in nodes)
        placed = frozenset(
            (pool, node) for pool, nodes in pools.items() for node in nodes if times[node] == 1
        )
        for each in placed - self._placed:
            self.pool_node.labels(*each).set(1)
        for each in self._placed - placed:
            self.pool_node.remove(*each)
        self._placed = placed

    def count_findings(self, counts: Mapping[str, int]) -> None:
        """Take over the findings of an audit, by name; every name has a figure then."""
        for name, severity in SEVERITIES.items():
            self.audit_findings.labels(name, severity.value).set(counts.get(name, 0))

    def count_duty(self, name: str, *, is_done: bool) -> None:
        """Count a run of a duty."""
        self.duties.labels(name, word(is_done)).inc()
