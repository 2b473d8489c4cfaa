"""What holds for objects of listed kinds, whatever stands at their paths."""

import contextlib
import re
from typing import Any, TypeAlias

import msgspec
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.core.given import mutate, request, shipped, validate
from tests.property.strategies import json_values, pods
from webhook.core.errors import RequestError
from webhook.core.patch import apply, plain, step
from webhook.core.paths import EACH, Item, Path, put, written
from webhook.core.review import GroupVersionKind, Request
from webhook.core.rules.propagation import Change
from webhook.core.workload import WorkloadKind, templates

Json: TypeAlias = dict[str, Any]

ROWS = tuple(shipped().workloads.values())
OURS = ("gpu-class", "gpuclass.io/member")
ITEM = "/*"
"""Any item of a list."""
KEYS = st.sampled_from(("a", "b/c", "d~e"))
CLASSES = st.none() | st.sampled_from(("training", "production", "nothing"))


def asked(kind: WorkloadKind, new: object, old: object = None) -> Request:
    """Give the request that writes an object of a kind."""
    found = GroupVersionKind(group=kind.group, version="v1", kind=kind.kind)
    return msgspec.structs.replace(request(new, old=old), kind=found)


@st.composite
def objects(draw: st.DrawFn, kind: WorkloadKind) -> Json:
    """Give an object with a pod, or anything, at some of the paths of its kind."""
    document: Json = {"metadata": {"name": "w"}, "spec": {"other": draw(json_values)}}
    named = draw(CLASSES)
    if named is not None:
        document["metadata"]["annotations"] = {"gpu-class": named}
    if draw(st.booleans()):
        document = put(document, kind.suspend, draw(st.booleans()))
    for template in kind.templates:
        for _ in range(draw(st.integers(0, 2))):
            document = _filled(draw, document, template.path)
    return document


def _filled(draw: st.DrawFn, document: Json, pattern: Path) -> Json:
    """Put a template to a path; a `[*]` becomes one entry of a map, or a list of two items."""
    value = draw(pods() | json_values)
    if EACH not in pattern:
        return put(document, pattern, value) if len(pattern) > 1 else document
    place = pattern.index(EACH)
    inner, head = pattern[place + 1 :], pattern[:place]
    entry = put({}, inner, value) if inner else value
    held = [entry, draw(json_values)] if draw(st.booleans()) else {draw(KEYS): entry}
    return put(document, head, held)


kinds_and_objects = st.sampled_from(ROWS).flatmap(
    lambda kind: st.tuples(st.just(kind), objects(kind), st.none() | objects(kind))
)
Written: TypeAlias = tuple[WorkloadKind, Json, Json | None]


def leaves(pointer: str, value: object) -> set[str]:
    """Give the pointers of everything that an operation writes; any item of a list is one."""
    if isinstance(value, list):
        return {each for item in value for each in leaves(pointer + ITEM, item)}
    if isinstance(value, dict) and value:
        return {each for key, item in value.items() for each in leaves(pointer + step(key), item)}
    return {re.sub(r"/(\d+|-)(?=/|$)", ITEM, pointer)}


def allowed(kind: WorkloadKind, document: Json) -> set[str]:
    """Give the pointers of our annotations on every template, and of what names our own item."""
    places = [place for each in templates(kind, document) for place in each.places]
    maps = {pointer(place) + step(key) for place in places for key in OURS}
    return maps | {
        pointer(place[: index + 1]) + step(each.field)
        for place in places
        for index, each in enumerate(place)
        if isinstance(each, Item)
    }


def pointer(place: Path) -> str:
    """Give the pointer of a place; any item of a list is one."""
    return "".join(ITEM if isinstance(each, (Item, int)) else step(str(each)) for each in place)


@given(kinds_and_objects)
def test_a_patch_applies_and_writes_nothing_but_our_annotations(given_: Written) -> None:
    kind, new, old = given_
    operations = mutate(asked(kind, new, old)).patch
    apply(operations, new)
    for operation in operations:
        if operation.op != "remove":
            assert leaves(operation.path, plain(operation.value)) <= allowed(kind, new)
        else:
            (gone,) = leaves(operation.path, None)
            assert any(each.startswith(gone) for each in allowed(kind, new))


@given(kinds_and_objects)
def test_a_second_pass_changes_nothing(given_: Written) -> None:
    kind, new, old = given_
    decision = mutate(asked(kind, new, old))
    assume(decision.allowed)
    after: Any = apply(decision.patch, new)
    assert mutate(asked(kind, after, old)).patch == ()
    # A write that suspends a workload opens its templates for the next one.
    assume(not is_fixed(kind, after, old) or is_fixed(kind, after, after))
    assert mutate(asked(kind, after, after)).patch == ()


def is_fixed(kind: WorkloadKind, new: Json, old: Json | None) -> bool:
    return Change(kind=kind, new=new, old=old).fixed


@given(kinds_and_objects)
def test_every_template_of_a_new_object_shows_its_class(given_: Written) -> None:
    kind, new, _ = given_
    named = new["metadata"].get("annotations", {}).get("gpu-class")
    decision = mutate(asked(kind, new))
    assume(decision.allowed and named)
    after: Any = apply(decision.patch, new)
    for template in templates(kind, after):
        found = after
        for each in template.annotations:
            found = found[each]
        assert found["gpu-class"] == named, written(template.path)
        assert ("gpuclass.io/member" in found) >= kind.is_mixed


@given(st.sampled_from(ROWS), json_values, st.none() | json_values)
def test_no_object_of_a_listed_kind_raises_anything_but_a_request_error(
    kind: WorkloadKind, document: Any, old: Any
) -> None:
    for decide in (mutate, validate):
        with contextlib.suppress(RequestError):
            decide(asked(kind, document, old))
