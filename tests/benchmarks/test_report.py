"""A report as JSON, as tables, as a plot."""

import json
from xml.etree import ElementTree as ET

from benchmarks import plot, report, table
from benchmarks.figures import Figure
from tests.benchmarks.results import make_report

SVG = "{http://www.w3.org/2000/svg}"


def test_json_has_four_significant_digits_and_ends_with_a_newline() -> None:
    text = report.write(make_report())
    assert text.endswith(b"}\n")
    found = json.loads(text)
    assert found["seconds"] == 0.3333
    assert found["outcomes"][0]["ratios"]["gpuclass"]["cpu_us"] == {
        "median": 0.5,
        "low": 0.4,
        "high": 0.6,
    }


def test_a_table_gives_medians_and_ratios_with_their_range() -> None:
    assert table.render(make_report()) == (
        "16 connections & more\n"
        "\n"
        "|               |           cpu us |        reviews/s |           p50 us |"
        "           p99 us | load busy | others |\n"
        "| ------------- | ---------------: | ---------------: | ---------------: |"
        " ---------------: | --------: | -----: |\n"
        "| gpuclass      |               50 |               10 |              100 |"
        "              200 |       25% |     2% |\n"
        "| Go            |              100 |               10 |              100 |"
        "              400 |       25% |     2% |\n"
        "| gpuclass / Go | 0.50 (0.40-0.60) | 1.00 (1.00-1.00) | 1.00 (1.00-1.00) |"
        " 0.50 (0.25-0.75) |           |        |\n"
    )


def test_the_plot_is_xml_with_a_bar_for_each_metric_and_escapes_titles() -> None:
    root = ET.fromstring(plot.render(make_report(), "gpuclass"))  # noqa: S314 - our own
    bars = [each for each in root.iter(f"{SVG}rect") if each.get("fill") in plot.COLOURS]
    texts = [each.text for each in root.iter(f"{SVG}text")]
    assert len(bars) == len(plot.SHOWN)
    assert "16 connections & more" in texts
    assert "0.50" in texts


def test_what_is_off_the_scale_is_cut_off() -> None:
    found = make_report()
    found.outcomes[0].ratios["gpuclass"]["p99_us"] = Figure(median=9, low=3, high=40)
    root = ET.fromstring(plot.render(found, "gpuclass"))  # noqa: S314 - our own
    ends = [float(each.get("x2", "0")) for each in root.iter(f"{SVG}line")]
    ends += [
        float(each.get("x", "0")) + float(each.get("width", "0"))
        for each in root.iter(f"{SVG}rect")
    ]
    assert max(ends) == plot.WIDTH
    assert "9.00" in [each.text for each in root.iter(f"{SVG}text")]


def test_bars_are_as_long_as_their_ratio() -> None:
    root = ET.fromstring(plot.render(make_report(), "gpuclass"))  # noqa: S314 - our own
    widths = [
        float(each.get("width", "0"))
        for each in root.iter(f"{SVG}rect")
        if each.get("fill") in plot.COLOURS
    ]
    cpu, p50, _ = widths
    assert p50 == 2 * cpu
