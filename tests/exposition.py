"""A scrape held against the tables of metrics: no series and no label value beyond them."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

import webhook
from webhook.core.policy.policy import Policy
from webhook.process.metrics import Label, Row

Bounds = Mapping[str, Collection[str]]
"""Values of the labels whose table says only what they are among."""


def bounds(*policies: Policy) -> Bounds:
    """Give what labels may say while some policies are in force, one after another."""
    classes = {name for each in policies for name in each.classes}
    revisions = {each.revision for each in policies}
    pools = {pool.name for each in policies for pool in each.pools}
    return {
        "class": {"", *classes},
        "pool": pools,
        "revision": revisions,
        "version": {webhook.__version__},
    }


def strays(text: str, rows: Iterable[Row[Any]], among: Bounds) -> list[str]:
    """Say what a scrape shows that the rows do not tell, and what they tell that it does not."""
    told = {name: row for row in rows for name in row.samples}
    families = list(text_string_to_metric_families(text))
    shown = {each.name for each in families}
    missing = {row.name for row in told.values() if row.name.removesuffix("_total") not in shown}
    found = [f"{name}: not shown" for name in sorted(missing)]
    for family in families:
        for sample in family.samples:
            found += _faults(sample, told.get(sample.name), among)
    return found


def _faults(sample: Sample, row: Row[Any] | None, among: Bounds) -> Iterator[str]:
    if row is None:
        yield f"{sample.name}: in no table"
        return
    labels = {name: value for name, value in sample.labels.items() if name != "le"}
    if sorted(labels) != sorted(row.label_names):
        yield f"{sample.name}: has the labels {sorted(labels)}, told are {row.label_names}"
    for label in row.labels:
        if labels.get(label.name) not in _values(label, among):
            yield f"{sample.name}: {label.name}={labels.get(label.name)!r} is out of bounds"


def _values(label: Label, among: Bounds) -> Collection[str]:
    return among[label.name] if label.among else label.values
