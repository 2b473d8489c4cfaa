"""The figures of watches for Prometheus, read when somebody asks for them."""

from collections.abc import Iterable, Sequence
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from webhook.watch.reflector import Reflector


class WatchCollector(Collector):
    """Gives what each reflector went through."""

    def __init__(self, reflectors: Sequence[Reflector[Any]]) -> None:
        """Take the reflectors to ask."""
        self._reflectors = reflectors

    def describe(self) -> Iterable[Metric]:
        """Name the families, so that a registry need not read them to know."""
        return self._families()

    def collect(self) -> Iterable[Metric]:
        """Read every figure."""
        synced, objects, silence, lists, watches, failures = families = self._families()
        for each in self._reflectors:
            name, figures = [each.resource.name], each.figures
            synced.add_metric(name, float(each.is_synced))
            objects.add_metric(name, each.count)
            if each.age is not None:
                silence.add_metric(name, each.age)
            lists.add_metric(name, figures.lists)
            watches.add_metric(name, figures.watches)
            for reason, count in figures.failures.items():
                failures.add_metric([*name, reason], count)
        return families

    @staticmethod
    def _families() -> tuple[Any, ...]:
        return (
            GaugeMetricFamily(
                "gpuclass_watch_synced",
                "1 once a resource was read, or is known not to be served.",
                labels=["resource"],
            ),
            GaugeMetricFamily(
                "gpuclass_watch_objects", "Objects that are known.", labels=["resource"]
            ),
            GaugeMetricFamily(
                "gpuclass_watch_silence_seconds",
                "Since the API server was last heard of a resource; above 60 something is wrong.",
                labels=["resource"],
            ),
            CounterMetricFamily(
                "gpuclass_watch_lists",
                "Whole lists read; more than one says that a watch could not go on.",
                labels=["resource"],
            ),
            CounterMetricFamily(
                "gpuclass_watch_starts",
                "Watches begun; one lasts 40 to 48 seconds.",
                labels=["resource"],
            ),
            CounterMetricFamily(
                "gpuclass_watch_failures",
                "Lists and watches that failed.",
                labels=["resource", "reason"],
            ),
        )
