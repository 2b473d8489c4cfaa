"""Paths of fields and the lines on which they stand."""

import pytest

from webhook.cli import fields, kubectl_yaml
from webhook.core.patch import JSON

TEXT = """\
metadata:
  annotations:
    a/b: x
spec:
  tolerations:
    - key: k
    -
      key: l
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ('metadata.annotations["a/b"]', 3),
        ('metadata.annotations["gpu-class"]', 2),
        ("spec.tolerations[0]", 6),
        ("spec.tolerations[1].key", 8),
        ("spec.tolerations[7].key", 5),
        ("spec.nodeName", 4),
        ("status", 1),
        ("", 1),
    ],
)
def test_a_field_stands_on_its_line_or_where_its_parent_does(path: str, line: int) -> None:
    ((document,), _) = kubectl_yaml.read(TEXT, "f.yaml")
    assert fields.find(document, path).line == line


@pytest.mark.parametrize(
    ("path", "step", "expected"),
    [
        ("", "spec", "spec"),
        ("spec", "pools", "spec.pools"),
        ("spec.pools", 1, "spec.pools[1]"),
        ("spec.nodeSelector", "zone", 'spec.nodeSelector["zone"]'),
        ("spec", "a/b", 'spec["a/b"]'),
    ],
)
def test_paths_are_spelt_as_the_rules_spell_them(
    path: str, step: fields.Step, expected: str
) -> None:
    assert fields.join(path, step) == expected


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("spec.priorityClassName: a is replaced", "spec.priorityClassName"),
        (
            'spec.template.metadata.annotations["gpu-class"]: x',
            'spec.template.metadata.annotations["gpu-class"]',
        ),
        ("spec.tolerations[2].key: x", "spec.tolerations[2].key"),
        ("spec.template: nvidia.com/x is in no list", "spec.template"),
        ("no pool declares a label", ""),
        ("specific things: no path", ""),
    ],
)
def test_a_warning_may_begin_with_a_path(message: str, expected: str) -> None:
    assert fields.leading(message) == expected


@pytest.mark.parametrize(
    ("text", "document", "expected"),
    [
        (
            "Expected `str`, got `bool` - at `$.spec.nodeSelector[...]`",
            {"spec": {"nodeSelector": {"a": "b", "c": True}}},
            ('spec.nodeSelector["c"]', "expected text, found true or false"),
        ),
        (
            "Object missing required field `key` - at `$.a[...].b[0]`",
            {"a": {"x": {"b": [{}]}}},
            ("a.x.b[0]", "key is missing"),
        ),
        ("Expected `object | null`, got `array`", [], ("", "expected a mapping, found a list")),
        ("Invalid enum value 'x' - at `$.a`", {"a": "x"}, ("a", "invalid enum value 'x'")),
        (
            "Expected `int`, got `str` - at `$.b[...].c`",
            {},
            ("b.c", "expected a whole number, found text"),
        ),
    ],
)
def test_an_error_of_msgspec_becomes_a_path_and_plain_words(
    text: str, document: JSON, expected: tuple[str, str]
) -> None:
    assert fields.explain(text, document) == expected
