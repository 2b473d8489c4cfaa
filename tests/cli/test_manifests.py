"""Objects in texts: lists, names, and what no API server would take."""

import pytest

from webhook.cli import manifests
from webhook.cli.manifests import Manifest
from webhook.cli.report import place
from webhook.core.errors import Fault

POD = "apiVersion: v1\nkind: Pod\n"


def parse(text: str) -> list[str]:
    return [
        place(each)
        if isinstance(each, Fault)
        else f"{each.index}:{each.line} {each.api_version} {each.kind} {each.namespace}/{each.name}"
        for each in manifests.parse(text, "f.yaml", "here")
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(f"{POD}metadata: {{name: a}}", ["0:1 v1 Pod here/a"], id="a name"),
        pytest.param(
            f"{POD}metadata: {{generateName: a-, namespace: b}}",
            ["0:1 v1 Pod b/a-"],
            id="a generated name, a namespace",
        ),
        pytest.param(
            "apiVersion: apps/v1\nkind: Deployment", ["0:1 apps/v1 Deployment here/"], id="no name"
        ),
        pytest.param(
            "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Node}\n"
            "- apiVersion: v1\n  kind: List\n  items:\n  - {apiVersion: v1, kind: Secret}\n"
            "---\napiVersion: v1\nkind: Service",
            ["0:4 v1 Node here/", "1:8 v1 Secret here/", "2:10 v1 Service here/"],
            id="lists in lists",
        ),
        pytest.param(
            "apiVersion: apps/v1\nkind: DeploymentList\nitems:\n- metadata: {name: a}\n",
            ["0:4 apps/v1 Deployment here/a"],
            id="a list of one kind",
        ),
        pytest.param("apiVersion: v1\nkind: List\nitems:", [], id="an empty list"),
        pytest.param(
            "apiVersion: x/v1\nkind: AllowList\nspec: {}",
            ["0:1 x/v1 AllowList here/"],
            id="a kind that is only called a list",
        ),
    ],
)
def test_objects_are_found(text: str, expected: list[str]) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("- 1", "f.yaml:1: no manifest: expected a mapping, found a list"),
        ("text", "f.yaml:1: no manifest: expected a mapping, found the text 'text'"),
        ("kind: Pod", "f.yaml:1: no manifest: it has no apiVersion"),
        ("a: 1", "f.yaml:1: no manifest: it has no kind"),
        ("kind: Pod\napiVersion: 1", "f.yaml:2: apiVersion: expected text, found the number 1"),
        (f"{POD}metadata: {{}}", "f.yaml:3: metadata: a Pod needs a name or a generateName"),
        (f"{POD}spec: {{}}", "f.yaml:1: metadata: a Pod needs a name or a generateName"),
        (f"{POD}metadata: x", "f.yaml:3: metadata: expected a mapping, found the text 'x'"),
        (
            f"{POD}metadata: {{name: 1}}",
            "f.yaml:3: metadata.name: expected text, found the number 1: quote it",
        ),
        (
            f"{POD}metadata: {{name: a, labels: [b]}}",
            "f.yaml:3: metadata.labels: expected a mapping, found a list",
        ),
        (
            f"{POD}metadata:\n  name: a\n  annotations:\n    gpu-class: no",
            'f.yaml:6: metadata.annotations["gpu-class"]: expected text, found the boolean no: '
            "quote it",
        ),
        (
            f"{POD}metadata: {{name: a, annotations: {{b: {{c: d}}}}}}",
            'f.yaml:3: metadata.annotations["b"]: expected text, found a mapping',
        ),
        (
            "apiVersion: v1\nkind: List\nitems: 3",
            "f.yaml:3: items: expected a list, found the number 3",
        ),
        (
            "apiVersion: v1\nkind: List\nitems:\n- x",
            "f.yaml:4: no manifest: expected a mapping, found the text 'x'",
        ),
        (
            '{"apiVersion": "v1", "kind": "List", "items": [' * 9 + "]}" * 9,
            "f.yaml:1: more than 8 lists inside one another",
        ),
    ],
)
def test_what_is_no_object_is_a_fault_with_its_line(text: str, expected: str) -> None:
    assert parse(text) == [expected]


def test_a_bad_item_does_not_hide_the_others() -> None:
    text = "apiVersion: v1\nkind: List\nitems:\n- 1\n- {apiVersion: v1, kind: Node}\n- a: b"
    assert parse(text) == [
        "f.yaml:4: no manifest: expected a mapping, found the number 1",
        "0:5 v1 Node here/",
        "f.yaml:6: no manifest: it has no kind",
    ]


def test_aliases_are_taken_by_value() -> None:
    text = (
        "apiVersion: v1\nkind: List\nitems:\n"
        "- &a {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {x: 1}}\n- *a\n"
    )
    first, second = (each for each in manifests.parse(text, "f.yaml") if isinstance(each, Manifest))
    assert first.value == second.value
    assert first.value is not second.value
    assert first.value["spec"] is not second.value["spec"]
    assert (first.line, second.line) == (4, 5)
