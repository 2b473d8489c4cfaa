"""Medians, ranges, ratios within rounds."""

import pytest

from benchmarks.figures import Figure, figure, figures, ratios
from tests.benchmarks.results import SAMPLES


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param([3.0], (3, 3, 3), id="one"),
        pytest.param([5.0, 1.0, 2.0], (2, 1, 5), id="odd"),
        pytest.param([1.0, 2.0, 4.0, 9.0], (3, 1, 9), id="even"),
    ],
)
def test_a_figure_is_the_median_with_its_range(
    values: list[float], expected: tuple[float, float, float]
) -> None:
    found = figure(values)
    assert (found.median, found.low, found.high) == expected


def test_every_arm_has_every_metric_and_its_conditions() -> None:
    found = figures(SAMPLES)
    assert list(found) == ["gpuclass", "Go"]
    assert found["Go"]["cpu_us"] == Figure(median=100, low=60, high=125)
    assert found["gpuclass"]["load_cpu"].median == 0.25
    assert found["gpuclass"]["others"].median == 0.02


def test_a_ratio_is_taken_within_each_round() -> None:
    found = ratios(SAMPLES, "Go")
    assert list(found) == ["gpuclass"]
    assert found["gpuclass"]["cpu_us"] == Figure(median=0.5, low=0.4, high=0.6)
    assert found["gpuclass"]["p99_us"] == Figure(median=0.5, low=0.25, high=0.75)
