"""Which starts take too long."""

from benchmarks.growth.report import row
from benchmarks.growth.starts import late


def test_a_start_is_late_by_the_middle_of_some() -> None:
    files = row("files", {"few": [0.2, 0.3, 4.0], "many": [1.9, 1.99, 2.4]})
    watched = row("watched", {"few": [0.5, 0.5, 0.5], "many": [1.5, 2.0, 2.5]})
    assert late([files]) == ()
    assert late([files, watched]) == ("watched, many: 2.00 s, not under 2",)
