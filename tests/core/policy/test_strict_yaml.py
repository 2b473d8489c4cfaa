"""Strict YAML: what is read, and every way in which text is refused."""

import pytest

from webhook.core.policy.located import REFUSED, Located, locate, show, step
from webhook.core.policy.strict_yaml import MAX_BYTES, read


def plain(node: Located) -> object:
    if isinstance(node.value, dict):
        return {key: plain(item) for key, item in node.value.items()}
    if isinstance(node.value, tuple):
        return [plain(item) for item in node.value]
    return node.value


def faults(text: str) -> list[str]:
    return [str(fault) for fault in read(text, "p.yaml")[1]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", [], id="empty"),
        pytest.param("---\n# nothing\n---\n", [], id="empty documents"),
        pytest.param("a: 1\n---\nb: 2\n", [{"a": 1}, {"b": 2}], id="two documents"),
        pytest.param("\ufeffa: b\r\nc: d\r\n", [{"a": "b", "c": "d"}], id="BOM and CRLF"),
        pytest.param("[true, false, null, ]", [[True, False, None]], id="words"),
        pytest.param("[0, -7, 42, 1.5, -2.5e+3]", [[0, -7, 42, 1.5, -2500.0]], id="numbers"),
        pytest.param(
            "[10.0.0.1, 1Gi, v1, nvidia.com/mig-1g.5gb, 8-x]",
            [["10.0.0.1", "1Gi", "v1", "nvidia.com/mig-1g.5gb", "8-x"]],
            id="text",
        ),
        pytest.param("['yes', \"010\"]", [["yes", "010"]], id="quoted"),
        pytest.param("a: |\n  yes\n", [{"a": "yes\n"}], id="block"),
        pytest.param("a:\nb: {}", [{"a": None, "b": {}}], id="absent value"),
        pytest.param('"é 😀"', ["é 😀"], id="beyond ASCII"),
    ],
)
def test_what_all_readers_agree_about_is_read(text: str, expected: list[object]) -> None:
    documents, found = read(text, "p.yaml")
    assert [plain(document) for document in documents] == expected
    assert found == ()


@pytest.mark.parametrize(
    "raw",
    [
        "yes",
        "No",
        "ON",
        "off",
        "y",
        "N",
        "~",
        "=",
        "010",
        "0o10",
        "0x1F",
        "0b11",
        "1_000",
        "+5",
        "12:30",
        "1:2:3.5",
        "2026-01-01",
        "2026-1-1T10:00:00Z",
        ".5",
        "5.",
        "1e3",
        "1.0e3",
        "01.5",
        ".inf",
        "-.INF",
        ".NaN",
        "12345678901234567890",
        "-0x1",
    ],
)
def test_what_readers_differ_about_must_be_quoted(raw: str) -> None:
    message = f'p.yaml:2 a: YAML 1.1 and 1.2 readers differ about {raw}: quote it: "{raw}"'
    assert faults(f"b: c\na: {raw}\n") == [message]


