"""The board of whoever runs the platform: is it well, who has GPUs, what waits, what is refused."""

from tests.deploy.dashboards.boards import Board, Variable
from tests.deploy.dashboards.panels import (
    GREEN,
    NONE_IS_WELL,
    ORANGE,
    RED,
    About,
    Query,
    bars,
    lines,
    listing,
    number,
)

SIXTH, THIRD = 4, 8
DAY = 24 * 60 * 60
CALLED = 'name=~".+[.]gpuclass[.]io"'
"""What calls us, as API servers name it."""
CHOSEN = 'class=~"$class"'
TEAMS = f'{CHOSEN}, namespace=~"$namespace"'
OURS = 'alertname=~"Gpuclass.+|GPU.+|CPUPodOnGPUNode|ArgoCDOperationStuck"'
REAL = 'dry_run="false"'
LONG = ((None, GREEN), (0.025, ORANGE), (0.1, RED))
"""Seconds that a review takes: docs/slo.md."""

WELL = (
    number(
        About(
            title="Servers ready",
            says="Replicas with a policy and a certificate that has not ended, not about to stop."
            " With none, pods that concern GPUs are refused.",
            width=SIXTH,
            runbook="GpuclassNotReady",
        ),
        Query("gpuclass:servers:ready"),
        steps=((None, RED), (1, ORANGE), (2, GREEN)),
    ),
    number(
        About(
            title="Alerts that fire",
            says="Alerts of these rules; each has a runbook.",
            width=SIXTH,
        ),
        Query(f'count(ALERTS{{alertstate="firing", {OURS}}}) or vector(0)'),
        steps=NONE_IS_WELL,
    ),
    number(
        About(
            title="Budget of lost reviews left",
            says="0.05 % of reviews may be lost in 30 days: what is left of that. Below 0 the"
            " promise is broken.",
            unit="percentunit",
            width=SIXTH,
            runbook="GpuclassReviewsLost",
        ),
        Query("1 - gpuclass:reviews_lost:ratio_30d / 0.0005"),
        steps=((None, RED), (0.1, ORANGE), (0.5, GREEN)),
    ),
    number(
        About(
            title="A review takes (99 %)",
            says="What API servers wait for an answer, connection and TLS included: 99 % take less."
            " Their buckets end at 5, 25 and 100 ms; in between it is a guess.",
            unit="s",
            width=SIXTH,
            runbook="GpuclassReviewsSlow",
        ),
        Query(
            "histogram_quantile(0.99, sum by (le) (rate("
            f"apiserver_admission_webhook_admission_duration_seconds_bucket{{{CALLED}}}[$__rate_interval])))"
        ),
        steps=LONG,
    ),
    number(
        About(
            title="Webhooks registered",
            says="Whether both webhook configurations are as the policy calls for. Off: somebody"
            " pulled an emergency switch.",
            width=SIXTH,
            runbook="GpuclassNotRegistered",
        ),
        Query(
            "max(gpuclass_controller_registered and on (instance) gpuclass_controller_leading == 1)"
        ),
        words={"1": ("yes", GREEN), "0": ("no", RED), "-1": ("off", ORANGE)},
    ),
    number(
        About(
            title="Certificate ends in",
            says="The first of all that are used or looked after, and of the CA of API servers"
            " where their certificate is demanded. But for that CA they renew themselves.",
            unit="s",
            width=SIXTH,
            runbook="GpuclassCertificateEnding",
        ),
        Query(
            "min(gpuclass:certificate:seconds_left"
            " or (gpuclass_client_ca_expiry_timestamp_seconds > 0) - time())"
        ),
        steps=((None, RED), (2 * DAY, ORANGE), (14 * DAY, GREEN)),
    ),
    number(
        About(
            title="Policy in force",
            says="Its revision, as logs, stamps on pods and the status of GPUPolicy have it. Two"
            " for more than a minute: a replica learns nothing.",
            width=SIXTH,
            runbook="GpuclassPolicyDiffers",
        ),
        Query("count by (revision) (gpuclass_policy_info)", "{{revision}}"),
    ),
    number(
        About(
            title="Policy loaded",
            says="How long ago a replica last took a policy over: an edit, or its own start.",
            unit="s",
            width=SIXTH,
        ),
        Query("time() - max(gpuclass_policy_loaded_timestamp_seconds)"),
    ),
    number(
        About(
            title="Faults in policies",
            says="Above 0 the documents are wrong as they stand, and an older policy is in force.",
            width=SIXTH,
            runbook="GpuclassPolicyDegraded",
        ),
        Query("max(gpuclass_policy_faults)"),
        steps=NONE_IS_WELL,
    ),
    number(
        About(
            title="GPUs free",
            says="What nodes of pools offer and no pod has. One name of a resource is counted like"
            " another, parts of GPUs too.",
            width=SIXTH,
        ),
        Query("sum(gpuclass:pool_gpus:free)"),
        steps=((None, ORANGE), (1, GREEN)),
    ),
    number(
        About(
            title="GPUs held and idle",
            says="Pods have them and did nothing with them for an hour.",
            width=SIXTH,
            runbook="GPUIdle",
        ),
        Query("sum(gpuclass:pool_class_gpus:idle) or 0 * sum(gpuclass:pool_gpus:capacity)"),
        steps=NONE_IS_WELL,
    ),
    number(
        About(
            title="GPU pods that wait",
            says="Pods that ask for GPUs and have no node; those behind a scheduling gate are not"
            " counted.",
            width=SIXTH,
            runbook="GPUPodWaiting",
        ),
        Query(
            'sum(gpuclass:class_pods:waiting{longer_than="0s"})'
            " or 0 * sum(gpuclass:pool_gpus:capacity)"
        ),
        steps=NONE_IS_WELL,
    ),
)

