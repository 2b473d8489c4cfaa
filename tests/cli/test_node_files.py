"""Nodes out of files: quickly where they are JSON and nothing else, with lines where not."""

import io
import json
from pathlib import Path

import pytest

from tests.core.given import Json
from webhook.cli import node_files, sources


def node(name: str, **more: object) -> Json:
    metadata = {"name": name, "labels": {"gpu-type": "training"}}
    return {"apiVersion": "v1", "kind": "Node", "metadata": metadata, **more}


def listed(*nodes: Json) -> Json:
    return {"apiVersion": "v1", "kind": "List", "items": [*nodes]}


def read(path: Path, text: str) -> tuple[list[str], list[str]]:
    """Give the names of what is read, and the faults as they are told."""
    path.write_text(text, encoding="utf-8")
    nodes, faults = node_files.read([str(path)], io.BytesIO())
    return [each.name for each in nodes], [
        f"{each.line} {each.path}: {each.message}" for each in faults
    ]


def test_json_and_yaml_say_the_same(tmp_path: Path) -> None:
    text = json.dumps(listed(node("a"), node("b", spec={"unschedulable": True})))
    (tmp_path / "nodes.json").write_text(text)
    (tmp_path / "nodes.yaml").write_text(f"---\n{text}")
    quick, slow = (
        node_files.read([str(tmp_path / name)], io.BytesIO())[0]
        for name in ("nodes.json", "nodes.yaml")
    )
    assert [(each.name, each.value, each.index) for each in quick] == [
        (each.name, each.value, each.index) for each in slow
    ]
    assert quick[1].value["spec"] == {"unschedulable": True}


def test_a_list_says_what_its_items_are(tmp_path: Path) -> None:
    items = [{"metadata": {"name": "a"}}]
    text = json.dumps({"apiVersion": "v1", "kind": "NodeList", "items": items})
    assert read(tmp_path / "nodes.json", text) == (["a"], [])


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        pytest.param(
            json.dumps(listed(node("a"), {"apiVersion": "v1", "kind": "Secret"}), indent=1),
            "17 kind: expected Node (v1), found Secret (v1)",
            id="something else",
        ),
        pytest.param(
            '{"kind": "Node",\n "x": 1}', "1 : no manifest: it has no apiVersion", id="no version"
        ),
        pytest.param(json.dumps(node("")), "1 metadata: a Node needs a name", id="no name"),
    ],
)
def test_what_is_wrong_with_json_is_told_with_its_line(
    tmp_path: Path, text: str, fault: str
) -> None:
    assert read(tmp_path / "nodes.json", text)[1] == [fault]


def test_a_node_whose_fields_are_wrong_has_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "nodes.json"
    path.write_text(json.dumps(node("a", spec={"taints": 1}), indent=1), encoding="utf-8")
    (found,), _ = node_files.read([str(path)], io.BytesIO())
    assert found.line_of("spec.taints") == 11


def test_json_may_be_large_and_yaml_may_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "MAX_BYTES", 64)
    text = json.dumps(listed(node("a")))
    assert read(tmp_path / "nodes.json", text) == (["a"], [])
    too_large = "0 : larger than 0 MiB: write it with `kubectl get nodes -o json`, or split it"
    assert read(tmp_path / "nodes.yaml", f"---\n{text}") == ([], [too_large])
