"""deploy/policy-repository and the hooks: what a repository of policies copies, run as there."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

import webhook
from tests.cli.shipped import POLICIES
from tests.deploy import workflow

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "deploy" / "policy-repository"
WORKFLOW = TEMPLATE / ".github" / "workflows" / "policies.yaml"
BIN = Path(sys.executable).parent

INSTALL = "Install gpuclass"
LINT = "Are the policies sound?"
TEST = "Do they what their cases expect?"
REVIEW = "What becomes of the workloads?"
DIFF = "What does the change change?"

JOB = """\
apiVersion: batch/v1
kind: Job
metadata: {name: fit, namespace: team-red, annotations: {gpu-class: training}}
spec:
  template:
    spec:
      containers: [{name: c, resources: {limits: {cpu: 1, memory: 1Gi, nvidia.com/gpu: 1}}}]
"""
AIMS = (
    "{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {nodeSelector: {gpu-type: training}}}"
)


class Repository:
    """A repository of policies, and a runner that has checked it out."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self.summary = folder.with_name("summary.md")
        self.environment = {**environment, "GITHUB_STEP_SUMMARY": str(self.summary)}
        self.git("init", "--quiet", "--initial-branch", "main", ".")

    def git(self, *arguments: str) -> None:
        """Run git."""
        command = ["git", "-c", "user.name=a", "-c", "user.email=a@example.com", *arguments]
        subprocess.run(command, cwd=self.folder, env=self.environment, check=True)

    def commit(self, edit: Callable[[Path], object]) -> None:
        """Edit files and commit them."""
        edit(self.folder)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "a change")

    def run(self, name: str) -> tuple[int, list[str]]:
        """Run a step of the workflow, and give its exit code and its lines."""
        (step,) = (each for each in workflow.steps(WORKFLOW) if each.name == name)
        code, text = step.run(self.folder, self.environment)
        return code, text.splitlines()


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """Give a repository that has the template's files and the shipped policies in its history."""
    folder = tmp_path / "repository"
    shutil.copytree(TEMPLATE, folder)
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    made = Repository(folder, {"PATH": path, "HOME": str(tmp_path)})
    made.commit(lambda folder: shutil.copytree(POLICIES, folder / "policies"))
    return made


def narrow(folder: Path) -> None:
    """Take a pool from a class."""
    path = folder / "policies" / "classes" / "training.yaml"
    path.write_text(path.read_text().replace("    - {name: development, weight: 100}\n", ""))


def add(name: str, text: str) -> Callable[[Path], object]:
    """Give the edit that adds a file."""

    def edit(folder: Path) -> None:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)

    return edit


def test_the_workflow_has_the_steps_that_are_tried_here() -> None:
    assert [each.name for each in workflow.steps(WORKFLOW)] == [INSTALL, LINT, TEST, REVIEW, DIFF]


def test_what_is_installed_is_this_version(
    repository: Repository, wheel: Path, tmp_path: Path
) -> None:
    """The step itself, with a folder for an index; what gpuclass needs is there already."""
    site = tmp_path / "site"
    repository.environment |= {
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_FIND_LINKS": str(wheel),
        "PIP_NO_DEPS": "1",
        "PIP_NO_INDEX": "1",
        "PIP_TARGET": str(site),
    }
    code, lines = repository.run(INSTALL)
    assert (code, lines[-1]) == (0, f"Successfully installed gpuclass-{webhook.__version__}")
    path = f"{site / 'bin'}{os.pathsep}{repository.environment['PATH']}"
    repository.environment |= {"PATH": path, "PYTHONPATH": str(site)}
    assert repository.run(LINT)[0] == 0


def test_a_sound_change_passes_and_says_what_it_does(repository: Repository) -> None:
    repository.commit(add("workloads/fit.yaml", JOB))
    repository.commit(narrow)
    code, lines = repository.run(LINT)
    assert (code, len(lines)) == (0, 1)
    assert repository.run(REVIEW) == (0, [])
    code, lines = repository.run(DIFF)
    assert code == 0
    assert lines[0] == (
        "::notice file=policies/classes/training.yaml,line=2,title=gpuclass policy::"
        "GPUClass training: pools -{name: development}"
    )
    assert (
        "::notice file=workloads/fit.yaml,line=1,title=gpuclass change::Job team-red/fit: "
        "pools - development; nodes - nvidia.com/gpu.present=true, "
        "+ nvidia.com/gpu.present=true,gpu-type=training; "
        "preferred - 100: gpu-type in (development,training); "
        "tolerations - gpu-type=development:NoSchedule"
    ) in lines
    shown = repository.summary.read_text().splitlines()
    assert (shown[0], shown[1], shown[-1]) == (
        "```",
        "GPUClass training: pools -{name: development}",
        "```",
    )
    assert shown[-2] == lines[-1]


