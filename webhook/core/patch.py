"""JSON Patch by comparing before and after, so that no rule ever writes a JSON pointer.

`diff(a, b)` gives the operations that turn `a` into `b` (RFC 6902; paths by RFC 6901), `apply`
is their inverse check: `apply(diff(a, b), a) == b`. A value that is absent and one that is null
are the same to the Kubernetes API; operations are chosen so that they apply to either.
"""

from collections.abc import Sequence
from typing import Literal, TypeAlias

import msgspec

JSON: TypeAlias = "dict[str, JSON] | list[JSON] | str | int | float | bool | None"


class Operation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One operation of RFC 6902; `value` is absent for `remove`."""

    op: Literal["add", "replace", "remove"]
    path: str
    value: JSON | msgspec.UnsetType = msgspec.UNSET


class PatchError(ValueError):
    """An operation does not apply: a parent or a field that it names is not there."""


def pointer(*steps: str | int) -> str:
    """Give the JSON pointer of `steps`: `pointer("a/b", 0)` is `/a~1b/0`."""
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in steps)


def diff(before: JSON, after: JSON, path: str = "") -> tuple[Operation, ...]:
    """Give the operations that turn `before` into `after`; none where they are equal."""
    if before == after and type(before) is type(after):
        return () if _same(before, after) else _replace(after, path)
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
        Operation(op="remove", path=path + pointer(key)) for key in before if key not in after
    ]
    for key, value in after.items():
        if key not in before or (before[key] is None and value is not None):
            operations.append(Operation(op="add", path=path + pointer(key), value=value))
        else:
            operations.extend(diff(before[key], value, path + pointer(key)))
    return tuple(operations)


def _diff_arrays(before: list[JSON], after: list[JSON], path: str) -> tuple[Operation, ...]:
    operations: list[Operation] = []
    for index, (old, new) in enumerate(zip(before, after, strict=False)):
        operations.extend(diff(old, new, path + pointer(index)))
    operations.extend(
        Operation(op="remove", path=path + pointer(index))
        for index in range(len(before) - 1, len(after) - 1, -1)
    )
    operations.extend(
        Operation(op="add", path=path + pointer(index), value=after[index])
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
        return _copy(_value(operation))
    *parents, last = operation.path[1:].split("/")
    target = document
    for step in parents:
        target = _child(target, _unescape(step), operation)
    _write(target, _unescape(last), operation)
    return document


def _unescape(step: str) -> str:
    return step.replace("~1", "/").replace("~0", "~")


def _value(operation: Operation) -> JSON:
    if operation.value is msgspec.UNSET:
        raise PatchError(f"{operation.op} {operation.path}: no value")
    return operation.value


def _child(target: JSON, step: str, operation: Operation) -> JSON:
    if isinstance(target, dict) and step in target:
        return target[step]
    if isinstance(target, list) and step.isdecimal() and int(step) < len(target):
        return target[int(step)]
    raise PatchError(f"{operation.op} {operation.path}: {step!r} is not there")


def _write(target: JSON, step: str, operation: Operation) -> None:
    if operation.op != "add":
        _child(target, step, operation)
    if isinstance(target, dict):
        if operation.op == "remove":
            del target[step]
        else:
            target[step] = _copy(_value(operation))
    elif isinstance(target, list) and step.isdecimal() and int(step) <= len(target):
        if operation.op != "add":
            del target[int(step)]
        if operation.op != "remove":
            target.insert(int(step), _copy(_value(operation)))
    else:
        raise PatchError(f"{operation.op} {operation.path}: no list or object holds {step!r}")
