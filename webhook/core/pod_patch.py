"""The patch of a pod: before and after compared, for just the fields that rules may write.

Those are spec.affinity.nodeAffinity, spec.tolerations, the three priority fields, and entries of
the two maps in metadata. Everything else in a pod is nobody's business here.
"""

from functools import lru_cache
from typing import TypeAlias

import msgspec

from webhook.core.patch import Operation, step
from webhook.core.pod import NO_METADATA, NO_SPEC, Affinity, ObjectMeta, Pod, PodSpec, Toleration

_Map: TypeAlias = dict[str, str] | None
_Tolerations: TypeAlias = tuple[Toleration, ...] | None


def compare(before: Pod, after: Pod) -> tuple[Operation, ...]:
    """Give the operations that turn pod `before` into pod `after`; none where nothing changed."""
    if before is after:
        return ()
    return (
        *compare_metadata(before.metadata, after.metadata),
        *compare_specs(before.spec, after.spec),
    )


def compare_metadata(before: ObjectMeta, after: ObjectMeta) -> tuple[Operation, ...]:
    """Give the operations on a pod that turn its metadata into others."""
    if before is after:
        return ()
    if before is NO_METADATA:
        return (Operation(op="add", path="/metadata", value=after),)
    return _written_entries(before, after.labels, after.annotations)


def write_entries(
    before: ObjectMeta, labels: dict[str, str], annotations: dict[str, str]
) -> tuple[Operation, ...]:
    """Give the operations on a pod that write these labels and annotations beside its own."""
    if before is NO_METADATA:
        made = ObjectMeta(labels=labels or None, annotations=annotations or None)
        return compare_metadata(before, made if labels or annotations else before)
    return _written_entries(before, labels, annotations)


def compare_specs(before: PodSpec, after: PodSpec) -> tuple[Operation, ...]:
    """Give the operations on a pod that turn its spec into another."""
    if before is after:
        return ()
    if before is NO_SPEC:
        return (Operation(op="add", path="/spec", value=after),)
    operations: list[Operation] = []
    if before.affinity is not after.affinity:
        _compare_affinities(before.affinity, after.affinity, operations)
    if before.tolerations is not after.tolerations:
        _compare_tolerations(before.tolerations, after.tolerations, operations)
    for path, old, new in (
        ("/spec/priorityClassName", before.priority_class_name, after.priority_class_name),
        ("/spec/priority", before.priority, after.priority),
        ("/spec/preemptionPolicy", before.preemption_policy, after.preemption_policy),
    ):
        if old != new:
            operations.append(_written(old, path, new))
    return tuple(operations)


def _written(old: object, path: str, new: object) -> Operation:
    """Write a field: what is absent is added, what becomes absent is removed."""
    if new is None:
        return Operation(op="remove", path=path)
    return Operation(op="add" if old is None else "replace", path=path, value=new)


def _written_entries(before: ObjectMeta, labels: _Map, annotations: _Map) -> tuple[Operation, ...]:
    return (
        *_entries(before.labels, labels, "/metadata/labels"),
        *_entries(before.annotations, annotations, "/metadata/annotations"),
    )


def _entries(before: _Map, wanted: _Map, path: str) -> list[Operation]:
    """Write the entries of a map that are wanted; others stay, since rules take none away."""
    if not wanted or before is wanted:
        return []
    if before is None:
        return [Operation(op="add", path=path, value=wanted)]
    return [
        _written(before.get(key), _place(path, key), value)
        for key, value in wanted.items()
        if before.get(key) != value
    ]


@lru_cache(maxsize=64)
def _place(path: str, key: str) -> str:
    return path + step(key)


def _compare_affinities(
    before: Affinity | None, after: Affinity | None, operations: list[Operation]
) -> None:
    if after is None or after.node_affinity is None:
        return
    new, path = after.node_affinity, "/spec/affinity/nodeAffinity"
    if before is None:
        value = {"nodeAffinity": new}
        operations.append(Operation(op="add", path="/spec/affinity", value=value))
    elif before.node_affinity is None:
        operations.append(Operation(op="add", path=path, value=new))
    else:
        _compare_parts(before.node_affinity, new, path, operations)


def _compare_parts(old: object, new: object, path: str, operations: list[Operation]) -> None:
    """Compare structs and lists of them: what rules do not change stays the same struct."""
    if old is new:
        return
    if isinstance(old, msgspec.Struct) and isinstance(new, msgspec.Struct):
        for field, name in _fields(type(old)):
            _compare_parts(getattr(old, field), getattr(new, field), path + name, operations)
    elif isinstance(old, tuple) and isinstance(new, tuple):
        _compare_lists(old, new, path, operations)
    elif old != new:
        operations.append(_written(old, path, new))


@lru_cache(maxsize=64)
def _fields(struct: type[msgspec.Struct]) -> tuple[tuple[str, str], ...]:
    """Give the fields of a struct, each with its step of a JSON pointer."""
    names = zip(struct.__struct_fields__, struct.__struct_encode_fields__, strict=True)
    return tuple((field, f"/{name}") for field, name in names)


def _compare_lists(
    old: tuple[object, ...], new: tuple[object, ...], path: str, operations: list[Operation]
) -> None:
    for index, (before, after) in enumerate(zip(old, new, strict=False)):
        _compare_parts(before, after, f"{path}/{index}", operations)
    operations.extend(
        Operation(op="remove", path=f"{path}/{index}")
        for index in range(len(old) - 1, len(new) - 1, -1)
    )
    operations.extend(
        Operation(op="add", path=f"{path}/{index}", value=new[index])
        for index in range(len(old), len(new))
    )


def _compare_tolerations(
    before: _Tolerations, after: _Tolerations, operations: list[Operation]
) -> None:
    if after is None:
        return
    if before is None:
        operations.append(Operation(op="add", path="/spec/tolerations", value=after))
        return
    _compare_lists(before, after, "/spec/tolerations", operations)
