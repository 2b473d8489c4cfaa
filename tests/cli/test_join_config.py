"""`gpuclass join-config`: what it prints, and that it repeats no token."""

import io
import json
from pathlib import Path

import pytest
import yaml

from tests.cli.shipped import POLICIES, policy
from tests.core.test_join import COMMAND, DISCOVERY, TOKEN
from webhook.cli.main import main
from webhook.core import join

WORKER = next(each for each in policy().pools if each.name == "worker")
ROLE = "node-role.kubernetes.io/gpu"


def run(*arguments: str) -> int:
    return main(["join-config", "worker", "--policies", str(POLICIES), *arguments])


def feed(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Put a text on standard input."""
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))


def test_the_configuration_of_a_node_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--node", "gpu-worker-1", "--kind", "c") == 0
    printed = yaml.safe_load(capsys.readouterr().out)
    assert printed == join.configuration(WORKER, node="gpu-worker-1", kind="c")


def test_the_patch_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--patch") == 0
    assert yaml.safe_load(capsys.readouterr().out) == join.patch(WORKER)


def test_a_token_comes_from_standard_input(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    feed(monkeypatch, COMMAND)
    assert run("--discovery", "-") == 0
    printed = yaml.safe_load(capsys.readouterr().out)
    assert printed == join.configuration(WORKER, discovery=DISCOVERY)


def test_a_token_comes_from_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "command").write_text(COMMAND, encoding="utf-8")
    assert run("--discovery", str(tmp_path / "command")) == 0
    assert yaml.safe_load(capsys.readouterr().out)["discovery"]


def test_what_is_no_join_command_is_not_repeated(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    feed(monkeypatch, f"token: {TOKEN}")
    assert run("--discovery", "-") == 2
    said = capsys.readouterr()
    assert not said.out
    assert TOKEN not in said.err
    assert said.err.startswith("discovery: this is not what ")


def test_a_label_that_the_controller_sets_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (POLICIES / "pools" / "worker.yaml").read_text(encoding="utf-8")
    spoilt = text.replace("spec:\n", f'spec:\n  labels: {{{ROLE}: ""}}\n', 1)
    for path in POLICIES.rglob("*.yaml"):
        if path.parent.name != "cases" and path.name != "kustomization.yaml":
            (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "worker.yaml").write_text(spoilt, encoding="utf-8")
    assert main(["join-config", "worker", "--policies", str(tmp_path)]) == 0
    said = capsys.readouterr()
    assert ROLE not in said.out
    assert said.err == (
        f"pool worker: label {ROLE}= is left out: a kubelet may not set it on itself; the "
        "controller does\n"
    )


def test_a_node_is_compared(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = join.registration(WORKER)
    node = {
        "kind": "Node",
        "metadata": {"name": "n", "labels": dict(said.labels)},
        "spec": {"taints": list(said.taints)},
    }
    feed(monkeypatch, json.dumps(node))
    assert run("--compare", "-") == 0
    feed(monkeypatch, json.dumps({**node, "spec": {}}))
    assert run("--compare", "-") == 1
    said_of_it = capsys.readouterr().out
    assert said_of_it == "node n: taint nvidia.com/gpu=present:NoSchedule is missing\n"


@pytest.mark.parametrize(
    ("text", "arguments", "expected"),
    [
        pytest.param(
            "",
            ["--kind", "c"],
            "--kind names a cluster, but no node of it: add --node NAME",
            id="kind-without-node",
        ),
        pytest.param(
            "",
            ["--node", "gpu-dev-1"],
            "node gpu-dev-1: it is of pool development by its name (a GPUNode, or "
            "spec.claims.names), not of worker: choose another name, or that pool",
            id="another-pools-name",
        ),
        pytest.param(
            "{}",
            ["--compare", "-"],
            "-: expected a Node, as `kubectl get node NAME -o json` gives it",
            id="no-node",
        ),
        pytest.param(
            "{",
            ["--compare", "-"],
            "-: no JSON: Expecting property name enclosed in double quotes: "
            "line 1 column 2 (char 1)",
            id="no-json",
        ),
        pytest.param(
            "",
            ["--discovery", "/nonexistent/file"],
            "/nonexistent/file: can not be read: No such file or directory",
            id="no-file",
        ),
    ],
)
def test_what_can_not_be_done_is_one_line(
    text: str,
    arguments: list[str],
    expected: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    feed(monkeypatch, text)
    assert run(*arguments) == 2
    assert capsys.readouterr().err == f"{expected}\n"


def test_an_unknown_pool_is_answered_with_those_that_there_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["join-config", "trainng", "--policies", str(POLICIES)]) == 2
    assert capsys.readouterr().err == (
        f"{POLICIES}: no pool trainng; known: development, production, training, worker; "
        "did you mean training?\n"
    )
