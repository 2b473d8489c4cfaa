"""What a field of a document may hold, read off the dataclasses in `documents`.

One source for three readers: `decode` (YAML and API objects to dataclasses), the CRDs' OpenAPI
schemas, and the documentation of fields. It knows no particular document.
"""

import dataclasses
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import TypeAlias

from webhook.core.policy.syntax import Syntax

MAX_ITEMS = 64
"""Items of a list or map whose field says nothing else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a field's type does not say. Limits of text hold for each item of a list or map.

    `unique` (items differ) is an OpenAPI list of type set, `unique_by` (fields that tell items
    apart) one of type map. `max_items` bounds what the API server's CEL rules may cost. `format` is
    that of OpenAPI, for what a controller writes.
    """

    description: str
    syntax: Syntax | None = None
    key_syntax: Syntax | None = None
    keys: tuple[str, ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    min_items: int = 0
    max_items: int = MAX_ITEMS
    unique: bool = False
    unique_by: tuple[str, ...] = ()
    format: str = ""


@dataclass(frozen=True, slots=True)
class Scalar:
    """Text, a whole number, or true and false."""

    type: type[str] | type[int] | type[bool]


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the values of an enumeration."""

    type: type[StrEnum]


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    of: "Shape"


@dataclass(frozen=True, slots=True)
class Entries:
    """A map from text."""

    of: "Shape"


@dataclass(frozen=True, slots=True)
class Record:
    """A mapping of known fields: another dataclass."""

    type: type


Shape: TypeAlias = Scalar | Choice | Items | Entries | Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Property:
    """A field: its name in YAML and in Python, its shape, and whether it must be there."""

    name: str
    attribute: str
    shape: Shape
    about: About
    required: bool
    default: object = None


def about(description: str, **limits: typing.Unpack["Limits"]) -> Mapping[str, About]:
    """Describe a field: `field(metadata=about("...", syntax=DNS_LABEL))`."""
    return {"about": About(description=description, **limits)}


class Limits(typing.TypedDict, total=False):
    """The keywords of `about`; those of `About`."""

    syntax: Syntax
    key_syntax: Syntax
    keys: tuple[str, ...]
    minimum: int
    maximum: int
    min_items: int
    max_items: int
    unique: bool
    unique_by: tuple[str, ...]
    format: str


def properties(record: type) -> tuple[Property, ...]:
    """Give the described fields of a dataclass; those without `about` are not the author's."""
    return _properties(record)


@cache
def _properties(record: type) -> tuple[Property, ...]:
    hints = typing.get_type_hints(record)
    return tuple(
        Property(
            name=camel(field.name),
            attribute=field.name,
            shape=shape_of(hints[field.name]),
            about=field.metadata["about"],
            required=_is_required(field),
            default=_default(field),
        )
        for field in dataclasses.fields(record)
        if "about" in field.metadata
    )


def shape_of(hint: object) -> Shape:
    """Give the shape that a type hint stands for; raise TypeError for one that has none."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is types.UnionType and arguments[1:] == (types.NoneType,):
        return shape_of(arguments[0])
    if origin is tuple:
        return Items(shape_of(arguments[0]))
    if origin is Mapping:
        return Entries(shape_of(arguments[1]))
    if isinstance(hint, type):
        if issubclass(hint, StrEnum):
            return Choice(hint)
        if dataclasses.is_dataclass(hint):
            return Record(hint)
        if hint in (str, int, bool):
            return Scalar(hint)
    raise TypeError(f"no schema for {hint!r}")


def camel(name: str) -> str:
    """Give a field's name as the API spells it: `match_labels` is `matchLabels`."""
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))


def _is_required(field: "dataclasses.Field[object]") -> bool:
    return field.default is field.default_factory is dataclasses.MISSING


def _default(field: "dataclasses.Field[object]") -> object:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return None if field.default is dataclasses.MISSING else field.default


def plain(record: object) -> dict[str, object]:
    """Write a described dataclass as JSON; what is None or an empty list or map is left out."""
    fields = properties(type(record))
    found = {each.name: _plain(getattr(record, each.attribute)) for each in fields}
    return {name: value for name, value in found.items() if value not in (None, [], {})}


def _plain(value: object) -> object:
    if isinstance(value, StrEnum):
        return value.value
    if dataclasses.is_dataclass(value):
        return plain(value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return dict(value) if isinstance(value, Mapping) else value


def tidy(record: type, value: Mapping[str, object]) -> dict[str, object]:
    """Write an object of the API as its author would: its fields in their order.

    `record` is the described dataclass; fields that it does not know stay, at the end.
    """
    shapes = {each.name: each.shape for each in properties(record)}
    known = {name: _tidy(shape, value[name]) for name, shape in shapes.items() if name in value}
    return {**known, **{name: each for name, each in value.items() if name not in shapes}}


def _tidy(shape: Shape, value: object) -> object:
    if isinstance(shape, Record) and isinstance(value, Mapping):
        return tidy(shape.type, value)
    if isinstance(shape, Items) and isinstance(value, list):
        return [_tidy(shape.of, each) for each in value]
    return value
