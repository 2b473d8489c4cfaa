"""docs/logs.md as a table: which events there are, and what a line that was written lacks of it."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[2] / "docs" / "logs.md"
ROW = re.compile(r"^\| (`.+?`) \| (\w+) \| ([\w, ]+) \| ([\w, ()]*) ?\| .*\|$", re.MULTILINE)
HEAD = frozenset({"time", "level", "logger", "message"})
SECRETS = re.compile(r"PRIVATE KEY|MIGHAgEA|LS0tLS1CRUdJTiB|[Bb]earer |\beyJ[\w-]{20}")
"""Keys as PEM, without its head (PKCS8 of P-256), in a Secret (base64); tokens and their header."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What the page says of one event."""

    logger: str
    levels: frozenset[str]
    fields: frozenset[str]
    optional: frozenset[str]


@cache
def rows() -> Mapping[str, Row]:
    """Give what the page says by the event's name."""
    return dict(_read(PAGE.read_text(encoding="utf-8")))


def _read(text: str) -> Iterator[tuple[str, Row]]:
    for names, logger, levels, fields in ROW.findall(text):
        each = [name for name in re.split(r",\s*", fields.strip()) if name]
        row = Row(
            logger=f"gpuclass.{logger}",
            levels=frozenset(levels.split(", ")),
            fields=frozenset(name for name in each if not name.startswith("(")),
            optional=frozenset(name.strip("()") for name in each if name.startswith("(")),
        )
        for name in re.findall(r"`(.+?)`", names):
            yield name, row


def wrong(line: Mapping[str, Any]) -> str:
    """Say what a line has that the page does not say; empty: it is as the page says."""
    if not str(line["logger"]).startswith("gpuclass."):
        return ""  # a library's
    row = rows().get(str(line["message"]))
    if row is None:
        return f"no such event in docs/logs.md: {line}"
    found = frozenset(line) - HEAD
    is_as_said = (
        line["logger"] == row.logger
        and line["level"] in row.levels
        and row.fields <= found <= row.fields | row.optional
    )
    return "" if is_as_said else f"docs/logs.md says {row} of: {line}"


def unlisted(logs: Iterable[str]) -> Iterator[str]:
    """Say what is not as the page says in whole logs; a last line may be cut short by a kill."""
    for log in logs:
        for line in log.splitlines():
            if SECRETS.search(line):
                yield f"a secret in the log: {line}"
            with suppress(json.JSONDecodeError):
                if found := wrong(json.loads(line)):
                    yield found
