"""Metrics as a table: a row says what is counted, with which labels, and what it is good for.

Of the rows the instruments are made, docs/metrics.md is written, and a scrape is held against them.
A label's values come from a table or from the policy, never straight from a request.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any, Generic, TypeAlias, TypeVar

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

import webhook

T = TypeVar("T", Counter, Gauge, Histogram)
Family: TypeAlias = CounterMetricFamily | GaugeMetricFamily

FEW = 40
"""A counter with no more series than this begins each of them at 0, so that rates see the first."""

disable_created_metrics()  # type: ignore[no-untyped-call] # a second series for each counter that nobody asks for


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A label, and what bounds its values: they are known beforehand, or `among` says whence."""

    name: str
    values: Collection[str] = ()
    among: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row(Generic[T]):
    """One metric.

    `help` is what Prometheus shows, `unit` what a value of 1 is, `advice` what to do about it.
    Counters are named with `_total`. `buckets` are upper bounds of a histogram (none: the
    library's).
    """

    name: str
    kind: type[T]
    help: str
    unit: str
    advice: str
    labels: tuple[Label, ...] = ()
    buckets: Sequence[float] = field(default=(), repr=False)

    @property
    def label_names(self) -> list[str]:
        """Give the names of the labels, in their order."""
        return [each.name for each in self.labels]

    @property
    def samples(self) -> tuple[str, ...]:
        """Give the names that its series have in a scrape."""
        if self.kind is Histogram:
            return tuple(f"{self.name}{end}" for end in ("_bucket", "_count", "_sum"))
        return (self.name,)

    def make(self, registry: CollectorRegistry) -> T:
        """Make the instrument, and register it."""
        more: Mapping[str, Any] = {"buckets": self.buckets} if self.buckets else {}
        made = self.kind(self.name, self.help, self.label_names, registry=registry, **more)
        if self.kind is Counter:
            for values in _few(self.labels):
                made.labels(*values)
        return made

    def family(self) -> Family:
        """Make what a collector fills whenever it is asked."""
        kind = CounterMetricFamily if self.kind is Counter else GaugeMetricFamily
        return kind(self.name, self.help, labels=self.label_names)


def _few(labels: Sequence[Label]) -> Sequence[tuple[str, ...]]:
    """Give every combination of values, if they are known and few."""
    found = list(product(*(each.values for each in labels))) if labels else []
    return found if len(found) <= FEW else []


BOOLEAN = ("false", "true")


def word(value: object) -> str:
    """Give what a label of BOOLEAN says."""
    return BOOLEAN[bool(value)]


BUILD_INFO = Row(
    name="gpuclass_build_info",
    kind=Gauge,
    help="The version.",
    unit="state",
    advice="Two versions for longer than a rollout: one does not end.",
    labels=(Label(name="version", among="the version that runs, one at a time"),),
)
PROCESS: tuple[Row[Any], ...] = (
    Row(
        name="process_virtual_memory_bytes",
        kind=Gauge,
        help="Virtual memory size in bytes.",
        unit="bytes",
        advice="None: the resident memory is what counts.",
    ),
    Row(
        name="process_resident_memory_bytes",
        kind=Gauge,
        help="Resident memory size in bytes.",
        unit="bytes",
        advice="Compare with the limit of the Deployment; docs/serving.md has what was measured.",
    ),
    Row(
        name="process_start_time_seconds",
        kind=Gauge,
        help="Start time of the process since unix epoch in seconds.",
        unit="seconds since 1970",
        advice="A young one among old ones was started again: look at the log before.",
    ),
    Row(
        name="process_cpu_seconds_total",
        kind=Counter,
        help="Total user and system CPU time spent in seconds.",
        unit="seconds",
        advice="A rate near 1 is a full core: add replicas of the server.",
    ),
    Row(
        name="process_open_fds",
        kind=Gauge,
        help="Number of open file descriptors.",
        unit="descriptors",
        advice="Compare with process_max_fds.",
    ),
    Row(
        name="process_max_fds",
        kind=Gauge,
        help="Maximum number of open file descriptors.",
        unit="descriptors",
        advice="Must be above --max-connections of both addresses together.",
    ),
)
"""What prometheus_client says of a process on Linux."""

COMMON: tuple[Row[Any], ...] = (BUILD_INFO, *PROCESS)
"""What every program of ours shows."""


class Exposition:
    """The instruments of a program, in a registry of their own, with what every program shows."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry(auto_describe=True)
        ProcessCollector(registry=self.registry)
        BUILD_INFO.make(self.registry).labels(webhook.__version__).set(1)

    def render(self) -> bytes:
        """Give everything in Prometheus' text format."""
        return generate_latest(self.registry)
