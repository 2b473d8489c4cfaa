"""Texts as kubectl reads them: documents, lines, and what is wrong."""

import pytest

from webhook.cli import kubectl_yaml
from webhook.cli.fields import plain
from webhook.cli.report import place
from webhook.core.patch import JSON


def read(text: str) -> tuple[list[tuple[int, JSON]], list[str]]:
    documents, faults = kubectl_yaml.read(text, "f.yaml")
    return [(each.line, plain(each)) for each in documents], list(map(place, faults))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", [], id="nothing"),
        pytest.param("# only\n---\n---\n...\n", [], id="comments and separators"),
        pytest.param("\ufeffa: 1\n", [(1, {"a": 1})], id="a byte order mark"),
        pytest.param("a: 1\r\n---\r\nb: 2\r\n", [(1, {"a": 1}), (3, {"b": 2})], id="CRLF"),
        pytest.param("--- # why\na: 1\n---\t\nb: 2", [(2, {"a": 1}), (4, {"b": 2})], id="comments"),
        pytest.param("a: 1\n...\n# end\n", [(1, {"a": 1})], id="an end of document"),
        pytest.param("a: |\n  ---\n  x\n", [(1, {"a": "---\nx\n"})], id="a separator in a text"),
        pytest.param('{"a":\t1}\n\n{"b": 2}', [(1, {"a": 1}), (3, {"b": 2})], id="JSON objects"),
        pytest.param(r'{"a": "\ud83d\ude00\/"}', [(1, {"a": "😀/"})], id="JSON escapes"),
        pytest.param("{a: yes,\n b: 'yes'}", [(1, {"a": True, "b": "yes"})], id="flow, no JSON"),
        pytest.param("yes: 1\n2: b", [(1, {"true": 1, "2": "b"})], id="keys become text"),
        pytest.param("a: !!str 1\nb: ! 1", [(1, {"a": "1", "b": "1"})], id="tags"),
    ],
)
def test_documents_are_read(text: str, expected: list[tuple[int, JSON]]) -> None:
    assert read(text) == (expected, [])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("a: &x {k: 1}\nb: *x", {"a": {"k": 1}, "b": {"k": 1}}, id="an alias"),
        pytest.param(
            "a: &x {k: 1, l: 2}\nb: {k: 3, <<: *x}",
            {"a": {"k": 1, "l": 2}, "b": {"k": 3, "l": 2}},
            id="own keys win, wherever they stand",
        ),
        pytest.param(
            "a: &x {k: 1}\nb: &y {k: 2, l: 2}\nc: {<<: [*x, *y]}",
            {"a": {"k": 1}, "b": {"k": 2, "l": 2}, "c": {"k": 1, "l": 2}},
            id="the first of several wins",
        ),
        pytest.param("a: {'<<': 1}", {"a": {"<<": 1}}, id="a quoted key is no merge key"),
        pytest.param("a: &x 1\nb: &x 2\nc: *x", {"a": 1, "b": 2, "c": 2}, id="an anchor again"),
    ],
)
def test_anchors_and_merge_keys_are_resolved(text: str, expected: JSON) -> None:
    assert read(text) == ([(1, expected)], [])


BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]\n" for level in range(1, 9)
)
DEEP_BY_ALIASES = "a0: &a0 [x]\n" + "".join(
    f"a{level}: &a{level} [*a{level - 1}]\n" for level in range(1, 200)
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\nb: 2\na: 3", 'f.yaml:3: key "a" is written twice, first at line 1'),
        ("a: [1\nb: 2", "f.yaml:2: no valid YAML: did not find expected ',' or ']'"),
        (
            "a:\n\t- b",
            "f.yaml:2: no valid YAML: found character that cannot start any token: "
            "indent with spaces, not tabs",
        ),
        ("a: 1\nb: \x01", "f.yaml:2: U+0001 is no character of YAML"),
        ("a: *b", "f.yaml:1: alias *b names no anchor of this document"),
        ("a: &a 1\n---\nb: *a", "f.yaml:3: alias *a names no anchor of this document"),
        ("a: &a [*a]", "f.yaml:1: alias *a stands inside what it names"),
        ("a: {<<: 1}", "f.yaml:1: a merge key (<<) takes a mapping or a list of them"),
        ("? [a]\n: 1", "f.yaml:1: a mapping or list is no key"),
        ("~: 1", "f.yaml:1: a key is empty"),
        ("a: .inf", "f.yaml:1: .inf is no number of JSON"),
        (
            "--- a: 1",
            "f.yaml:1: '--- a: 1' separates no documents: "
            "the separator --- stands alone on its line",
        ),
        ("a: 1\n...\nb: 2", "f.yaml:3: no valid YAML: did not find expected <document start>"),
        ("[" * 500, "f.yaml:1: nested deeper than 128 levels"),
        (DEEP_BY_ALIASES, "f.yaml:128: nested deeper than 128 levels by aliases"),
        (BOMB, "f.yaml:4: aliases make it grow more than 100 times: write it out"),
    ],
)
def test_a_bad_document_is_one_fault_with_its_line(text: str, expected: str) -> None:
    assert read(text)[1] == [expected]


def test_a_bad_document_does_not_hide_the_others() -> None:
    documents, faults = read("a: 1\n---\nb: [\n---\nc: 1\nc: 2\n---\nd: 4\n")
    assert documents == [(1, {"a": 1}), (8, {"d": 4})]
    assert faults == [
        "f.yaml:3: no valid YAML: did not find expected node content",
        'f.yaml:6: key "c" is written twice, first at line 5',
    ]
