"""The table of ways round in docs/security.md: numbered, and each with a test or a reason."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "security.md"
CLUSTER = ROOT / "tests" / "cluster"
WAYS = 28
"""As many as were collected from the sources of the API server; what comes after is our own."""

ROW = re.compile(r"^\| (\d+) \| (.+?) \| (.+?) \|(?: (.+?))? \|$", re.MULTILINE)
TEST = re.compile(r"`([\w/]+\.py)::(\w+)`")
FILE = re.compile(r"`(policies/[\w/.-]+)`")


def rows() -> list[tuple[str, ...]]:
    """Give number, way, what becomes of it and what shows it, of each row."""
    return [match.groups("") for match in ROW.finditer(PAGE.read_text(encoding="utf-8"))]


@cache
def names_in(file: Path) -> frozenset[str]:
    """Give the names of a module's tests."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return frozenset(each.name for each in tree.body if isinstance(each, ast.FunctionDef))


def test_ways_are_numbered_without_a_gap() -> None:
    numbers = [int(number) for number, *_ in rows()]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) >= WAYS


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0])
def test_way_is_closed_by_tests_that_exist_or_open_for_a_reason(row: tuple[str, ...]) -> None:
    _, _, becomes, shown = row
    named = TEST.findall(shown)
    assert named or "*open*" in becomes
    for file, name in named:
        assert (CLUSTER / file).is_file(), file
        assert name in names_in(CLUSTER / file), f"{file}::{name}"
    for file in FILE.findall(shown):
        assert (ROOT / file).is_file(), file


def test_test_that_is_not_there_is_missed() -> None:
    assert "test_that_nobody_wrote" not in names_in(CLUSTER / "governed" / "test_ways.py")
    assert TEST.findall("`governed/test_ways.py::test_x`") == [("governed/test_ways.py", "test_x")]
