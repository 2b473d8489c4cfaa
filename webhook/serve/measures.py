"""Every metric of the server: a row each, in the order of their page (docs/metrics.md)."""

from typing import Any

from prometheus_client import Counter, Gauge, Histogram

from webhook.core.decision import Verdict
from webhook.core.policy.choices import RULE_NAMES
from webhook.core.subject import document
from webhook.core.subject.case import Stage
from webhook.process.metrics import BOOLEAN, COMMON, Label, Row
from webhook.serve.answer import Failure
from webhook.serve.cut import Cut

OPERATIONS = frozenset({"CREATE", "UPDATE", "DELETE", "CONNECT"})
OTHER = "other"
NO_CLASS = ""

ADMISSION, PROBES = "admission", "probes"
"""The two listeners."""

BUCKETS = (
    *(1e-5, 2e-5, 3e-5, 5e-5, 7.5e-5, 1e-4, 1.5e-4, 2.5e-4, 5e-4, 1e-3),
    *(2.5e-3, 5e-3, 1e-2, 2.5e-2, 5e-2, 1e-1, 2.5e-1, 5e-1, 1.0),
)
"""Seconds: a decision takes tens of microseconds, a large object milliseconds."""

_STAGE = Label(name="stage", values=tuple(Stage))
_VERDICT = Label(name="verdict", values=tuple(Verdict))
_RULE = Label(name="rule", values=(*RULE_NAMES, document.NAME))
_DRY_RUN = Label(name="dry_run", values=BOOLEAN)
_LISTENER = Label(name="listener", values=(ADMISSION, PROBES))

