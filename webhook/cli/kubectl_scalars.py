"""What an unquoted scalar means to kubectl: YAML 1.1 as go-yaml v2 resolves it, then JSON.

`no`, `off` and `n` are false, `010` is 8, `1_000` is 1000; times and dates stay text. Sources:
go.yaml.in/yaml/v2 resolve.go and sigs.k8s.io/yaml, which write the result as JSON.
"""

import base64
import binascii
import math
import re
from typing import TypeAlias

Scalar: TypeAlias = str | int | float | bool | None

_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("y", "Y", "n", "N"), False),
    **{
        spelling: value
        for word, value in (
            ("yes", True),
            ("true", True),
            ("on", True),
            ("no", False),
            ("false", False),
            ("off", False),
        )
        for spelling in (word, word.capitalize(), word.upper())
    },
    "y": True,
    "Y": True,
}
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_INTEGER = re.compile(
    r"(?P<sign>[-+]?)(?:0[xX](?P<hex>[0-9a-fA-F]+)|0[bB](?P<bin>[01]+)"
    r"|0[oO]?(?P<oct>[0-7]+)|(?P<dec>0|[1-9][0-9]*))"
)
_BASES = {"hex": 16, "bin": 2, "oct": 8, "dec": 10}
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")

_MAX_INTEGER = 2**64
_MAX_WRITTEN_WHOLE = 1e21
"""From here on JSON (encoding/json) writes a whole float with an exponent."""

_STANDARD = "tag:yaml.org,2002:"
_TYPES: dict[str, tuple[type, ...]] = {
    "bool": (bool,),
    "int": (int,),
    "float": (int, float),
    "null": (type(None),),
    "timestamp": (str,),
}


def resolve(text: str) -> Scalar:
    """Give the value of an unquoted scalar; raise ValueError for what JSON can not hold."""
    if text in _WORDS:
        return _WORDS[text]
    if _NOT_FINITE.fullmatch(text):
        raise ValueError(f"{text} is no number of JSON")
    if not text[0].isdigit() and text[0] not in "+-.":
        return text
    return _number(text)


def resolve_tagged(text: str, tag: str) -> Scalar:
    """Give the value of a scalar with an explicit tag; raise ValueError where they disagree."""
    name = tag.removeprefix(_STANDARD) if tag.startswith(_STANDARD) else ""
    if name == "binary":
        return _decoded(text)
    if name not in _TYPES:
        return text
    value = resolve(text)
    if type(value) not in _TYPES[name]:
        raise ValueError(f"{text!r} is no !!{name}")
    return value


def key(value: Scalar) -> str:
    """Give the text of a mapping's key, which JSON wants to be text; ValueError for null."""
    if value is None:
        raise ValueError("a key is empty")
    return value if isinstance(value, str) else str(value).lower()


def _number(text: str) -> Scalar:
    plain = text if text.startswith(".") else text.replace("_", "")
    matched = _INTEGER.fullmatch(plain)
    if matched:
        base = matched.lastgroup or "dec"
        whole = int(matched["sign"] + matched[base], _BASES[base])
        return whole if abs(whole) < _MAX_INTEGER else float(whole)
    if not _FLOAT.fullmatch(plain):
        return text
    value = float(plain)
    if math.isinf(value):
        return text
    return int(value) if value.is_integer() and abs(value) < _MAX_WRITTEN_WHOLE else value


def _decoded(text: str) -> str:
    try:
        return base64.b64decode("".join(text.split()), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise ValueError("!!binary holds no base64 of text") from error
