"""Ways into a JSON object: the value at a path, put there, taken away, and paths of many values.

A path is a tuple of names, list indices and keys of lists (`patches[manager=us]`: the item that is
ours). A pattern is one whose step `[*]` stands for each item of a list or each entry of a map.
Values are replaced, never changed in place, and parents that are missing are made.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from webhook.core.patch import JSON

JSONObject: TypeAlias = dict[str, JSON]


@dataclass(frozen=True, slots=True)
class Item:
    """The step to the item of a list in which a field has a value (an OpenAPI list of type map)."""

    field: str
    value: str

    def index(self, items: JSON) -> int | None:
        """Give where it is in a list; None where it is not there."""
        for index, each in enumerate(items if isinstance(items, list) else ()):
            if isinstance(each, dict) and each.get(self.field) == self.value:
                return index
        return None


Step: TypeAlias = str | int | Item
Path: TypeAlias = tuple[Step, ...]

EACH = "[*]"
"""The step of a pattern that stands for every item of a list, or every entry of a map."""

_STEP = re.compile(r"\[[^\]]*\]|[^.\[\]]+")
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9]*")


def parse(text: str) -> Path:
    """Read a pattern: `spec.tasks[*].template`, `spec.patches[manager=us].metadata`."""
    return tuple(map(_step, _STEP.findall(text)))


def _step(text: str) -> Step:
    field, is_item, value = text.strip("[]").partition("=")
    return Item(field, value) if is_item else text


def written(path: Path) -> str:
    """Write a path or a pattern as messages do: `spec.tasks[0].template`, `spec["a-b"].x`."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif isinstance(step, Item):
            text += f"[{step.field}={step.value}]"
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
        place = step.index(document) if isinstance(step, Item) else step
        if isinstance(document, dict) and isinstance(place, str):
            document = document.get(place)
        elif isinstance(document, list) and isinstance(place, int) and place < len(document):
            document = document[place]
        else:
            return None
    return document


def put(document: JSON, path: Path, value: JSON) -> JSONObject:
    """Give the document with a value at a path; missing and null parents are made.

    Items of lists are made by their key only: an index that a path names must be there.
    """
    made = _put(document, path, value)
    return made if isinstance(made, dict) else {}


def _put(document: JSON, path: Path, value: JSON) -> JSON:
    if not path:
        return value
    step, *rest = path
    if not isinstance(step, str):
        items = list(document) if isinstance(document, list) else []
        index = step if isinstance(step, int) else _made(items, step)
        items[index] = _put(items[index], tuple(rest), value)
        return items
    fields = dict(document) if isinstance(document, dict) else {}
    fields[step] = _put(fields.get(step), tuple(rest), value)
    return fields


def _made(items: list[JSON], step: Item) -> int:
    """Give where an item is; it is added where it is not there."""
    index = step.index(items)
    if index is None:
        index = len(items)
        items.append({step.field: step.value})
    return index


def drop(document: JSON, path: Path) -> JSONObject:
    """Give the document without the value at a path, nor the maps that held nothing else.

    Items of lists stay, be they empty; but one that a path names by its key goes when no map or
    list is left in it.
    """
    made = _drop(document, path)
    return made if isinstance(made, dict) else {}


def _drop(document: JSON, path: Path) -> JSON:
    step, *rest = path
    if isinstance(step, int):
        items = list(document) if isinstance(document, list) else []
        items[step] = _drop(items[step], tuple(rest))
        return items
    if isinstance(step, Item):
        return _without(document, step, tuple(rest))
    fields = dict(document) if isinstance(document, dict) else {}
    left = _drop(fields.get(step), tuple(rest)) if rest else None
    if left:
        return {**fields, step: left}
    return {key: value for key, value in fields.items() if key != step}


def _without(document: JSON, step: Item, rest: Path) -> JSON:
    index = step.index(document)
    if index is None or not isinstance(document, list):
        return document
    item = _drop(document[index], rest) if rest else None
    held = item.values() if isinstance(item, dict) else ()
    is_left = any(isinstance(each, dict | list) for each in held)
    return [*document[:index], *([item] if is_left else []), *document[index + 1 :]]


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
