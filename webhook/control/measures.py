"""Every metric of the controller: a row each, in the order of their page (docs/metrics.md)."""

from typing import Any

from prometheus_client import Counter, Gauge, Histogram

from webhook.control.reasons import Reason
from webhook.core.audit.finding import SEVERITIES, Severity
from webhook.process.metrics import BOOLEAN, COMMON, Label, Row

DUTIES = ("registration", "certificates", "nodes", "status", "audit")
"""The names of the leader's duties."""
MARKED, WAITING, DISPUTED = NODE_STATES = ("marked", "waiting", "disputed")
WRITTEN, CONFLICT, FAILED = NODE_WRITES = ("written", "conflict", "failed")

LEADING = Row(
    name="gpuclass_controller_leading",
    kind=Gauge,
    help="1 while this replica leads.",
    unit="state",
    advice="The sum over replicas is 1; 0 for over a minute: nobody leads, and certificates, nodes"
    " and statuses stay as they are. The server goes on.",
)
RUNS = Row(
    name="gpuclass_controller_runs_total",
    kind=Counter,
    help="Runs of a duty, and whether they did what they were to do.",
    unit="runs",
    advice='done="false" again and again: the log says why ("duty failed"); it is tried again until'
    " it works, and other duties go on.",
    labels=(Label(name="duty", values=DUTIES), Label(name="done", values=BOOLEAN)),
)
TURN_SECONDS = Row(
    name="gpuclass_controller_turn_duration_seconds",
    kind=Histogram,
    help="Time to run all duties of a loop once.",
    unit="seconds",
    advice="Seconds are a slow API server, or very many nodes to mark.",
)
CERTIFICATE_EXPIRY = Row(
    name="gpuclass_controller_certificate_expiry_timestamp_seconds",
    kind=Gauge,
    help="When a certificate that the controller looks after expires; 0: there is none.",
    unit="seconds since 1970",
    advice="A leaf within a fifth of its life of its end was not renewed: look at runs of the duty"
    " certificates. With cert-manager: at its Certificate.",
    labels=(Label(name="certificate", values=("ca", "leaf")),),
)
REGISTERED = Row(
    name="gpuclass_controller_registered",
    kind=Gauge,
    help="1 while both webhook configurations are as the policy calls for, 0 while they are to"
    " be and are not, -1 while they are not to be.",
    unit="state",
    advice="0 for over a minute: nobody answers at the Service (event WaitingForServer), or the"
    " duty registration fails. -1: somebody pulled an emergency switch (docs/controller.md).",
)
STEPS = Row(
    name="gpuclass_controller_steps_total",
    kind=Counter,
    help="What the controller did, by the reason of the event that says so.",
    unit="steps",
    advice="RegistrationRepaired and NodeContested again and again: somebody else writes the same"
    " object; the event says which.",
    labels=(Label(name="reason", values=tuple(Reason)),),
)
NODES = Row(
    name="gpuclass_controller_nodes",
    kind=Gauge,
    help="Nodes that pools claim: marked as their pool says, still waiting for it, or disputed,"
    " since two pools claim them.",
    unit="nodes",
    advice="disputed: mend the claims (docs/nodes.md); waiting for over a minute: see"
    " gpuclass_controller_node_writes_total.",
    labels=(Label(name="state", values=NODE_STATES),),
)
WRITES = Row(
    name="gpuclass_controller_node_writes_total",
    kind=Counter,
    help="Writes of a node's labels and taints: written, conflict (somebody else wrote it in"
    " between, tried again) or failed.",
    unit="writes",
    advice="failed: the log says which node and why; many conflicts are a busy cluster.",
    labels=(Label(name="result", values=NODE_WRITES),),
)
POOL_NODE = Row(
    name="gpuclass_pool_node_info",
    kind=Gauge,
    help="1 for each node of a pool, and its pool; a node of several pools is in none.",
    unit="state",
    advice="None: rules join it with what others say of a node (docs/monitoring.md).",
    labels=(
        Label(name="pool", among="pools that are there"),
        Label(name="node", among="nodes of these pools: one series each"),
    ),
)
AUDIT_FINDINGS = Row(
    name="gpuclass_audit_findings",
    kind=Gauge,
    help="What the last audit found (docs/audit.md).",
    unit="objects",
    advice="docs/audit.md says what each finding means and what to do; `gpuclass audit` names the"
    " objects.",
    labels=(
        Label(name="finding", values=tuple(SEVERITIES)),
        Label(name="severity", values=tuple(Severity)),
    ),
)
AUDIT_TIME = Row(
    name="gpuclass_audit_last_run_timestamp_seconds",
    kind=Gauge,
    help="When the last audit that was finished ended.",
    unit="seconds since 1970",
    advice="Older than three times --audit-every: the figures of the findings are stale.",
)
AUDIT_SECONDS = Row(
    name="gpuclass_audit_duration_seconds",
    kind=Gauge,
    help="How long the last audit that was finished took.",
    unit="seconds",
    advice="Near --audit-every: audit less often.",
)
AUDIT_FAILED = Row(
    name="gpuclass_audit_failed",
    kind=Gauge,
    help="1 while the last audit could not be finished: the figures are of the one before.",
    unit="state",
    advice="The log says why; mostly a right that the ClusterRole lacks.",
)

ROWS: tuple[Row[Any], ...] = (
    LEADING,
    RUNS,
    TURN_SECONDS,
    REGISTERED,
    STEPS,
    CERTIFICATE_EXPIRY,
    NODES,
    WRITES,
    POOL_NODE,
    AUDIT_FINDINGS,
    AUDIT_TIME,
    AUDIT_SECONDS,
    AUDIT_FAILED,
    *COMMON,
)
"""What `gpuclass controller` shows."""
