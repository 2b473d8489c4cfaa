"""`review --old` and `review --nodes`: what was there before, and where."""

import io
import sys
from pathlib import Path

import pytest

from tests.cli.reviewing import Review

TOLERATION = "{key: gpu-type, operator: Exists}"


def pod(tolerations: str = "", spec: str = "", name: str = "p") -> str:
    return (
        f"apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: team}}\n"
        f"spec: {{tolerations: [{tolerations}], containers: [{{name: c, image: i}}]{spec}}}\n"
    )


NODE = """\
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Node
  metadata: {name: m1, labels: {nvidia.com/gpu.present: "true", gpu-type: training}}
"""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return tmp_path / "old.yaml"


def test_what_was_there_before_is_no_reason_to_refuse(review: Review, old: Path) -> None:
    old.write_text(pod(TOLERATION))
    code, out, err = review("--old", "old.yaml", a=pod(TOLERATION))
    assert (code, err) == (0, [])
    assert out[0].startswith("a.yaml:1: Pod team/p: allow: ")
    assert review(a=pod(TOLERATION))[0] == 1


def test_what_an_update_adds_is_refused(review: Review, old: Path) -> None:
    old.write_text(pod())
    code, out, err = review("--old", "old.yaml", a=pod(TOLERATION))
    assert (code, err) == (1, [])
    assert out[1].startswith("  refused spec.tolerations[0] (line 4): ")


def test_an_object_that_was_not_there_is_new(review: Review, old: Path) -> None:
    old.write_text(pod(TOLERATION))
    code, out, err = review("--old", "old.yaml", a=pod(TOLERATION), b=pod(TOLERATION, name="q"))
    assert (code, err) == (1, [])
    assert [line.partition(": deny")[1] for line in out if ": Pod team/" in line] == ["", ": deny"]


GENERATED = "apiVersion: v1\nkind: Pod\nmetadata: {generateName: p}\nspec: {containers: []}\n"


def test_an_object_of_a_generated_name_is_always_new(review: Review, old: Path) -> None:
    old.write_text(pod(name="q"))
    _, _, err = review("--old", "old.yaml", a=GENERATED, b=pod(name="q"))
    assert err == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", "old.yaml: no manifest in it", id="nothing"),
        pytest.param("kind: Pod\n", "old.yaml:1: no manifest: it has no apiVersion", id="no kind"),
        pytest.param(
            pod(name="q"),
            "old.yaml: nothing in the input is an update: none of its objects has the kind, "
            "namespace and name of one here, such as Pod team/q",
            id="another",
        ),
        pytest.param(
            f"{pod()}---\n{pod()}",
            "old.yaml:8: metadata.name: Pod p is at old.yaml:1 already",
            id="twice",
        ),
        pytest.param(
            f"{GENERATED}---\n{pod()}",
            "old.yaml:3: metadata: an object that was there before has a name",
            id="no name",
        ),
        pytest.param(
            pod(spec=", nodeName: 5"),
            "old.yaml:4: spec.nodeName: expected text, found the number 5: quote it",
            id="a wrong type",
        ),
    ],
)
def test_an_old_object_that_can_not_be_is_a_fault_at_its_place(
    review: Review, old: Path, text: str, expected: str
) -> None:
    old.write_text(text)
    code, _, err = review("--old", "old.yaml", a=pod())
    assert (code, err) == (2, [expected])


def test_nodes_of_a_file_are_known_by_their_labels(review: Review, tmp_path: Path) -> None:
    (tmp_path / "nodes.yaml").write_text(NODE)
    bound = pod(spec=", nodeName: m1")
    code, out, err = review("--nodes", "nodes.yaml", a=bound)
    assert (code, err) == (1, [])
    assert out[0] == "a.yaml:1: Pod team/p: deny: asks for no GPU"
    assert out[-1] == "1 document: 1 deny"
    assert review(a=bound)[0] == 0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", "nodes.yaml: no Node in it", id="nothing"),
        pytest.param(
            f"---\n{pod()}", "nodes.yaml:3: kind: expected Node (v1), found Pod (v1)", id="a pod"
        ),
        pytest.param(
            "apiVersion: v1\nkind: Node\nmetadata: {labels: {}}\n",
            "nodes.yaml:3: metadata: a Node needs a name",
            id="no name",
        ),
        pytest.param(
            "apiVersion: v1\nkind: Node\nmetadata: {name: m1}\nspec:\n  taints: [{key: 5}]\n",
            "nodes.yaml:5: spec.taints[0].key: expected text, found a whole number",
            id="a wrong type",
        ),
        pytest.param(
            "{",
            "nodes.yaml:1: no valid YAML: did not find expected node content",
            id="no YAML",
        ),
    ],
)
def test_a_file_of_nodes_that_can_not_be_read_is_a_fault_at_its_place(
    review: Review, tmp_path: Path, text: str, expected: str
) -> None:
    (tmp_path / "nodes.yaml").write_text(text)
    code, _, err = review("--nodes", "nodes.yaml", a=pod())
    assert (code, err) == (2, [expected])


def test_standard_input_can_be_read_once(review: Review, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))
    code, _, err = review("--nodes", "-", "--old", "-", a=pod())
    assert (code, err) == (2, ["- is named more than once, but standard input can be read once"])
