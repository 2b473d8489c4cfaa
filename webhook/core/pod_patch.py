"""The patch of a pod: before and after compared, for just the fields that rules may write.

Those are spec.affinity.nodeAffinity, spec.tolerations, the three priority fields, and entries of
the two maps in metadata. Everything else in a pod is nobody's business here.
"""

from collections.abc import Iterator
from typing import TypeAlias

import msgspec

from webhook.core.patch import JSON, Operation, diff, pointer
from webhook.core.pod import Affinity, Pod, PodSpec

_Items: TypeAlias = tuple[msgspec.Struct, ...] | None

_PRIORITY_FIELDS = (
    ("priority_class_name", "/spec/priorityClassName"),
    ("priority", "/spec/priority"),
    ("preemption_policy", "/spec/preemptionPolicy"),
)


def compare(before: Pod, after: Pod) -> tuple[Operation, ...]:
    """Give the operations that turn pod `before` into pod `after`; none where nothing changed."""
    if before is after:
        return ()
    return (
        *_map(before.metadata.labels, after.metadata.labels, "/metadata/labels"),
        *_map(before.metadata.annotations, after.metadata.annotations, "/metadata/annotations"),
        *_affinity(before.spec.affinity, after.spec.affinity),
        *_list(before.spec.tolerations, after.spec.tolerations, "/spec/tolerations"),
        *_priority(before.spec, after.spec),
    )


def _map(
    before: dict[str, str] | None, after: dict[str, str] | None, path: str
) -> Iterator[Operation]:
    if before is after or after is None:
        return
    if before is None:
        yield Operation(op="add", path=path, value=dict(after))
        return
    for key, value in after.items():
        old = before.get(key)
        if old != value:
            yield _written(old, path + pointer(key), value)


def _affinity(before: Affinity | None, after: Affinity | None) -> tuple[Operation, ...]:
    if before is after or after is None or after.node_affinity is None:
        return ()
    new = _plain(after.node_affinity)
    if before is None:
        return (Operation(op="add", path="/spec/affinity", value={"nodeAffinity": new}),)
    path = "/spec/affinity/nodeAffinity"
    if before.node_affinity is None:
        return (Operation(op="add", path=path, value=new),)
    return diff(_plain(before.node_affinity), new, path)


def _list(before: _Items, after: _Items, path: str) -> Iterator[Operation]:
    """Compare lists to which rules only append."""
    if before is after or after is None:
        return
    if before is None:
        yield Operation(op="add", path=path, value=[_plain(item) for item in after])
        return
    for index in range(len(before), len(after)):
        yield Operation(op="add", path=path + pointer(index), value=_plain(after[index]))


def _priority(before: PodSpec, after: PodSpec) -> Iterator[Operation]:
    for field, path in _PRIORITY_FIELDS:
        old, new = getattr(before, field), getattr(after, field)
        if old == new:
            continue
        yield Operation(op="remove", path=path) if new is None else _written(old, path, new)


def _written(old: object, path: str, value: JSON) -> Operation:
    return Operation(op="add" if old is None else "replace", path=path, value=value)


def _plain(value: msgspec.Struct) -> JSON:
    plain: JSON = msgspec.to_builtins(value)
    return plain
