"""Ways into an object that may lack anything."""

import pytest

from tests.core.given import Json
from webhook.core.patch import JSON
from webhook.core.paths import at, bind, drop, expand, parse, put, written

DOCUMENT: JSON = {"spec": {"template": {"metadata": {"annotations": {"gpu-class": "a"}}}}}


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (DOCUMENT, "a"),
        ({"spec": {"template": None}}, None),
        ({"spec": []}, None),
        ({}, None),
        (None, None),
        ("text", None),
    ],
    ids=str,
)
def test_value_is_found_or_absent(document: JSON, expected: JSON) -> None:
    assert at(document, ("spec", "template", "metadata", "annotations", "gpu-class")) == expected


@pytest.mark.parametrize(
    "document",
    [{}, {"metadata": None}, {"metadata": {}}, {"metadata": {"annotations": None}}],
    ids=str,
)
def test_missing_and_null_parents_are_made(document: Json) -> None:
    assert put(document, ("metadata", "annotations", "a"), "1") == {
        "metadata": {"annotations": {"a": "1"}}
    }


def test_put_keeps_what_lies_beside_and_changes_nothing_in_place() -> None:
    document: Json = {"metadata": {"name": "x", "annotations": {"b": "2"}}}
    assert put(document, ("metadata", "annotations", "a"), "1") == {
        "metadata": {"name": "x", "annotations": {"b": "2", "a": "1"}}
    }
    assert document == {"metadata": {"name": "x", "annotations": {"b": "2"}}}


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        pytest.param(
            {"m": {"n": 1, "a": {"k": "1", "l": "2"}}},
            {"m": {"n": 1, "a": {"l": "2"}}},
            id="one-of-two",
        ),
        pytest.param({"m": {"n": 1, "a": {"k": "1"}}}, {"m": {"n": 1}}, id="the-last-of-a-map"),
        pytest.param({"x": 0, "m": {"a": {"k": "1"}}}, {"x": 0}, id="the-last-of-two-maps"),
    ],
)
def test_value_is_dropped_with_the_map_that_it_leaves_empty(document: Json, expected: Json) -> None:
    assert drop(document, ("m", "a", "k")) == expected


NESTED: Json = {"a": [{"b": {"x": {"c": 1}, "y/z": {}}}, {}, {"b": None}], "d": {"e": 2}}


def test_items_of_lists_are_reached_and_replaced_and_stay() -> None:
    path = ("a", 0, "b", "x", "c")
    assert at(NESTED, path) == 1
    assert at(NESTED, ("a", 7, "b")) is None
    assert at(NESTED, ("a", "b")) is None
    assert at(put(NESTED, path, 2), path) == 2
    assert at(put(NESTED, ("a", 2, "b", "new"), 3), ("a", 2)) == {"b": {"new": 3}}
    assert drop({"a": [{"b": {"c": 1}}]}, ("a", 0, "b", "c")) == {"a": [{}]}
    assert at(NESTED, path) == 1


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("d.e", ["d.e"]),
        ("a[*].b", ["a[0].b", "a[1].b", "a[2].b"]),
        ("a[*].b[*].c", ["a[0].b.x.c", 'a[0].b["y/z"].c']),
        ("d.e[*]", []),
        ("nothing[*].b", []),
    ],
)
def test_a_pattern_stands_for_each_item_of_lists_and_maps(
    pattern: str, expected: list[str]
) -> None:
    assert [written(path) for path in expand(NESTED, parse(pattern))] == expected


def test_a_pattern_is_written_as_it_was_read() -> None:
    assert parse("a.b[*].c[*]") == ("a", "b", "[*]", "c", "[*]")
    assert written(parse("a.b[*].c[*]")) == "a.b[*].c[*]"


def test_another_pattern_is_bound_to_the_same_items() -> None:
    path = ("a", 0, "b", "x", "c")
    assert bind(parse("a[*].b[*].d.e"), path) == ("a", 0, "b", "x", "d", "e")
    assert bind(parse("a[*].f"), path) == ("a", 0, "f")
    assert bind(parse("f"), path) == ("f",)