USE = (
    listing(
        About(
            title="Pools",
            says="GPUs of each pool and name of a resource. Offered below all: the device plug-in"
            " took some for broken. Nodes of no pool have an empty name.",
            runbook="GPULost",
        ),
        Query("sum by (pool, resource) (gpuclass:pool_gpus:capacity)", "all"),
        Query("sum by (pool, resource) (gpuclass:pool_gpus:allocatable)", "offered"),
        Query("sum by (pool, resource) (gpuclass:pool_class_gpus:allocated)", "held"),
        Query("sum by (pool, resource) (gpuclass:pool_gpus:free)", "free"),
    ),
    lines(
        About(
            title="GPUs held, by class", says="By pods, stacked: the top is what is held in all."
        ),
        Query(f"sum by (class) (gpuclass:pool_class_gpus:allocated{{{CHOSEN}}})", "{{class}}"),
        is_stacked=True,
    ),
    bars(
        About(title="GPUs held, by namespace", says="The fifteen that have most.", width=THIRD),
        Query(
            f'topk(15, sum by (namespace) (gpuclass:pod_gpus:requested{{node!="", {TEAMS}}}))',
            "{{namespace}}",
        ),
    ),
    lines(
        About(
            title="How busy held GPUs are",
            says="The part of time in which GPUs that pods have did something, on average: the"
            " graphics engine, or where profiling is off any kernel at all.",
            unit="percentunit",
            width=THIRD,
        ),
        Query(f"gpuclass:pool_class_gpus:busy_ratio{{{CHOSEN}}}", "{{class}} in {{pool}}"),
    ),
    listing(
        About(
            title="Held and idle",
            says="Pods whose GPUs did nothing for an hour: ask their owners, or end them.",
            width=THIRD,
            runbook="GPUIdle",
        ),
        Query(f"gpuclass:pod_gpus:idle{{{TEAMS}}}", "idle GPUs"),
    ),
)

WAITING = (
    lines(
        About(
            title="GPU pods that wait, by class",
            says="No node that their class lets them use has enough free GPUs.",
            runbook="GPUPodWaiting",
        ),
        Query(f'gpuclass:class_pods:waiting{{longer_than="0s", {CHOSEN}}}', "{{class}}"),
        is_stacked=True,
    ),
    lines(
        About(title="The longest wait, by class", says="Of the pods that wait now.", unit="s"),
        Query(f"gpuclass:class_pods:longest_wait_seconds{{{CHOSEN}}}", "{{class}}"),
        steps=((None, GREEN), (30 * 60, ORANGE)),
    ),
    listing(
        About(
            title="Who waits",
            says="The fifty that wait longest. `gpuclass explain pod/NAME -n NAMESPACE` says node"
            " by node why.",
            runbook="GPUPodWaiting",
        ),
        Query(f"topk(50, gpuclass:pod:waiting_seconds{{{TEAMS}}})", "waits"),
        units={"waits": "s"},
    ),
    lines(
        About(
            title="What the scheduler says",
            says="Pods that it can not place, by the plug-in that says no, those without GPUs too:"
            " NodeResourcesFit (too few GPUs, CPUs or memory), NodeAffinity (no node of the class),"
            " TaintToleration. One pod counts under each. Needs kube-scheduler to be scraped.",
        ),
        Query("sum by (plugin) (scheduler_unschedulable_pods)", "{{plugin}}"),
    ),
)