def test_long_and_spaced_scalars_are_shown_short() -> None:
    assert faults(f"a: {'1' * 90}") == [
        f'p.yaml:1 a: YAML 1.1 and 1.2 readers differ about "{"1" * 77}...":'
        f' quote it: "{"1" * 77}..."'
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "a: True",
            ['p.yaml:1 a: YAML readers differ about True: write true, or quote it: "True"'],
            id="true in another case",
        ),
        pytest.param(
            "a: 1\nb: 2\na: 3\n",
            ["p.yaml:3 a: written twice, first at line 1: keep one"],
            id="key twice",
        ),
        pytest.param(
            "a: &x {b: 1}\nc: *x\n",
            [
                "p.yaml:1 a: anchor &x is not accepted: remove it",
                "p.yaml:2 c: alias *x is not accepted: write the value out",
            ],
            id="anchor and alias",
        ),
        pytest.param(
            "a:\n  <<: {b: 1}\n",
            ["p.yaml:2 a: merge keys are not accepted: write the fields out"],
            id="merge key",
        ),
        pytest.param(
            "a: !!str 1\nb: !x [1]\n",
            [
                "p.yaml:1 a: an explicit tag (!) is not accepted: remove it",
                "p.yaml:2 b: an explicit tag (!) is not accepted: remove it",
            ],
            id="tags",
        ),
        pytest.param(
            "a: 1\n%YAML 1.1\n---\na: 1\n",
            ["p.yaml:2: directives (%YAML, %TAG) are not accepted: remove them"],
            id="directive of a later document",
        ),
        pytest.param(
            "%YAML 1.1\n---\na: 1\n",
            ["p.yaml:1: directives (%YAML, %TAG) are not accepted: remove them"],
            id="directive",
        ),
        pytest.param(
            "a: {1: x, null: w, ? [b] : z}",
            [
                'p.yaml:1 a: the key 1 is not text: quote it: "1"',
                'p.yaml:1 a: the key null is not text: quote it: "null"',
                "p.yaml:1 a: a mapping or list is no key: a key is text",
            ],
            id="keys that are no text",
        ),
        pytest.param(
            "?\n: x\n",
            ['p.yaml:1: the key "" is not text: quote it: ""'],
            id="no key",
        ),
        pytest.param(
            "a:\n\t- b\n",
            [
                "p.yaml:2: no valid YAML: found character '\\t' that cannot start any token:"
                " indent with spaces, not tabs"
            ],
            id="tab",
        ),
        pytest.param(
            "a: [1\n",
            ["p.yaml:2: no valid YAML: expected ',' or ']', but got '<stream end>'"],
            id="unclosed",
        ),
        pytest.param(
            "a: 1\nb: \x07\n",
            ["p.yaml:2: U+0007 is no character of YAML: remove it"],
            id="control character",
        ),
        pytest.param(
            "a: \ud800",
            ["p.yaml:1: U+D800 is no character of YAML: remove it"],
            id="surrogate",
        ),
        pytest.param(
            'a: 1\nb: "\\ud800"',
            ['p.yaml:2 b: "\\ud800" is no Unicode text: remove the surrogate'],
            id="surrogate as an escape",
        ),
        pytest.param(
            'a: 1\nb: "\\UFFFFFFFF"',
            ["p.yaml:2: no valid YAML: a number is out of range"],
            id="escape out of range",
        ),
        pytest.param(
            "a: 1\nb: c\u2028d",
            ["p.yaml:2: YAML readers differ about U+2028 as a line break: remove it"],
            id="line separator",
        ),
        pytest.param("[" * 40, ["p.yaml:1: nested deeper than 32 levels: flatten it"], id="deep"),
        pytest.param(
            "a" * (MAX_BYTES + 1),
            ["p.yaml: 1048577 bytes, more than the 1048576 of one file: split it"],
            id="large",
        ),
    ],
)
def test_what_is_refused_is_located(text: str, expected: list[str]) -> None:
    assert faults(text) == expected


def test_documents_before_a_syntax_error_are_given() -> None:
    documents, found = read("a: 1\n---\nb: [\n", "p.yaml")
    assert [plain(document) for document in documents] == [{"a": 1}]
    assert len(found) == 1


def test_refused_values_are_marked_and_their_neighbours_kept() -> None:
    (document,), _ = read("a: yes\nb: 1\non: 2\n", "p.yaml")
    assert plain(document) == {"a": REFUSED, "b": 1, "on": REFUSED}


def test_an_entry_has_the_line_of_its_key() -> None:
    (document,), _ = read("a:\n  b:\n\n    c\n", "p.yaml")
    assert isinstance(document.value, dict)
    outer = document.value["a"]
    assert isinstance(outer.value, dict)
    assert (outer.line, outer.value["b"].line) == (1, 2)


@pytest.mark.parametrize(
    ("key", "expected"),
    [("pools", "spec.pools"), (1, "spec[1]"), ("a/b", 'spec["a/b"]'), ("", 'spec[""]')],
)
def test_paths_name_fields_items_and_keys(key: str | int, expected: str) -> None:
    assert step("spec", key) == expected


def test_the_first_field_of_a_path_has_no_dot() -> None:
    assert step("", "spec") == "spec"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("plain", "plain"), ("a b", '"a b"'), ("", '""'), ("x" * 81, f'"{"x" * 77}..."')],
)
def test_values_are_shown_plain_or_quoted_and_never_long(text: str, expected: str) -> None:
    assert show(text) == expected


def test_json_values_are_located_without_lines() -> None:
    node = locate({"a": [1, True, None, "x", 1.5]})
    assert plain(node) == {"a": [1, True, None, "x", 1.5]}
    assert node.line == 0


def test_what_json_lacks_is_an_error_of_the_program() -> None:
    with pytest.raises(TypeError, match="no JSON value: bytes"):
        locate(b"x")
