"""The report of the benchmark of propagation."""

from benchmarks.propagation import report


def test_the_report_has_median_and_tail() -> None:
    seconds = [each / 1000 for each in range(100, 151)]
    assert report(seconds) == (
        "51 edits, until both replicas decide by them\n"
        "median     125 ms\n"
        "p99        150 ms\n"
        "max        150 ms\n"
    )