DECISIONS = (
    lines(
        About(
            title="Decisions, by verdict",
            says="Reviews a second, dry runs not counted. inject: a GPU pod got its class;"
            " propagate: a workload's annotation was carried on.",
            unit="reqps",
        ),
        Query(
            "sum by (verdict) (rate("
            f"gpuclass_decisions_total{{{REAL}, {CHOSEN}}}[$__rate_interval]))",
            "{{verdict}}",
        ),
        is_stacked=True,
    ),
    lines(
        About(
            title="Refusals, by class",
            says="A second; without a name: the pod names no class, or one that there is not.",
            unit="reqps",
            runbook="GpuclassRefusingMuch",
        ),
        Query(
            "sum by (class) (rate(gpuclass_decisions_total"
            f'{{verdict="deny", {REAL}, {CHOSEN}}}[$__rate_interval]))',
            "{{class}}",
        ),
    ),
    bars(
        About(
            title="Refused, by rule",
            says="In the time that is shown, dry runs among it.",
            width=THIRD,
            runbook="GpuclassRefusingMuch",
        ),
        Query(
            "sort_desc(sum by (rule) (increase("
            'gpuclass_rule_decisions_total{verdict="deny"}[$__range])))',
            "{{rule}}",
        ),
        steps=((None, ORANGE),),
    ),
    bars(
        About(
            title="Changed or warned, by rule",
            says="In the time that is shown. What a rule warned of is here, too.",
            width=THIRD,
        ),
        Query(
            "sort_desc(sum by (rule) (increase("
            'gpuclass_rule_decisions_total{verdict!="deny"}[$__range])))',
            "{{rule}}",
        ),
    ),
    bars(
        About(
            title="Would be changed or refused (mode Audit)",
            says="What rules in mode Audit would have done in the time that is shown: look at it"
            " before the mode is raised.",
            width=THIRD,
        ),
        Query(
            "sort_desc(sum by (rule, effect) (increase("
            f"gpuclass_audited_decisions_total{{{REAL}}}[$__range])))",
            "{{rule}}: {{effect}}",
        ),
    ),
)

SPEED = (
    lines(
        About(
            title="API servers wait for an answer",
            says="By entry of the webhook configurations; half and 99 % take less.",
            unit="s",
            runbook="GpuclassReviewsSlow",
        ),
        *(
            Query(
                f"histogram_quantile({part}, sum by (name, le) (rate("
                f"apiserver_admission_webhook_admission_duration_seconds_bucket{{{CALLED}}}[$__rate_interval])))",
                f"{{{{name}}}} {share}",
            )
            for part, share in ((0.5, "50 %"), (0.99, "99 %"))
        ),
        steps=LONG,
    ),
    lines(
        About(
            title="A decision takes",
            says="From the bytes of a review to those of its answer, within the server.",
            unit="s",
        ),
        *(
            Query(
                f"histogram_quantile({part}, sum by (stage, le) (rate("
                "gpuclass_decision_duration_seconds_bucket[$__rate_interval])))",
                f"{{{{stage}}}} {share}",
            )
            for part, share in ((0.5, "50 %"), (0.99, "99 %"))
        ),
    ),
    lines(
        About(
            title="Calls without a usable answer",
            says="A second, as API servers see it: refused for it, or let in without one.",
            unit="reqps",
            width=THIRD,
            runbook="GpuclassReviewsLost",
        ),
        Query(
            "sum by (name) (rate(apiserver_admission_webhook_rejection_count"
            f'{{{CALLED}, error_type!="no_error"}}[$__rate_interval]))'
            " or 0 * sum by (name) (rate("
            f"apiserver_admission_webhook_request_total{{{CALLED}}}[$__rate_interval]))",
            "{{name}}: refused",
        ),
        Query(
            "sum by (name) (rate("
            f"apiserver_admission_webhook_fail_open_count{{{CALLED}}}[$__rate_interval]))",
            "{{name}}: let in",
        ),
    ),
    lines(
        About(
            title="Reviews without a decision",
            says="A second, as the servers see it, by reason.",
            unit="reqps",
            width=THIRD,
            runbook="GpuclassReviewsFailing",
        ),
        Query(
            "sum by (reason) (rate(gpuclass_failed_reviews_total[$__rate_interval]))", "{{reason}}"
        ),
    ),
    lines(
        About(
            title="Budgets burn",
            says="How many times faster than promised, over the last hour. 1 uses a budget up in 30"
            " days; at 14.4 somebody is called.",
            width=THIRD,
        ),
        Query("gpuclass:reviews_lost:ratio_1h / 0.0005", "lost"),
        Query("gpuclass:reviews_slow:ratio_1h / 0.01", "slow"),
        Query("gpuclass:servers:none_ready_ratio_1h / 0.0005", "no server ready"),
        steps=((None, GREEN), (1, ORANGE), (14.4, RED)),
    ),
    lines(
        About(title="Connections to the servers", says="Open now.", width=THIRD),
        Query('sum by (instance) (gpuclass_connections{listener="admission"})', "{{instance}}"),
    ),
    lines(
        About(
            title="Connections that were cut",
            says="A second, by reason: a deadline, a limit, a failed handshake.",
            unit="cps",
            width=THIRD,
        ),
        Query(
            "sum by (reason) (rate("
            'gpuclass_connections_cut_total{listener="admission"}[$__rate_interval]))',
            "{{reason}}",
        ),
    ),
    lines(
        About(title="Memory of the servers", says="Resident.", unit="bytes", width=THIRD),
        Query(
            "process_resident_memory_bytes and on (instance) gpuclass_policy_info",
            "{{instance}}",
        ),
    ),
)

