"""A value of a document together with the line that it was written on.

Policies come as text (with lines) and as objects of the API server (without); both become
`Located`, so that one reader serves both.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, TypeAlias

Scalar: TypeAlias = str | int | float | bool | None


_SHOWN = 80
"""Characters of a value that a message shows."""


class Refused(Enum):
    """The mark of a value about which a fault was already reported: nothing more is said of it."""

    REFUSED = auto()


REFUSED: Final = Refused.REFUSED


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """A value and its line (from 1; 0: unknown). `raw` is a scalar as it was spelt.

    The line of a mapping's entry is that of its key, which is where a reader looks.
    """

    value: "Scalar | Refused | Mapping[str, Located] | tuple[Located, ...]"
    line: int = 0
    raw: str = ""


def locate(value: object) -> Located:
    """Take a decoded JSON value, which has no lines; raise TypeError for what JSON lacks."""
    if isinstance(value, Mapping):
        return Located(value={str(key): locate(item) for key, item in value.items()})
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return Located(value=tuple(map(locate, value)))
    if isinstance(value, str):
        return Located(value=value, raw=value)
    if value is None or isinstance(value, int | float):
        return Located(value=value, raw=json.dumps(value))
    raise TypeError(f"no JSON value: {type(value).__name__}")


def step(path: str, key: str | int) -> str:
    """Give the path of a child: `spec.pools`, `spec.pools[1]`, `spec.selector["a/b"]`."""
    if isinstance(key, int):
        return f"{path}[{key}]"
    if re.fullmatch(r"[A-Za-z][A-Za-z0-9]*", key):
        return f"{path}.{key}" if path else key
    return f"{path}[{json.dumps(_short(key))}]"


def show(text: str) -> str:
    """Give `text` for a message: as it is where that is plain, else quoted, and never long."""
    if re.fullmatch(r"[!-~]+", text) and len(text) <= _SHOWN:
        return text
    return json.dumps(_short(text))


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."
