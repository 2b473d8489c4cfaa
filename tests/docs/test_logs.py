"""docs/logs.md has every event of the code, with its logger, levels and fields, and no other."""

import ast
import json
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TypeAlias

import pytest

from tests.docs.log_page import Row, rows, unlisted, wrong
from webhook.core.decision import Verdict
from webhook.core.subject.case import Stage

Call: TypeAlias = tuple[str, str, tuple[str, ...], frozenset[str]]
"""Event, logger, levels and fields."""

WEBHOOK = Path(__file__).parents[2] / "webhook"
METHODS = {"debug": ("debug",), "info": ("info",), "warning": ("warning",), "error": ("error",)}
EITHER = ("info", "warning")
"""Of `_log.log`: the kinds of a Kubernetes event."""
DECISIONS = {f"{stage} {verdict}" for stage in Stage for verdict in Verdict}
"""Written past `logging`: tests/serve/test_observer.py has their fields."""


@cache
def calls() -> tuple[Call, ...]:
    """Give each call of a logger in the code."""
    return tuple(_calls())


def _calls() -> Iterator[Call]:
    for file in WEBHOOK.rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        if "_log = " not in text:
            continue
        tree = ast.parse(text)
        for call in ast.walk(tree):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
                owner = call.func.value
                if isinstance(owner, ast.Name) and owner.id == "_log":
                    yield from _read(call, call.func.attr, _logger(tree))


def _read(call: ast.Call, method: str, logger: str) -> Iterator[Call]:
    if method == "isEnabledFor":
        return
    (message,) = (each for each in call.args if isinstance(each, ast.Constant))
    fields: set[str] = set()
    for keyword in call.keywords:
        if keyword.arg == "exc_info":
            fields.add("traceback")
        elif isinstance(keyword.value, ast.Call):
            fields |= {each.arg or "**" for each in keyword.value.keywords}
    yield str(message.value), logger, METHODS.get(method, EITHER), frozenset(fields)


def _logger(tree: ast.Module) -> str:
    """Give the name of a module's logger: `_log = logging.getLogger(f"{ROOT}.policy")`."""
    (made,) = (
        each.value
        for each in tree.body
        if isinstance(each, ast.Assign)
        and isinstance(each.targets[0], ast.Name)
        and each.targets[0].id == "_log"
    )
    assert isinstance(made, ast.Call)
    assert isinstance(made.args[0], ast.JoinedStr)
    end = made.args[0].values[-1]
    assert isinstance(end, ast.Constant)
    assert isinstance(end.value, str)
    return f"gpuclass{end.value}"


def test_the_page_has_every_event_of_the_code_and_no_other() -> None:
    assert set(rows()) == {event for event, *_ in calls()} | DECISIONS


@pytest.mark.parametrize("event", sorted({event for event, *_ in calls()}))
def test_the_page_says_of_an_event_what_the_code_writes(event: str) -> None:
    row = rows()[event]
    found = defaultdict[str, set[object]](set)
    for name, logger, levels, fields in calls():
        if name == event:
            found["logger"].add(logger)
            found["levels"] |= {*levels}
            assert "**" in fields or row.fields <= fields <= row.fields | row.optional
            found["optional"] |= fields - row.fields
    assert found["logger"] == {row.logger}
    assert found["levels"] == row.levels
    assert found["optional"] - {"**"} == row.optional


LINE = {"time": "", "level": "info", "logger": "gpuclass.worker", "message": "draining"}


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ({**LINE, "seconds": 3}, ""),
        ({**LINE, "logger": "asyncio", "message": "anything"}, ""),
        (LINE, "docs/logs.md says"),
        ({**LINE, "seconds": 3, "more": 1}, "docs/logs.md says"),
        ({**LINE, "seconds": 3, "level": "error"}, "docs/logs.md says"),
        ({**LINE, "message": "unheard of"}, "no such event in docs/logs.md"),
    ],
)
def test_a_line_is_held_against_the_page(line: dict[str, object], says: str) -> None:
    assert wrong(line).startswith(says) if says else not wrong(line)


@pytest.mark.parametrize(
    "line",
    [
        '{"logger": "asyncio", "message": "-----BEGIN PRIVATE KEY-----"}',
        "ValueError: Invalid header value b'bearer abc'",
        "MIGHAgEAMBMGByqGSM49AgEG",
        "LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0t",
        "token=eyJhbGciOiJSUzI1NiIsImtpZCI6",
    ],
)
def test_a_secret_is_found_in_whatever_was_written(line: str) -> None:
    """By a library, or past the log as well."""
    found = [*unlisted([f"{json.dumps({**LINE, 'seconds': 3})}\n{line}\n"])]
    assert found == [f"a secret in the log: {line}"]


def test_a_row_is_read_with_what_is_optional() -> None:
    assert rows()["policy in force"] == Row(
        logger="gpuclass.policy",
        levels=frozenset({"info"}),
        fields=frozenset({"revision"}),
        optional=frozenset({"classes"}),
    )
