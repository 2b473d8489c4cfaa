"""The page and the data that a run leaves behind."""

from pathlib import Path

import msgspec
import pytest

from tests.cluster.chaos import report
from tests.cluster.chaos.__main__ import DATA, PAGE
from tests.cluster.chaos.report import BEGIN, END
from tests.cluster.chaos.rows import ROWS
from tests.cluster.chaos.runner import Result

RESULT = Result(
    row="rolling",
    fault="a rollout",
    promise="0 lost",
    date="2026-01-02",
    did="3 replicas replaced",
    requests=12_345,
    lost=0,
    allowed=0,
    bound=0.000243,
    p50_ms=5.4,
    p99_ms=20.6,
    prompt=0.9876,
    machine="two processors",
    load=(1.6, 4.4),
    seconds=60.0,
    faults=(),
    counts={"client: made": 12_345, "client: webhook": 0},
    messages=(),
)


def test_a_run_replaces_the_rows_that_it_played() -> None:
    clock = msgspec.structs.replace(RESULT, row="clock")
    before = report.merge(None, [RESULT, clock])
    again = msgspec.structs.replace(RESULT, date="2026-01-03")
    assert report.merge(before, [again]).results == {"rolling": again, "clock": clock}


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    found = report.merge(None, [RESULT])
    (tmp_path / "data").write_bytes(report.encode(found))
    assert report.read(tmp_path / "data") == found
    assert report.read(tmp_path / "none") is None


def test_the_table_takes_the_place_of_the_last_one() -> None:
    found = report.merge(None, [RESULT])
    page = report.insert(f"before\n{BEGIN}\nold\n{END}\nafter\n", found)
    assert "old" not in page
    assert page.startswith(f"before\n{BEGIN}\n| fault |")
    assert page.endswith(f"{END}\nafter\n")
    line = "| a rollout | 0 lost | 12,345 | 0 | 0.024% | 0 | 5, 21 | 98.8% | 2 to 4 | 2026-01-02 |"
    assert line in page
    assert "- **rolling**: 3 replicas replaced (client: made 12,345)." in page
    assert "Machine of rolling: two processors." in page
    assert f"Not yet run in the long form: {ROWS[1].name}, " in page


def test_a_row_keeps_the_machine_and_the_load_that_it_had() -> None:
    other = {"machine": "four processors", "load": (3.0, 3.2), "prompt": None}
    clock = msgspec.structs.replace(RESULT, row="clock", **other)
    edits = msgspec.structs.replace(RESULT, row="edits")
    lines = report.table(report.merge(None, [RESULT, clock, edits])).splitlines()
    assert "Machine of rolling, edits: two processors." in lines
    assert "Machine of clock: four processors." in lines
    assert any(" | 5, 21 | ? | 3 | 2026-01-02 |" in each for each in lines)


def test_a_row_that_did_not_pass_is_told() -> None:
    bad = msgspec.structs.replace(RESULT, lost=1, faults=("lost: 1 x ...",))
    assert "| 1, **not passed** |" in report.table(report.merge(None, [bad]))


def test_the_page_in_the_repository_is_what_its_data_give() -> None:
    data = report.read(DATA)
    if data is None:
        pytest.skip("no long run yet")
    page = PAGE.read_text(encoding="utf-8")
    assert page == report.insert(page, data)
    assert [each for each in data.results.values() if each.faults] == []
