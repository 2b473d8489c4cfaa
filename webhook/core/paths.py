"""Ways into a JSON object: the value at a path, put there, taken away, and paths of many values.

A path is a tuple of names and list indices. A pattern is one whose step `[*]` stands for each item
of a list or each entry of a map. Values are replaced, never changed in place, and parents that are
missing are made.
"""

import re
from collections.abc import Iterator
from typing import TypeAlias

from webhook.core.patch import JSON

JSONObject: TypeAlias = dict[str, JSON]
Step: TypeAlias = str | int
Path: TypeAlias = tuple[Step, ...]

EACH = "[*]"
"""The step of a pattern that stands for every item of a list, or every entry of a map."""

_STEP = re.compile(r"\[\*\]|[^.\[\]]+")
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9]*")


def parse(text: str) -> Path:
    """Read a pattern: `spec.tasks[*].template`."""
    return tuple(_STEP.findall(text))


def written(path: Path) -> str:
    """Write a path or a pattern as messages do: `spec.tasks[0].template`, `spec["a-b"].x`."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif step == EACH:
            text += step
        elif _PLAIN.fullmatch(step):
            text += f".{step}" if text else step
        else:
            text += f'["{step}"]'
    return text


def at(document: JSON, path: Path) -> JSON:
    """Give the value at a path, None where it or a parent of it is absent."""
    for step in path:
        if isinstance(document, dict) and isinstance(step, str):
            document = document.get(step)
        elif isinstance(document, list) and isinstance(step, int) and step < len(document):
            document = document[step]
        else:
            return None
    return document


def put(document: JSON, path: Path, value: JSON) -> JSONObject:
    """Give the document with a value at a path; missing and null parents are made.

    Items of lists are never made: an index that a path names must be there.
    """
    made = _put(document, path, value)
    return made if isinstance(made, dict) else {}


def _put(document: JSON, path: Path, value: JSON) -> JSON:
    if not path:
        return value
    step, *rest = path
    if isinstance(step, int):
        items = list(document) if isinstance(document, list) else []
        items[step] = _put(items[step], tuple(rest), value)
        return items
    fields = dict(document) if isinstance(document, dict) else {}
    fields[step] = _put(fields.get(step), tuple(rest), value)
    return fields


def drop(document: JSON, path: Path) -> JSONObject:
    """Give the document without the value at a path, nor the maps that held nothing else.

    Items of lists stay, be they empty.
    """
    made = _drop(document, path)
    return made if isinstance(made, dict) else {}


def _drop(document: JSON, path: Path) -> JSON:
    step, *rest = path
    if isinstance(step, int):
        items = list(document) if isinstance(document, list) else []
        items[step] = _drop(items[step], tuple(rest))
        return items
    fields = dict(document) if isinstance(document, dict) else {}
    left = _drop(fields.get(step), tuple(rest)) if rest else None
    if left:
        return {**fields, step: left}
    return {key: value for key, value in fields.items() if key != step}


def expand(document: JSON, pattern: Path) -> Iterator[Path]:
    """Give the paths in a document that a pattern stands for; the last value may be absent."""
    if EACH not in pattern:
        yield pattern
        return
    place = pattern.index(EACH)
    head, tail = pattern[:place], pattern[place + 1 :]
    held = at(document, head)
    keys: tuple[Step, ...] = ()
    if isinstance(held, list):
        keys = tuple(range(len(held)))
    elif isinstance(held, dict):
        keys = tuple(held)
    for key in keys:
        for rest in expand(at(held, (key,)), tail):
            yield (*head, key, *rest)


def bind(pattern: Path, path: Path) -> Path:
    """Give the path of a pattern whose every `[*]` stands where `path` has a key or an index."""
    return tuple(path[place] if step == EACH else step for place, step in enumerate(pattern))
