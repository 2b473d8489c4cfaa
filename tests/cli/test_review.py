"""`gpuclass review` as people, programs and GitHub see it."""

import io
import json
import sys
from pathlib import Path

import pytest

from tests.cli.reviewing import Review
from webhook.cli.main import main

REFUSED = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: team}
spec:
  template:
    spec:
      tolerations:
        - {key: gpu-type, value: training}
      containers: [{name: c, image: i}]
"""
CARRIED = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, annotations: {gpu-class: training}}
spec:
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: c, image: i}]
"""
NODE = "apiVersion: v1\nkind: Node\nmetadata: {name: m}\n"
MESSAGE = (
    "spec.template.spec.tolerations[0]{}: tolerates gpu-type=training:NoSchedule of pool training, "
    "but the pod asks for no GPU; drop it, ask for a GPU, or have its namespace exempted "
    "(GPUPolicy spec.exempt)"
)


def test_people_see_verdict_reasons_places_and_a_summary(review: Review) -> None:
    code, out, err = review(a=REFUSED, b=NODE)
    assert code == 1
    assert err == []
    assert out == [
        "a.yaml:1: Deployment team/web: deny: asks for no GPU",
        f"  refused {MESSAGE.format(' (line 8)')} (rule cpu-target)",
        "",
        "b.yaml:1: Node m: ignore: a node that no pool claims",
        "",
        "2 documents: 1 deny, 1 ignore",
    ]


def test_people_see_what_changes_as_a_diff(review: Review) -> None:
    code, out, _ = review(a=CARRIED)
    assert code == 0
    assert out == [
        "a.yaml:1: Deployment default/web: propagate: names class training",
        '  warning spec.template.metadata.annotations["gpu-class"]: training does nothing here: '
        "the pod asks for no GPU",
        "",
        "--- Deployment, as sent",
        "+++ Deployment, as stored",
        "@@ -9,6 +9,8 @@",
        "     metadata:",
        "       labels:",
        "         app: web",
        "+      annotations:",
        "+        gpu-class: training",
        "     spec:",
        "       containers:",
        "       - name: c",
        "",
        "1 document: 1 propagate, 1 warning",
    ]


def test_colour_is_for_terminals_and_for_those_who_ask(review: Review) -> None:
    _, out, _ = review("--color", "always", a=CARRIED, b=REFUSED)
    assert (
        out[0]
        == "a.yaml:1: Deployment default/web: \x1b[1;36mpropagate\x1b[0m: names class training"
    )
    assert out[3:6] == [
        "\x1b[1m--- Deployment, as sent\x1b[0m",
        "\x1b[1m+++ Deployment, as stored\x1b[0m",
        "\x1b[36m@@ -9,6 +9,8 @@\x1b[0m",
    ]
    assert "\x1b[32m+      annotations:\x1b[0m" in out
    assert any("\x1b[1;31mdeny\x1b[0m" in line for line in out)
    _, out, _ = review("--color", "never", a=CARRIED)
    assert not any("\x1b" in line for line in out)


def test_programs_see_one_entry_a_document(review: Review) -> None:
    code, out, _ = review("-o", "json", "-n", "other", a=CARRIED, b=f"---\n{NODE}---\n{REFUSED}")
    assert code == 1
    first, node, refused = json.loads("\n".join(out))
    assert first == {
        "source": "a.yaml",
        "index": 0,
        "line": 1,
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "namespace": "other",
        "name": "web",
        "verdict": "propagate",
        "class": "training",
        "reason": "names class training",
        "patch": [
            {
                "op": "add",
                "path": "/spec/template/metadata/annotations",
                "value": {"gpu-class": "training"},
            }
        ],
        "pod_patch": [],
        "violations": [],
        "warnings": [
            'spec.template.metadata.annotations["gpu-class"]: training does nothing here: '
            "the pod asks for no GPU"
        ],
    }
    assert "pod_patch" not in node
    assert (node["source"], node["index"], node["line"]) == ("b.yaml", 0, 2)
    assert (refused["index"], refused["line"], refused["class"]) == (1, 6, None)
    path, _, message = MESSAGE.format("").partition(": ")
    assert refused["violations"] == [
        {"rule": "cpu-target", "path": path, "message": message, "line": 13}
    ]


def test_github_sees_annotations_at_the_fields(review: Review) -> None:
    code, out, err = review("-o", "github", a=REFUSED, b=CARRIED, c="a: 1")
    assert code == 2
    assert out == [
        "::error file=a.yaml,line=8,title=gpuclass cpu-target::Deployment team/web: "
        f"{MESSAGE.format('')}",
        "::warning file=b.yaml,line=6,title=gpuclass warning::Deployment default/web: "
        'spec.template.metadata.annotations["gpu-class"]: training does nothing here: '
        "the pod asks for no GPU",
        "::error file=c.yaml,line=1,title=gpuclass bad input::no manifest: it has no kind",
    ]
    assert err == ["c.yaml:1: no manifest: it has no kind"]


def test_bad_input_is_a_line_each_and_hides_nothing(review: Review) -> None:
    code, out, err = review("no.yaml", a=f"{NODE}---\na: 1\n---\n{NODE}")
    assert code == 2
    assert err == ["no.yaml: no such file or directory", "a.yaml:5: no manifest: it has no kind"]
    assert out[-1] == "2 documents: 2 ignore, 2 faults in the input"


def test_nothing_to_review_is_bad_input(review: Review) -> None:
    assert review(a="# nothing\n---\n") == (
        2,
        ["0 documents: 1 fault in the input"],
        ["a.yaml: no manifest in it"],
    )


def test_standard_input_is_read(review: Review, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(NODE.encode())))
    code, out, _ = review("-")
    assert (code, out[0]) == (0, "-:1: Node m: ignore: a node that no pool claims")


def test_somebody_else_may_apply_it(review: Review) -> None:
    mirror = (
        "apiVersion: v1\nkind: Pod\n"
        "metadata: {name: a, annotations: {kubernetes.io/config.mirror: x}}\n"
        "spec: {nodeName: gpu-dev-1}\n"
    )
    assert review(a=mirror)[0] == 1
    code, out, _ = review("--as", "system:node:gpu-dev-1", "--as-group", "system:nodes", a=mirror)
    assert (code, out[0]) == (0, "a.yaml:1: Pod default/a: allow: a mirror pod of its kubelet")


def test_a_folder_without_policies_is_said_on_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["review", "--policies", str(tmp_path / "no"), "-"])
    assert (code, *capsys.readouterr()) == (2, "", f"{tmp_path}/no: no such folder\n")


def test_every_fault_of_the_policies_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.yaml").write_text("a: &b 1\nc: *b\n")
    assert main(["review", "--policies", str(tmp_path), "-"]) == 2
    places = {line.partition(" ")[0] for line in capsys.readouterr().err.splitlines()}
    assert places == {f"{tmp_path}/a.yaml:1", f"{tmp_path}/a.yaml:2"}
