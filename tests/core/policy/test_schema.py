"""The schema: names, shapes, spellings, globs and suggestions."""

from typing import get_type_hints

import pytest

from webhook.core.policy import syntax
from webhook.core.policy.documents import KINDS, GPUClass, GPUNodePool
from webhook.core.policy.globs import is_everything, is_glob, is_match
from webhook.core.policy.nearest import nearest, suggest, suggest_all
from webhook.core.policy.schema import Items, Record, camel, properties, shape_of, tidy


def test_every_field_is_described_and_named_as_the_api_names_it() -> None:
    for kind in KINDS.values():
        assert all(each.about.description for each in properties(kind))
    assert [each.name for each in properties(GPUNodePool)] == [
        "name",
        "selector",
        "labels",
        "taints",
        "resources",
        "claims",
    ]


def test_required_fields_have_no_default_and_others_have_theirs() -> None:
    by_name = {each.name: each for each in properties(GPUClass)}
    assert [name for name, each in by_name.items() if each.required] == ["name", "pools"]
    assert by_name["allowedNamespaces"].default == ("*",)
    assert {each.name: each for each in properties(GPUNodePool)}["labels"].default == {}


def test_shapes_nest() -> None:
    shape = shape_of(get_type_hints(GPUClass)["pools"])
    assert isinstance(shape, Items)
    assert isinstance(shape.of, Record)


@pytest.mark.parametrize("hint", [float, list[str], str | int, object()])
def test_a_hint_without_a_schema_is_an_error_of_the_program(hint: object) -> None:
    with pytest.raises(TypeError, match="no schema for"):
        shape_of(hint)


def test_names_become_camel_case() -> None:
    assert camel("allowed_priority_class_names") == "allowedPriorityClassNames"


@pytest.mark.parametrize(
    ("spelling", "text", "expected"),
    [
        (syntax.DNS_LABEL, "a-1", True),
        (syntax.DNS_LABEL, "-a", False),
        (syntax.DNS_LABEL, "a" * 64, False),
        (syntax.DNS_LABEL, "a\n", False),
        (syntax.DNS_SUBDOMAIN, "gpu.nvidia.com", True),
        (syntax.DNS_SUBDOMAIN, "gpu..com", False),
        (syntax.QUALIFIED_NAME, "nvidia.com/gpu.present", True),
        (syntax.QUALIFIED_NAME, "gpu-type", True),
        (syntax.QUALIFIED_NAME, "/gpu", False),
        (syntax.QUALIFIED_NAME, "a/b/c", False),
        (syntax.QUALIFIED_NAME, f"{'a.' * 126}ab/x", False),
        (syntax.QUALIFIED_NAME, "x" * 64, False),
        (syntax.LABEL_VALUE, "", True),
        (syntax.LABEL_VALUE, "a_b.C-1", True),
        (syntax.LABEL_VALUE, "-a", False),
        (syntax.RESOURCE_GLOB, "nvidia.com/mig-*", True),
        (syntax.RESOURCE_GLOB, "cpu", False),
        (syntax.NAMESPACE_GLOB, "*", True),
        (syntax.NAMESPACE_GLOB, "team-?", False),
        (syntax.NODE_GLOB, "gpu-train-*.example", True),
        (syntax.SUBJECT, "system:kube-scheduler", True),
        (syntax.SUBJECT, "CN=Ann Example", True),
        (syntax.SUBJECT, " a", False),
    ],
)
def test_spellings_are_those_of_kubernetes(
    spelling: syntax.Syntax, text: str, *, expected: bool
) -> None:
    assert spelling.is_met_by(text) is expected


@pytest.mark.parametrize(
    ("glob", "text", "expected"),
    [
        ("*", "", True),
        ("a", "a", True),
        ("a", "ab", False),
        ("gpu-*", "gpu-1", True),
        ("gpu-*", "cpu-1", False),
        ("a**b*", "axxb", True),
        ("a.c", "abc", False),
        ("a*", "a\nb", True),
    ],
)
def test_a_star_stands_for_anything(glob: str, text: str, *, expected: bool) -> None:
    assert is_match(glob, text) is expected


def test_globs_are_told_from_names() -> None:
    assert (is_glob("a*"), is_glob("a")) == (True, False)
    assert (is_everything("**"), is_everything("a*"), is_everything("")) == (True, False, False)


@pytest.mark.parametrize(
    ("name", "known", "short", "full"),
    [
        (
            "trainin",
            ["production", "training"],
            "did you mean training?",
            "known: production, training; did you mean training?",
        ),
        (
            "Training",
            ["training"],
            "did you mean training?",
            "known: training; did you mean training?",
        ),
        ("x", ["b", "a"], "known: a, b", "known: a, b"),
        ("x", [], "there is none", "there is none"),
    ],
    ids=["near", "case", "far", "none"],
)
def test_unknown_names_are_answered_with_the_known(
    name: str, known: list[str], short: str, full: str
) -> None:
    assert suggest(name, known) == short
    assert suggest_all(name, known) == full


def test_nothing_is_near_to_nothing() -> None:
    assert nearest("a", []) is None


def test_the_fields_of_an_object_are_written_in_their_order() -> None:
    spec: dict[str, object] = {
        "unknown": 1,
        "taints": [{"effect": "NoSchedule", "key": "a", "tolerate": True, "value": ""}],
        "claims": {"names": ["gpu-*"], "matchLabels": {}},
        "labels": {},
        "selector": {"b": "1", "a": "2"},
    }
    written = tidy(GPUNodePool, spec)
    assert written == {
        "selector": {"b": "1", "a": "2"},
        "labels": {},
        "taints": [{"key": "a", "value": "", "effect": "NoSchedule", "tolerate": True}],
        "claims": {"names": ["gpu-*"], "matchLabels": {}},
        "unknown": 1,
    }
    assert list(written) == ["selector", "labels", "taints", "claims", "unknown"]
    assert str(written["taints"]).index("'key'") < str(written["taints"]).index("'effect'")
