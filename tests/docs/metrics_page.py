"""docs/metrics.md: the tables of metrics as a page."""

import re
from collections.abc import Iterable, Iterator, Mapping
from math import prod
from typing import Any

from prometheus_client import Histogram

from webhook.control import measures as controller
from webhook.process.metrics import COMMON, Label, Row
from webhook.serve import measures as server
from webhook.watch import measures as watch

HEAD = """
# Metrics

Both programs show their metrics in Prometheus' text format at `/metrics` on the port of the probes
(`--metrics-bind`; 8080 of every pod in `deploy/base`). Each replica of `gpuclass serve` shows its
own, so sum over them; of `gpuclass controller` only the leader has figures of duties. What they say
together is in [dashboards.md](dashboards.md), [slo.md](slo.md) and [monitoring.md](monitoring.md).
This page is written by the code (`make render`).

No label names a namespace, a pod or a user: those are in the log; one metric names GPU nodes. A
label's values come from the tables below or from the policy, never straight from a request; so a
replica shows no more series than the column says, each bucket of a histogram counted. Counters of
few series begin at 0.
"""
LABELS = """
## Values of labels

| label | of | values |
| --- | --- | --- |"""
COLUMNS = (
    "| metric and labels | type, unit, series | meaning | what to do about it |",
    "| --- | --- | --- | --- |",
)
PAGE, NAME, OPTION = (
    re.compile(text) for text in (r"docs/([\w-]+\.md)", r"\b\w+_\w+\b", r"(?<!\w)--[a-z-]+")
)
SECTIONS: Mapping[str, tuple[Row[Any], ...]] = {
    "`gpuclass serve`": tuple(row for row in server.ROWS if row not in COMMON),
    "`gpuclass serve` in a cluster: what it watches": watch.ROWS,
    "`gpuclass controller`": tuple(row for row in controller.ROWS if row not in COMMON),
    "Both": COMMON,
}
EVERY = tuple(row for rows in SECTIONS.values() for row in rows)


def metrics_page() -> str:
    """Write the page."""
    parts = [HEAD.strip()]
    for title, rows in SECTIONS.items():
        parts += ["", f"## {title}", "", *COLUMNS, *map(_row, rows)]
    return "\n".join([*parts, *LABELS.splitlines(), *_labels(EVERY)]) + "\n"


def _row(row: Row[Any]) -> str:
    name = ", ".join([f"`{row.name}`", *row.label_names]).replace(",", ":", 1)
    kind = f"{row.kind.__name__.lower()}, {row.unit}, {_series(row)}"
    return f"| {name} | {kind} | {_marked(row.help)} | {_marked(row.advice)} |"


def _marked(text: str) -> str:
    """Mark what is code, and link what is a page."""
    for pattern in (NAME, OPTION):
        text = pattern.sub(lambda found: f"`{found[0]}`", text)
    return PAGE.sub(r"[\1](\1)", text)


def _series(row: Row[Any]) -> str:
    """Say how many series there are at most; a class more is a factor more."""
    # A histogram has a count, a sum and a bucket without end besides; the library has 14 others.
    each = (len(row.buckets) or 14) + 3 if row.kind is Histogram else 1
    known = each * prod(len(label.values) for label in row.labels if label.values)
    return f"{known} x (classes + 1)" if "class" in row.label_names else str(known)


def _labels(rows: Iterable[Row[Any]]) -> Iterator[str]:
    """Give a line for each label that says something of its own, with the metrics that have it."""
    of: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        for label in row.labels:
            of.setdefault((label.name, _values(label)), []).append(f"`{row.name}`")
    for (name, values), names in of.items():
        yield f"| {name} | {', '.join(names)} | {values} |"


def _values(label: Label) -> str:
    return label.among or ", ".join(f"`{value}`" for value in label.values)
