"""Every metric of the watches: a row each, in the order of their page (docs/metrics.md)."""

from typing import Any

from prometheus_client import Counter, Gauge

from webhook.process.metrics import Label, Row
from webhook.watch.failure import Reason
from webhook.watch.objects import RESOURCES

RESOURCE = Label(name="resource", values=tuple(each.name for each in RESOURCES))

SYNCED = Row(
    name="gpuclass_watch_synced",
    kind=Gauge,
    help="1 once a resource was read, or is known not to be served.",
    unit="state",
    advice="0 for longer than a start takes: gpuclass_watch_failures_total says why.",
    labels=(RESOURCE,),
)
OBJECTS = Row(
    name="gpuclass_watch_objects",
    kind=Gauge,
    help="Objects that are known.",
    unit="objects",
    advice="Replicas that differ for long: one of them learns nothing.",
    labels=(RESOURCE,),
)
SILENCE = Row(
    name="gpuclass_watch_silence_seconds",
    kind=Gauge,
    help="Since the API server was last heard of a resource; above 60 something is wrong.",
    unit="seconds",
    advice="Above 120: the server decides by what it last knew; look at the API server and the way"
    " to it.",
    labels=(RESOURCE,),
)
LISTS = Row(
    name="gpuclass_watch_lists_total",
    kind=Counter,
    help="Whole lists read; more than one says that a watch could not go on.",
    unit="lists",
    advice="Many: the API server's history is short, or it answers what can not be read.",
    labels=(RESOURCE,),
)
STARTS = Row(
    name="gpuclass_watch_starts_total",
    kind=Counter,
    help="Watches begun; one lasts 40 to 48 seconds.",
    unit="watches",
    advice="More than two a minute: something on the way cuts them short.",
    labels=(RESOURCE,),
)
FAILURES = Row(
    name="gpuclass_watch_failures_total",
    kind=Counter,
    help="Lists and watches that failed.",
    unit="failures",
    advice="forbidden: the ClusterRole lacks it; unauthorized: the token; the others pass by"
    " themselves, or the log says what does not.",
    labels=(RESOURCE, Label(name="reason", values=tuple(Reason))),
)

ROWS: tuple[Row[Any], ...] = (SYNCED, OBJECTS, SILENCE, LISTS, STARTS, FAILURES)
