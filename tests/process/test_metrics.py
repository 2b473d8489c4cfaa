"""Rows of the tables of metrics: what is made of them, and what a scrape of it shows."""

from typing import Any

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from tests.exposition import strays
from webhook.control import measures as controller
from webhook.control.auditor import Auditor
from webhook.control.keeper import Keeper
from webhook.control.marker import Marker
from webhook.control.metrics import Metrics as ControllerMetrics
from webhook.control.registration import Registrar
from webhook.control.reporter import Reporter
from webhook.process.metrics import COMMON, Exposition, Label, Row
from webhook.serve import measures as server
from webhook.serve.metrics import Metrics as ServerMetrics
from webhook.watch import measures as watch
from webhook.watch.metrics import WatchCollector

EVERY: tuple[Row[Any], ...] = (*server.ROWS, *watch.ROWS, *controller.ROWS)
AMONG = {"version": {"1"}, "class": {"a"}}

COLOUR = Label(name="colour", values=("red", "green"))
PAINTED = Row(
    name="x_painted_total", kind=Counter, help="h", unit="u", advice="a", labels=(COLOUR,)
)
SECONDS = Row(
    name="x_seconds", kind=Histogram, help="h", unit="s", advice="a", buckets=(0.5, float("inf"))
)


def shown(*rows: Row[Any]) -> str:
    registry = CollectorRegistry(auto_describe=True)
    for row in rows:
        row.make(registry)
    return generate_latest(registry).decode()


def samples(text: str) -> list[str]:
    return [line for line in text.splitlines() if not line.startswith("#")]


def test_a_counter_of_few_series_begins_each_at_zero() -> None:
    assert samples(shown(PAINTED)) == [
        'x_painted_total{colour="red"} 0.0',
        'x_painted_total{colour="green"} 0.0',
    ]


@pytest.mark.parametrize(
    "labels",
    [
        pytest.param((Label(name="n", values=[str(n) for n in range(41)]),), id="many values"),
        pytest.param((COLOUR, Label(name="n", among="whatever")), id="values not known"),
    ],
)
def test_a_counter_of_many_series_begins_none(labels: tuple[Label, ...]) -> None:
    row = Row(name="x_total", kind=Counter, help="h", unit="u", advice="a", labels=labels)
    assert samples(shown(row)) == []


def test_a_gauge_with_labels_says_nothing_before_it_is_set() -> None:
    row = Row(name="x", kind=Gauge, help="h", unit="u", advice="a", labels=(COLOUR,))
    assert samples(shown(row)) == []


def test_a_histogram_has_the_buckets_of_its_row_and_no_series_of_its_making() -> None:
    assert samples(shown(SECONDS)) == [
        'x_seconds_bucket{le="0.5"} 0.0',
        'x_seconds_bucket{le="+Inf"} 0.0',
        "x_seconds_count 0.0",
        "x_seconds_sum 0.0",
    ]
    assert strays(shown(SECONDS), [SECONDS], {}) == []


def test_strays_of_a_scrape_are_named() -> None:
    told = Row(name="x_gone", kind=Gauge, help="h", unit="u", advice="a")
    text = (
        'x_painted_total{colour="blue"} 1\n'
        'x_painted_total{shade="red"} 1\n'
        'gpuclass_build_info{version="2"} 1\n'
        "y 1\n"
    )
    assert strays(text, [PAINTED, told, COMMON[0]], AMONG) == [
        "x_gone: not shown",
        "x_painted_total: not shown",
        "x_painted_total: colour='blue' is out of bounds",
        "x_painted_total: has the labels ['shade'], told are ['colour']",
        "x_painted_total: colour=None is out of bounds",
        "gpuclass_build_info: version='2' is out of bounds",
        "y: in no table",
    ]


@pytest.mark.parametrize(
    ("made", "rows"),
    [
        pytest.param(ServerMetrics, server.ROWS, id="serve"),
        pytest.param(ControllerMetrics, controller.ROWS, id="controller"),
    ],
)
def test_a_program_shows_what_its_table_tells(
    made: type[Exposition], rows: tuple[Row[Any], ...]
) -> None:
    found = {each.name for each in made().registry.collect()}
    assert found == {row.name.removesuffix("_total") for row in rows}


def test_the_watches_show_what_their_table_tells() -> None:
    found = [each.name for each in WatchCollector([]).collect()]
    assert found == [row.name.removesuffix("_total") for row in watch.ROWS]


@pytest.mark.parametrize("row", EVERY, ids=lambda row: row.name)
def test_a_row_says_all_that_its_reader_needs(row: Row[Any]) -> None:
    assert row.name.startswith(("gpuclass_", "process_"))
    assert row.name.endswith("_total") == (row.kind is Counter)
    assert row.help.endswith(".")
    assert row.advice.endswith(".")
    assert row.unit
    assert all(bool(each.values) != bool(each.among) for each in row.labels)


def test_no_label_names_an_object_of_the_cluster() -> None:
    names = {name for row in EVERY if row is not controller.POOL_NODE for name in row.label_names}
    assert names.isdisjoint({"namespace", "pod", "name", "user", "node", "uid", "container"})
    assert controller.POOL_NODE.label_names == ["pool", "node"]


def test_the_duties_of_the_controller_are_those_of_its_table() -> None:
    duties = (Registrar, Keeper, Marker, Reporter, Auditor)
    assert tuple(each.name for each in duties) == controller.DUTIES
