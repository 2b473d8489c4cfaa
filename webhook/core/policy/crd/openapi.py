"""Dataclasses as structural OpenAPI v3 schemas, field by field (`schema.properties`).

It knows shapes and limits, no particular document; what a schema has no word for is in `rules`.
"""

import json
from collections.abc import Iterable
from typing import TypeAlias

from webhook.core.patch import JSON
from webhook.core.policy.crd.rules import RULES, Rule, keys, spelling
from webhook.core.policy.schema import (
    About,
    Choice,
    Entries,
    Items,
    Property,
    Record,
    Scalar,
    Shape,
    camel,
    properties,
)

Object: TypeAlias = dict[str, JSON]

_INT32_MAX = 2**31 - 1


def of_record(record: type) -> Object:
    """Give the schema of a dataclass, without its description."""
    return of_fields(properties(record), RULES.get((record, ""), ()), record)


def of_fields(fields: Iterable[Property], rules: Iterable[Rule], record: type) -> Object:
    """Give the schema of some fields of a dataclass, and of the rules that hold for all of them."""
    given = tuple(fields)
    required: list[JSON] = [each.name for each in given if each.required]
    schema: Object = {
        "type": "object",
        "properties": {each.name: _of_property(each, record) for each in given},
    }
    return schema | ({"required": required} if required else {}) | _validations(rules)


def _of_property(field: Property, record: type) -> Object:
    rules = RULES.get((record, field.name), ())
    default = _default(field.default)
    # Told, not filled in: an object is as its author wrote it (ADR 0026).
    told = f"{describe(field.about)} Default: {default}." if default else describe(field.about)
    return {"description": told, **_of_shape(field.shape, field.about, rules)}


def describe(about: About) -> str:
    """Give a field's description as sentences: what it means, and how it is spelt."""
    parts = [about.description]
    if about.keys:
        parts.append(f"keys: {', '.join(about.keys)}")
    if about.key_syntax:
        parts.append(f"each key: {about.key_syntax.expected}")
    if about.syntax:
        of_each = "each value" if about.key_syntax else "each" if about.unique else "spelt"
        parts.append(f"{of_each}: {about.syntax.expected}")
    return " ".join(f"{part[0].upper()}{part[1:]}." for part in parts)


def _of_shape(shape: Shape, about: About, rules: Iterable[Rule]) -> Object:
    match shape:
        case Scalar(type=kind):
            return _of_scalar(kind, about, rules)
        case Choice(type=choices):
            return {"type": "string", "enum": [each.value for each in choices]}
        case Items(of=item):
            return _of_items(_of_shape(item, about, rules), about)
        case Entries(of=item):
            return _of_entries(_of_shape(item, about, rules), about)
        case Record(type=record):
            return of_record(record)


def _of_scalar(kind: type, about: About, rules: Iterable[Rule]) -> Object:
    if kind is int:
        return _of_int(about)
    if kind is bool:
        return {"type": "boolean"}
    syntax = about.syntax
    if syntax is None:
        form: Object = {"format": about.format} if about.format else {}
        return {"type": "string", **form}
    return {
        "type": "string",
        "maxLength": syntax.max_length,
        "pattern": syntax.pattern,
        **_validations((*spelling(syntax), *rules)),
    }


def _of_int(about: About) -> Object:
    is_small = about.maximum is not None and about.maximum <= _INT32_MAX
    limits: dict[str, int | None] = {"minimum": about.minimum, "maximum": about.maximum}
    return {
        "type": "integer",
        "format": "int32" if is_small else "int64",
        **{key: value for key, value in limits.items() if value is not None},
    }


def _of_items(item: Object, about: About) -> Object:
    kind = "set" if about.unique else "map" if about.unique_by else "atomic"
    identity: Object = (
        {"x-kubernetes-list-map-keys": [camel(each) for each in about.unique_by]}
        if about.unique_by
        else {}
    )
    least: Object = {"minItems": about.min_items} if about.min_items else {}
    return {
        "type": "array",
        **least,
        "maxItems": about.max_items,
        "x-kubernetes-list-type": kind,
        **identity,
        "items": item,
    }


def _of_entries(item: Object, about: About) -> Object:
    least: Object = {"minProperties": about.min_items} if about.min_items else {}
    return {
        "type": "object",
        **least,
        "maxProperties": about.max_items,
        "additionalProperties": item,
        **_validations(keys(about)),
    }


def _validations(rules: Iterable[Rule]) -> Object:
    rendered: list[JSON] = [each.render() for each in rules]
    return {"x-kubernetes-validations": rendered} if rendered else {}


def _default(value: object) -> str:
    """Tell a default; nothing where a field is empty by itself, or made of fields."""
    if isinstance(value, str):
        return str(value)
    is_told = isinstance(value, bool | int) or (isinstance(value, tuple) and value)
    return json.dumps(value) if is_told else ""
