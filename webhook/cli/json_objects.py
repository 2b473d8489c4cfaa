"""Objects out of JSON by its shape alone, so that ten thousands of them take seconds.

They stay the bytes that they are, and have no lines: who has to say where a fault stands reads the
text as `manifests` does.
"""

from collections.abc import Iterator
from typing import NamedTuple

import msgspec

MAX_BYTES = 1024**3
"""Of a text in JSON: half a million pods, or the nodes of the largest clusters."""
MAX_LISTS = 8
"""Lists inside one another."""


class Found(NamedTuple):
    """An object, and what it is."""

    api_version: str
    kind: str
    raw: msgspec.Raw


class _Object(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Any object, or a list of them."""

    api_version: str = ""
    kind: str = ""
    items: list[msgspec.Raw] | None = None


_read_any = msgspec.json.Decoder(_Object).decode


def is_json(text: str) -> bool:
    """Tell whether a text is meant to be one value in JSON."""
    return text.lstrip()[:1] == "{"


def read(text: str) -> Iterator[Found]:
    """Give the objects of a text, lists of them taken apart; raise msgspec.DecodeError."""
    return _items(msgspec.Raw(text.encode()), "", "", 0)


def _items(raw: msgspec.Raw, api_version: str, kind: str, depth: int) -> Iterator[Found]:
    """Take lists apart; an item that names no kind is of its list's (a PodList holds Pods)."""
    found = _read_any(raw)
    api_version, kind = found.api_version or api_version, found.kind or kind
    if found.items is None or not kind.endswith("List") or depth == MAX_LISTS:
        yield Found(api_version, kind, raw)
        return
    inherited = ("", "") if kind == "List" else (api_version, kind.removesuffix("List"))
    for item in found.items:
        yield from _items(item, *inherited, depth + 1)
