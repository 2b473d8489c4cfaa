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


PATCHES = "spec.patches[manager=us/x].template.metadata.annotations"


def test_an_item_is_reached_by_its_key_wherever_it_stands() -> None:
    path = (*parse(PATCHES), "a")
    theirs: Json = {"manager": "them", "template": {"metadata": {"annotations": {"a": "0"}}}}
    ours: Json = {"manager": "us/x", "template": {"metadata": {"annotations": {"a": "1"}}}}
    assert at({"spec": {"patches": [theirs, None, ours]}}, path) == "1"
    absent: list[JSON] = [
        {"patches": [theirs]},
        {"patches": None},
        {"patches": {"us/x": ours}},
        None,
    ]
    for each in absent:
        assert at({"spec": each}, path) is None
    assert written(parse(PATCHES)) == PATCHES


@pytest.mark.parametrize(
    "before", [{}, {"spec": None}, {"spec": {"patches": None}}, {"spec": {"patches": {}}}], ids=str
)
def test_an_item_that_is_named_by_its_key_is_made(before: Json) -> None:
    made = {"manager": "us/x", "template": {"metadata": {"annotations": {"a": "1"}}}}
    assert put(before, (*parse(PATCHES), "a"), "1") == {"spec": {"patches": [made]}}


def test_an_item_that_is_there_gains_what_is_put() -> None:
    before: Json = {"spec": {"patches": [{"manager": "us/x", "time": "t"}, {"manager": "them"}]}}
    made = {"manager": "us/x", "time": "t", "template": {"metadata": {"annotations": {"a": "1"}}}}
    after: Json = {"spec": {"patches": [made, {"manager": "them"}]}}
    assert put(before, (*parse(PATCHES), "a"), "1") == after
    assert drop(after, (*parse(PATCHES), "a")) == {"spec": {"patches": [{"manager": "them"}]}}


def test_an_item_goes_with_the_last_that_was_put_there() -> None:
    path = parse("p[k=v].m.a")
    assert drop({"p": [{"k": "v", "m": {"a": 1}}], "q": 1}, path) == {"q": 1}
    kept: Json = {"p": [{"k": "v", "m": {"a": 1}, "n": {}}]}
    assert drop(kept, path) == {"p": [{"k": "v", "n": {}}]}
    assert drop({"p": [{"k": "v"}, 1]}, parse("p[k=v]")) == {"p": [1]}
    others: list[Json] = [{"p": [{"k": "w"}]}, {"p": "x"}]
    for each in others:
        assert drop(each, path) == each