DECISION_SECONDS = Row(
    name="gpuclass_decision_duration_seconds",
    kind=Histogram,
    help="Time from the bytes of a review to the bytes of its answer.",
    unit="seconds",
    advice="Above 10 ms at the 99th percentile: huge objects, or a CPU limit that throttles;"
    " connection and TLS are in the API server's own figure only,"
    " apiserver_admission_webhook_admission_duration_seconds.",
    labels=(_STAGE,),
    buckets=BUCKETS,
)
DECISIONS = Row(
    name="gpuclass_decisions_total",
    kind=Counter,
    help="Reviews decided; dry_run are those that change nothing, such as a diff's.",
    unit="reviews",
    advice='Many verdict="deny" of one class: its users meet a rule that they do not know;'
    " gpuclass_rule_decisions_total says which.",
    labels=(
        _STAGE,
        Label(name="operation", values=(*sorted(OPERATIONS), OTHER)),
        _VERDICT,
        Label(name="class", among="classes of the policies that were in force; empty: none"),
        _DRY_RUN,
    ),
)
RULE_DECISIONS = Row(
    name="gpuclass_rule_decisions_total",
    kind=Counter,
    help="Decisions that a rule changed, refused or warned in, by the decision's verdict.",
    unit="reviews",
    advice="docs/rules.md says what each rule asks for and what to do; the log has who met it.",
    labels=(_STAGE, _RULE, _VERDICT),
)
AUDITED = Row(
    name="gpuclass_audited_decisions_total",
    kind=Counter,
    help="Decisions that a rule in mode Audit would have changed or refused.",
    unit="reviews",
    advice="Look at each before the mode is set to Warn or Enforce (docs/rollout.md).",
    labels=(_STAGE, _RULE, Label(name="effect", values=("change", "refuse")), _DRY_RUN),
)
FAILURES = Row(
    name="gpuclass_failed_reviews_total",
    kind=Counter,
    help="Reviews that got no decision.",
    unit="reviews",
    advice="Any is worth a look: internal is a fault of ours (the log has it), no_policy a server"
    " that was asked too early, overload and timeout one that is too busy, the others a client that"
    " is no API server.",
    labels=(Label(name="reason", values=tuple(Failure)),),
)
CONNECTIONS = Row(
    name="gpuclass_connections",
    kind=Gauge,
    help="Connections open now, those in their handshake included.",
    unit="connections",
    advice="Near --max-connections: others are cut (idle, full); add replicas or raise it.",
    labels=(_LISTENER,),
)
ACCEPTED = Row(
    name="gpuclass_connections_accepted_total",
    kind=Counter,
    help="Connections accepted.",
    unit="connections",
    advice="A rate near that of reviews: connections are not kept alive, which costs a handshake"
    " each.",
    labels=(_LISTENER,),
)
CUTS = Row(
    name="gpuclass_connections_cut_total",
    kind=Counter,
    help="Connections that the server ended: a deadline, a limit, a failed handshake.",
    unit="connections",
    advice="handshake beside a healthy API server: something else knocks, or the CA bundle does not"
    " fit; client: the log says what is wrong with its certificate (docs/client-certificates.md);"
    " idle and full: too many clients for --max-connections, or for the file descriptors; memory:"
    " clients that send bodies of megabytes, which no API server does at once.",
    labels=(_LISTENER, Label(name="reason", values=tuple(Cut))),
)
POLICY_INFO = Row(
    name="gpuclass_policy_info",
    kind=Gauge,
    help="The policy in force.",
    unit="state",
    advice="More than one revision among replicas for over a minute: one of them learns nothing;"
    " look at its gpuclass_watch_silence_seconds.",
    labels=(Label(name="revision", among="the revision in force, one at a time"),),
)
POLICY_LOADED = Row(
    name="gpuclass_policy_loaded_timestamp_seconds",
    kind=Gauge,
    help="When the policy in force was loaded; 0: never.",
    unit="seconds since 1970",
    advice="0 for longer than a start takes: /readyz says what is missing.",
)
POLICY_FAULTS = Row(
    name="gpuclass_policy_faults",
    kind=Gauge,
    help="Faults in the policies as they are now; above 0 an older policy is in force.",
    unit="faults",
    advice="kubectl get gpuclasses,gpunodepools,gpupolicies shows which document and why.",
)
POLICY_FAILURES = Row(
    name="gpuclass_policy_reload_failures_total",
    kind=Counter,
    help="Changed policies that did not take effect.",
    unit="changes",
    advice="As gpuclass_policy_faults, of which it keeps count when they are mended again.",
)
CERTIFICATE_EXPIRY = Row(
    name="gpuclass_certificate_expiry_timestamp_seconds",
    kind=Gauge,
    help="When the certificate in use expires.",
    unit="seconds since 1970",
    advice="Less than two weeks away: whoever renews it does not (docs/controller.md).",
)
CLIENT_CA_EXPIRY = Row(
    name="gpuclass_client_ca_expiry_timestamp_seconds",
    kind=Gauge,
    help="When the last CA of clients expires; 0: no client certificate is demanded.",
    unit="seconds since 1970",
    advice="Above 0 and less than two weeks away: then the API server is refused too; add a new CA"
    " to the file (docs/client-certificates.md).",
)
CERTIFICATE_RELOADS = Row(
    name="gpuclass_certificate_reloads_total",
    kind=Counter,
    help="Renewed certificates that took effect.",
    unit="certificates",
    advice="None: it counts what went well.",
)
CERTIFICATE_FAILURES = Row(
    name="gpuclass_certificate_reload_failures_total",
    kind=Counter,
    help="Changed certificate files that did not take effect.",
    unit="changes",
    advice="The log says which file and why; the certificate before stays in use until it expires.",
)
LOG_DROPPED = Row(
    name="gpuclass_log_lines_dropped_total",
    kind=Counter,
    help="Lines of the log that could not be kept or written.",
    unit="lines",
    advice="It grows: whoever reads standard error stalls, or its disk is full; reviews go on.",
)
DRAINING = Row(
    name="gpuclass_draining",
    kind=Gauge,
    help="1 while the server is about to stop.",
    unit="state",
    advice="1 for longer than --drain-seconds: it does not end.",
)

ROWS: tuple[Row[Any], ...] = (
    DECISIONS,
    RULE_DECISIONS,
    AUDITED,
    DECISION_SECONDS,
    FAILURES,
    CONNECTIONS,
    ACCEPTED,
    CUTS,
    POLICY_INFO,
    POLICY_LOADED,
    POLICY_FAULTS,
    POLICY_FAILURES,
    CERTIFICATE_EXPIRY,
    CLIENT_CA_EXPIRY,
    CERTIFICATE_RELOADS,
    CERTIFICATE_FAILURES,
    LOG_DROPPED,
    DRAINING,
    *COMMON,
)
"""What `gpuclass serve` shows, beside what its watches do (webhook.watch.measures)."""
