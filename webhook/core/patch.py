"""JSON Patch by comparing before and after, so that no rule ever writes a JSON pointer.

`diff(a, b)` gives the operations that turn `a` into `b` (RFC 6902; paths by RFC 6901), `apply`
is their inverse check: `apply(diff(a, b), a) == b`. A value that is absent and one that is null
are the same to the Kubernetes API; operations are chosen so that they apply to either.
"""

from collections.abc import Sequence
from typing import Literal, TypeAlias

import msgspec

JSON: TypeAlias = dict[str, "JSON"] | list["JSON"] | str | int | float | bool | None


class Operation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One operation of RFC 6902; `value` is absent for `remove`.

    The value is whatever encodes to JSON: a struct goes to the wire as it is, `plain` gives the
    JSON of it.
    """

    op: Literal["add", "replace", "remove"]
    path: str
    value: object = msgspec.UNSET


class PatchError(ValueError):
    """An operation does not apply: a parent or a field that it names is not there."""


def plain(value: object) -> JSON:
    """Give a value as the JSON that it is on the wire."""
    encoded: JSON = msgspec.json.decode(msgspec.json.encode(value))
    return encoded


def step(key: str) -> str:
    """Give one step of a JSON pointer (RFC 6901): `a/b` is `/a~1b`."""
    return "/" + key.replace("~", "~0").replace("/", "~1")


def diff(before: JSON, after: JSON, path: str = "") -> tuple[Operation, ...]:
    """Give the operations that turn `before` into `after`; none where they are equal."""
    if before == after and _same(before, after):
        return ()
    if isinstance(before, dict) and isinstance(after, dict):
        return _diff_objects(before, after, path)
    if isinstance(before, list) and isinstance(after, list):
        return _diff_arrays(before, after, path)
    return _replace(after, path)


def _same(before: JSON, after: JSON) -> bool:
    """Tell equal values apart that only Python takes for equal: `True == 1`, `1 == 1.0`."""
    if isinstance(before, dict) and isinstance(after, dict):
        return all(_same(before[key], after[key]) for key in before)
    if isinstance(before, list) and isinstance(after, list):
        return all(map(_same, before, after))
    return type(before) is type(after)


def _replace(after: JSON, path: str) -> tuple[Operation, ...]:
    return (Operation(op="replace", path=path, value=after),)


def _diff_objects(
    before: dict[str, JSON], after: dict[str, JSON], path: str
) -> tuple[Operation, ...]:
    operations = [
        Operation(op="remove", path=path + step(key)) for key in before if key not in after
    ]
    for key, value in after.items():
        if key not in before or (before[key] is None and value is not None):
            operations.append(Operation(op="add", path=path + step(key), value=value))
        else:
            operations.extend(diff(before[key], value, path + step(key)))
    return tuple(operations)


def _diff_arrays(before: list[JSON], after: list[JSON], path: str) -> tuple[Operation, ...]:
    operations: list[Operation] = []
    for index, (old, new) in enumerate(zip(before, after, strict=False)):
        operations.extend(diff(old, new, f"{path}/{index}"))
    operations.extend(
        Operation(op="remove", path=f"{path}/{index}")
        for index in range(len(before) - 1, len(after) - 1, -1)
    )
    operations.extend(
        Operation(op="add", path=f"{path}/{index}", value=after[index])
        for index in range(len(before), len(after))
    )
    return tuple(operations)


def apply(operations: Sequence[Operation], document: JSON) -> JSON:
    """Apply `operations` to a copy of `document`; raise PatchError as an API server would fail."""
    result: JSON = _copy(document)
    for operation in operations:
        result = _apply_one(operation, result)
    return result


def _copy(value: JSON) -> JSON:
    if isinstance(value, dict):
        return {key: _copy(item) for key, item in value.items()}
    return [_copy(item) for item in value] if isinstance(value, list) else value


def _apply_one(operation: Operation, document: JSON) -> JSON:
    if not operation.path:
        return _value(operation)
    *parents, last = operation.path[1:].split("/")
    target = document
    for parent in parents:
        target = _child(target, _unescape(parent), operation)
    _write(target, _unescape(last), operation)
    return document


def _unescape(escaped: str) -> str:
    return escaped.replace("~1", "/").replace("~0", "~")


def _value(operation: Operation) -> JSON:
    if operation.value is msgspec.UNSET:
        raise PatchError(f"{operation.op} {operation.path}: no value")
    return plain(operation.value)


def _child(target: JSON, name: str, operation: Operation) -> JSON:
    if isinstance(target, dict) and name in target:
        return target[name]
    if isinstance(target, list) and name.isdecimal() and int(name) < len(target):
        return target[int(name)]
    raise PatchError(f"{operation.op} {operation.path}: {name!r} is not there")


def _write(target: JSON, name: str, operation: Operation) -> None:
    if operation.op != "add":
        _child(target, name, operation)
    if isinstance(target, dict):
        if operation.op == "remove":
            del target[name]
        else:
            target[name] = _value(operation)
    elif isinstance(target, list) and name.isdecimal() and int(name) <= len(target):
        if operation.op != "add":
            del target[int(name)]
        if operation.op != "remove":
            target.insert(int(name), _value(operation))
    else:
        raise PatchError(f"{operation.op} {operation.path}: no list or object holds {name!r}")