def test_cases_that_a_change_breaks_fail(repository: Repository) -> None:
    assert repository.run(TEST)[0] == 0
    repository.commit(narrow)
    code, lines = repository.run(TEST)
    assert code == 1
    assert any(line.startswith("FAIL policies/cases/class-training.yaml:1: ") for line in lines)


def test_a_fault_fails_where_it_stands(repository: Repository) -> None:
    repository.commit(lambda folder: (folder / "policies" / "pools" / "training.yaml").unlink())
    code, lines = repository.run(LINT)
    assert code == 1
    assert lines[0].startswith("::error file=policies/classes/training.yaml,line=9,")
    code, lines = repository.run(DIFF)
    assert code != 0
    assert lines[0].startswith("policies/classes/training.yaml:9 spec.pools[0].name: there is no ")


def test_a_workload_that_would_be_refused_fails(repository: Repository) -> None:
    assert repository.run(REVIEW) == (0, [])
    repository.commit(add("workloads/aims.yaml", AIMS))
    code, (line,) = repository.run(REVIEW)
    assert code == 1
    assert line.startswith("::error file=workloads/aims.yaml,line=1,title=gpuclass cpu-target::")


def test_a_change_of_nothing_changes_nothing(repository: Repository) -> None:
    repository.commit(add("README.md", "# Policies"))
    code, (summary,) = repository.run(DIFF)
    assert code == 0
    assert re.fullmatch(r"(\d+) workloads: 0 change, \1 unchanged", summary)


def test_the_first_policies_have_nothing_to_be_compared_with(repository: Repository) -> None:
    code, lines = repository.run(DIFF)
    assert (code, lines[-1]) == (0, "no policies before this change")


def hooks() -> dict[str, dict[str, Any]]:
    """Give our hooks by id."""
    loaded: list[dict[str, Any]] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    return {each["id"]: each for each in loaded}


def run_hook(repository: Repository, name: str, *files: str) -> tuple[int, str]:
    """Run a hook as pre-commit would: entry, args, and the names of staged files that it wants."""
    hook = hooks()[name]
    wanted = [each for each in files if re.search(hook["files"], each)]
    names = wanted if hook.get("pass_filenames", True) else []
    done = subprocess.run(
        [*shlex.split(hook["entry"]), *hook["args"], *names],
        cwd=repository.folder,
        env={**os.environ, **repository.environment},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    return done.returncode, (done.stdout or done.stderr).splitlines()[-1]


def test_hooks_pass_a_sound_commit(repository: Repository) -> None:
    repository.commit(add("workloads/fit.yaml", JOB))
    files = ("workloads/fit.yaml", "policies/policy.yaml")
    assert run_hook(repository, "gpuclass-lint", *files)[0] == 0
    assert run_hook(repository, "gpuclass-test", *files)[0] == 0
    assert run_hook(repository, "gpuclass-review", *files) == (0, "1 document: 1 inject")


def test_hooks_stop_a_commit_that_is_not(repository: Repository) -> None:
    repository.commit(narrow)
    repository.commit(add("workloads/aims.yaml", AIMS))
    repository.commit(lambda folder: (folder / "policies" / "pools" / "worker.yaml").unlink())
    assert run_hook(repository, "gpuclass-lint")[0] == 1
    code, last = run_hook(repository, "gpuclass-review", "workloads/aims.yaml")
    assert (code, last.partition(": ")[0]) == (
        2,
        "policies/classes/general.yaml:8 spec.pools[0].name",
    )
    repository.git("revert", "--no-edit", "HEAD")
    assert run_hook(repository, "gpuclass-test")[0] == 1
    code, last = run_hook(repository, "gpuclass-review", "workloads/aims.yaml", "README.md")
    assert (code, last) == (1, "1 document: 1 deny")


@pytest.mark.parametrize(
    ("command", "path"),
    [
        ("validate-manifest", ROOT / ".pre-commit-hooks.yaml"),
        ("validate-config", TEMPLATE / ".pre-commit-config.yaml"),
    ],
)
def test_pre_commit_takes_the_files(command: str, path: Path) -> None:
    done = subprocess.run(
        [str(BIN / "pre-commit"), command, str(path)], capture_output=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_the_template_has_our_hooks_in_this_version() -> None:
    """It names no repository of ours: pip installs what they run."""
    (entry,) = yaml.safe_load((TEMPLATE / ".pre-commit-config.yaml").read_text())["repos"]
    ours = hooks()
    assert [each["id"] for each in entry["hooks"]] == list(ours)
    for each in entry["hooks"]:
        hook = ours[each["id"]]
        del hook["description"]
        hook["entry"] = " ".join((hook["entry"], *hook.pop("args")))
        package = f"gpuclass=={webhook.__version__}"
        assert each == {**hook, "additional_dependencies": [package]}
    pinned = next(workflow.steps(WORKFLOW)).variables["GPUCLASS"]
    assert pinned == f"gpuclass=={webhook.__version__}"
