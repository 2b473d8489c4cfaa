"""CEL is written so that nothing in a policy can break out of a literal."""

import pytest

from webhook.core.registration import cel


@pytest.mark.parametrize(
    ("text", "written"),
    [
        pytest.param("nvidia.com/gpu", "'nvidia.com/gpu'", id="plain"),
        pytest.param("", "''", id="empty"),
        pytest.param("it's", r"'it\'s'", id="quote"),
        pytest.param("a\\", r"'a\\'", id="backslash"),
        pytest.param("a\nb\x00", r"'a\u000ab\u0000'", id="control characters"),
        pytest.param("é𝄞", r"'\u00e9\U0001d11e'", id="beyond ASCII"),
    ],
)
def test_a_literal_is_escaped(text: str, written: str) -> None:
    assert cel.literal(text) == written


@pytest.mark.parametrize(
    ("json", "written"),
    [
        pytest.param("it's", r"'it\'s'", id="text"),
        pytest.param(7, "7", id="number"),
        pytest.param(True, "true", id="boolean"),
        pytest.param({"a": []}, "{'a': []}", id="one"),
        pytest.param({"a": "x", "b": "y"}, "{'a': 'x', 'b': 'y'}", id="texts"),
        pytest.param({"a": "x", "b": ["y"]}, "{'a': dyn('x'), 'b': dyn(['y'])}", id="unlike"),
        pytest.param(("x", 1), "[dyn('x'), dyn(1)]", id="an unlike list"),
    ],
)
def test_json_becomes_a_literal(json: object, written: str) -> None:
    assert cel.value(json) == written


@pytest.mark.parametrize(
    ("globs", "written"),
    [
        pytest.param((), "false", id="none"),
        pytest.param(("a", "b", "a"), "r in ['a', 'b']", id="names, each once"),
        pytest.param(("x/*",), "r.startsWith('x/')", id="a prefix"),
        pytest.param(("x/**",), "r.startsWith('x/')", id="two stars"),
        pytest.param(("a.b-*-c",), r"r.matches('(?s)^a\\.b\\-.*\\-c$')", id="a star inside"),
        pytest.param(("a", "x/*"), "r in ['a'] || r.startsWith('x/')", id="both"),
    ],
)
def test_globs_become_comparisons(globs: tuple[str, ...], written: str) -> None:
    assert cel.matching("r", globs) == written


def test_what_never_holds_falls_away() -> None:
    assert cel.any_of("false", "a", "false") == "a"
    assert cel.any_of("false") == "false"
    assert cel.all_of("a", "false") == "false"


def test_lists_and_maps_are_written_as_cel_has_them() -> None:
    assert cel.listed(["a", "b"]) == "['a', 'b']"
    assert cel.mapped({"k": ["v", "w"], "l": []}) == "{'k': {'v': 1, 'w': 1}, 'l': {}}"
    assert cel.either("a", "b", "c ||\nd") == "a ? (b) : (\n  c ||\n  d\n)"
