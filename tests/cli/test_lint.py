"""`gpuclass lint`: its report in each form, and its exit codes."""

import io
import json
from pathlib import Path

import pytest

from tests.core.policy.documents_text import CLASS, POLICY, POOL, PRIORITY
from webhook.cli.lint import run

TRAINING_ONLY = CLASS.replace("    - name: development\n", "").replace(
    "  allowedPriorityClassNames: [other]\n", ""
)


@pytest.fixture
def policies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a folder without faults."""
    monkeypatch.chdir(tmp_path)
    folder = Path("policies")
    folder.mkdir()
    for name, text in {
        "class": TRAINING_ONLY,
        "policy": POLICY,
        "pool": POOL,
        "priority": PRIORITY,
    }.items():
        (folder / f"{name}.yaml").write_text(text)
    return folder


def lint(folder: Path, output: str = "text") -> tuple[int, str]:
    out = io.StringIO()
    return run(folder, output, out), out.getvalue()


def test_sound_policies_are_counted(policies: Path) -> None:
    summary = "policies: 1 pool, 1 class, 1 priority class: no faults"
    assert lint(policies) == (0, f"{summary}\n")
    assert lint(policies, "github") == (0, f"{summary}\n")
    code, text = lint(policies, "json")
    assert (code, json.loads(text)) == (0, {"faults": [], "summary": summary})


def test_warnings_alone_are_clean(policies: Path) -> None:
    (policies / "priority.yaml").unlink()
    assert lint(policies) == (
        0,
        "policies/class.yaml:11 spec.priorityClassName: no document defines the PriorityClass"
        " gpu-batch-priority: the cluster must; there is none (warning)\n"
        "policies: 1 pool, 1 class, 0 priority classes: no faults, 1 warning\n",
    )


def test_contradictions_are_faults(policies: Path) -> None:
    (policies / "pool.yaml").unlink()
    (policies / "policy.yaml").unlink()
    assert lint(policies) == (
        1,
        "policies: no GPUPolicy: add one, named cluster\n"
        "policies/class.yaml:9 spec.pools[0].name: there is no GPUNodePool training; there is"
        " none\n"
        "policies: 0 pools, 1 class, 1 priority class: 2 faults\n",
    )


def test_documents_are_not_compared_while_one_can_not_be_read(policies: Path) -> None:
    (policies / "pool.yaml").write_text(POOL.replace("tolerate: false", "tolerate: 0"))
    assert lint(policies) == (
        1,
        "policies/pool.yaml:9 spec.taints[1].tolerate: 0 is not true or false, unquoted\n"
        "policies: 0 pools, 1 class, 1 priority class: 1 fault; the documents are compared with"
        " one another once each can be read\n",
    )


def test_faults_become_annotations(policies: Path) -> None:
    (policies / "a,b:c%.yaml").write_text("a: [\n")
    (policies / "d.yaml").write_text(PRIORITY.replace("50", "x%"))
    (policies / "e.yaml").symlink_to("nowhere")
    assert lint(policies, "github") == (
        1,
        "::error file=policies/a%2Cb%3Ac%25.yaml,line=2,title=gpuclass policy::no valid YAML:"
        " expected the node content, but found '<stream end>'\n"
        "::error file=policies/d.yaml,line=4,title=gpuclass policy::value:"
        " x%25 is not a whole number\n"
        "::error file=policies/e.yaml,line=1,title=gpuclass policy::can not be read:"
        " No such file or directory\n"
        "policies: 1 pool, 1 class, 1 priority class: 3 faults; the documents are compared with"
        " one another once each can be read\n",
    )


def test_faults_are_objects_for_programs(policies: Path) -> None:
    (policies / "priority.yaml").write_text(PRIORITY.replace("50", "x"))
    code, text = lint(policies, "json")
    assert code == 1
    assert json.loads(text)["faults"] == [
        {
            "source": "policies/priority.yaml",
            "line": 4,
            "path": "value",
            "message": "x is not a whole number",
            "severity": "error",
        }
    ]


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("text", "nope: no such folder\n"),
        ("github", "::error title=gpuclass policy::nope: no such folder\n"),
        ("json", '{"error": "nope: no such folder"}\n'),
    ],
)
def test_a_folder_that_can_not_be_read_has_its_own_code(
    policies: Path, output: str, expected: str
) -> None:
    assert policies.exists()
    assert lint(Path("nope"), output) == (2, expected)