KEEPING = (
    listing(
        About(
            title="Findings of the audit",
            says="Objects that are not as the policy has it. `gpuclass audit` names them.",
            runbook="GPUNodeUnguarded",
        ),
        Query("max by (finding, severity) (gpuclass_audit_findings) > 0", "objects"),
    ),
    lines(
        About(
            title="Nodes that pools claim",
            says="Marked as their pool says, still waiting for it, or disputed by two pools.",
            runbook="GPUNodeUnguarded",
        ),
        Query("max by (state) (gpuclass_controller_nodes)", "{{state}}"),
        is_stacked=True,
    ),
    number(
        About(
            title="Last audit",
            says="How long ago it ended; the leader audits every ten minutes.",
            unit="s",
            width=SIXTH,
            runbook="GpuclassAuditStale",
        ),
        Query("time() - max(gpuclass_audit_last_run_timestamp_seconds)"),
        steps=((None, GREEN), (30 * 60, ORANGE), (60 * 60, RED)),
    ),
    number(
        About(
            title="Controllers that lead",
            says="One: certificates, registration, nodes and statuses are looked after.",
            width=SIXTH,
            runbook="GpuclassControllerDown",
        ),
        Query("sum(gpuclass_controller_leading)"),
        steps=((None, RED), (1, GREEN), (2, RED)),
    ),
    number(
        About(
            title="Longest silence of a watch",
            says="Since a server last heard of a resource. Above two minutes it decides by what it"
            " knew then.",
            unit="s",
            width=SIXTH,
            runbook="GpuclassWatchSilent",
        ),
        Query("max(gpuclass_watch_silence_seconds)"),
        steps=((None, GREEN), (60, ORANGE), (120, RED)),
    ),
    lines(
        About(
            title="What the controller did",
            says="Steps a second, by the reason of their events: repairs again and again mean that"
            " somebody else writes the same object.",
            unit="ops",
        ),
        Query(
            "sum by (reason) (rate(gpuclass_controller_steps_total[$__rate_interval])) > 0",
            "{{reason}}",
        ),
    ),
    lines(
        About(
            title="Runs that failed, by duty",
            says="A second. They are tried again; the log says why.",
            unit="ops",
        ),
        Query(
            'sum by (duty) (rate(gpuclass_controller_runs_total{done="false"}[$__rate_interval]))',
            "{{duty}}",
        ),
    ),
    lines(
        About(
            title="The hottest GPU of a node",
            says="Degrees; cards slow down somewhere above 80.",
            unit="celsius",
        ),
        Query("max by (node) (DCGM_FI_DEV_GPU_TEMP)", "{{node}}"),
        steps=((None, GREEN), (80, ORANGE), (90, RED)),
    ),
)

PLATFORM = Board(
    uid="gpuclass-platform",
    title="gpuclass: the platform",
    says="Is it well, who has the GPUs, what waits and why, what is decided and refused, how fast.",
    variables=(
        Variable(name="class", query="label_values(gpuclass:pod_class:info, class)"),
        Variable(name="namespace", query="label_values(gpuclass:pod_class:info, namespace)"),
    ),
    rows={
        "Is it well?": WELL,
        "Who has the GPUs?": USE,
        "What waits, and why?": WAITING,
        "What is decided?": DECISIONS,
        "How fast, and what is lost?": SPEED,
        "Nodes, audit, controller": KEEPING,
    },
)
