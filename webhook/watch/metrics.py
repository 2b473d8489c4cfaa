"""The figures of watches for Prometheus, read when somebody asks for them."""

from collections.abc import Iterable, Sequence
from typing import Any

from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from webhook.process.metrics import Family
from webhook.watch import measures
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
    def _families() -> tuple[Family, ...]:
        return tuple(row.family() for row in measures.ROWS)
