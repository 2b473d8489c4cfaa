"""The board of whoever owns a class: what it has, who uses it how, what waits or is refused."""

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

SIXTH, THIRD, WHOLE = 4, 8, 24
MINE = 'class="$class"'
TEAMS = f'{MINE}, namespace=~"$namespace"'
HELD = f'gpuclass:pod_gpus:requested{{node!="", {TEAMS}}}'
NONE = "0 * sum(gpuclass:pool_gpus:capacity)"
PODS = f"max by (namespace, pod) ({HELD} > bool 0)"
"""1 for each pod of the class that has GPUs."""
BUSY = f"gpuclass:gpu:busy_ratio * on (namespace, pod) group_left () {PODS}"

NOW = (
    number(
        About(title="GPUs held", says="By pods of the class.", width=SIXTH),
        Query(f"sum({HELD}) or {NONE}"),
    ),
    number(
        About(
            title="Held and idle",
            says="Pods have them and did nothing with them for an hour.",
            width=SIXTH,
            runbook="GPUIdle",
        ),
        Query(f"sum(gpuclass:pod_gpus:idle{{{TEAMS}}}) or {NONE}"),
        steps=NONE_IS_WELL,
    ),
    number(
        About(
            title="How busy",
            says="The part of time in which GPUs did something, on average of the class's pods.",
            unit="percentunit",
            width=SIXTH,
        ),
        Query(f"avg({BUSY})"),
        steps=((None, ORANGE), (0.3, GREEN)),
    ),
    number(
        About(
            title="Pods that wait",
            says="For a node with enough free GPUs that the class lets them use.",
            width=SIXTH,
            runbook="GPUPodWaiting",
        ),
        Query(f"count(gpuclass:pod:waiting_seconds{{{TEAMS}}}) or {NONE}"),
        steps=NONE_IS_WELL,
    ),
    number(
        About(title="The longest wait", says="Of the pods that wait now.", unit="s", width=SIXTH),
        Query(f"max(gpuclass:pod:waiting_seconds{{{TEAMS}}}) or {NONE}"),
        steps=((None, GREEN), (10 * 60, ORANGE), (60 * 60, RED)),
    ),
    number(
        About(
            title="Refused",
            says="Pods and workloads of the class that were refused in the time that is shown.",
            width=SIXTH,
            runbook="GpuclassRefusingMuch",
        ),
        Query(
            "sum(increase(gpuclass_decisions_total"
            f'{{verdict="deny", dry_run="false", {MINE}}}[$__range]))'
            f" or {NONE}"
        ),
        steps=NONE_IS_WELL,
    ),
)

USE = (
    lines(
        About(title="GPUs held, by namespace", says="By pods of the class."),
        Query(f"sum by (namespace) ({HELD})", "{{namespace}}"),
        is_stacked=True,
    ),
    lines(
        About(
            title="GPUs held, by pool",
            says="Where the class's pods run: a Preferred class may spread over others' pools.",
        ),
        Query(f"sum by (pool) ({HELD})", "{{pool}}"),
        is_stacked=True,
    ),
    listing(
        About(
            title="Pods",
            says="What each has, where, and how busy it keeps it (average of its GPUs).",
            width=WHOLE,
        ),
        Query(f"sum by (namespace, pod, node, pool) ({HELD})", "GPUs"),
        Query(
            f"avg by (namespace, pod) ({BUSY})",
            "busy",
        ),
        Query(f"sum by (namespace, pod) (gpuclass:pod_gpus:idle{{{TEAMS}}})", "idle GPUs"),
        units={"busy": "percentunit"},
    ),
    listing(
        About(
            title="Free GPUs of pools",
            says="Of every pool; which of them the class may use is in its document (`kubectl get"
            " gpuclass`).",
            width=THIRD,
        ),
        Query("gpuclass:pool_gpus:free", "free"),
    ),
    lines(
        About(
            title="How busy, by namespace",
            says="The part of time in which the GPUs did something: the graphics engine, or where"
            " profiling is off any kernel at all.",
            unit="percentunit",
            width=THIRD,
        ),
        Query(
            f"avg by (namespace) ({BUSY})",
            "{{namespace}}",
        ),
    ),
    lines(
        About(
            title="Memory of GPUs in use",
            says="Of what the class's pods hold, by namespace.",
            unit="mbytes",
            width=THIRD,
        ),
        Query(
            "sum by (namespace) (label_replace(label_replace(DCGM_FI_DEV_FB_USED,"
            ' "namespace", "$1", "exported_namespace", "(.+)"),'
            ' "pod", "$1", "exported_pod", "(.+)")'
            f" * on (namespace, pod) group_left () {PODS})",
            "{{namespace}}",
        ),
    ),
)

WAITING = (
    listing(
        About(
            title="Who waits",
            says="`gpuclass explain pod/NAME -n NAMESPACE` says node by node why.",
            runbook="GPUPodWaiting",
        ),
        Query(f"gpuclass:pod:waiting_seconds{{{TEAMS}}}", "waits"),
        units={"waits": "s"},
    ),
    lines(
        About(
            title="Waiting, by how long",
            says="By how long at least. Those of other namespaces of the class are among them.",
        ),
        Query(f"gpuclass:class_pods:waiting{{{MINE}}}", "longer than {{longer_than}}"),
    ),
)

DECISIONS = (
    lines(
        About(
            title="Decisions, by verdict",
            says="Reviews of the class a second, dry runs not counted.",
            unit="reqps",
        ),
        Query(
            "sum by (verdict) (rate("
            f'gpuclass_decisions_total{{dry_run="false", {MINE}}}[$__rate_interval]))',
            "{{verdict}}",
        ),
        is_stacked=True,
    ),
    bars(
        About(
            title="Refused, by rule (all classes)",
            says="In the time that is shown. Rules are counted for all classes together: who was"
            " refused, and why, is in the server's log and in the events of the workload.",
            runbook="GpuclassRefusingMuch",
        ),
        Query(
            "sort_desc(sum by (rule) (increase("
            'gpuclass_rule_decisions_total{verdict="deny"}[$__range])))',
            "{{rule}}",
        ),
        steps=((None, ORANGE),),
    ),
)

TEAM = Board(
    uid="gpuclass-class",
    title="gpuclass: a class",
    says="What a class has, who uses it and how well, what waits, and what was refused.",
    variables=(
        Variable(name="class", query="label_values(gpuclass:pod_class:info, class)", is_one=True),
        Variable(
            name="namespace",
            query='label_values(gpuclass:pod_class:info{class="$class"}, namespace)',
        ),
    ),
    rows={
        "Now": NOW,
        "Who uses it?": USE,
        "What waits?": WAITING,
        "What is decided?": DECISIONS,
    },
)
