"""docs/operations.md: each command of the page, run on a cluster that gpuclass governs."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

import pytest

from tests.cluster.access import clean_environment
from tests.cluster.controlplane import ControlPlane
from tests.cluster.governed.manifests import pod, workload
from tests.cluster.installed import SERVER, Installed
from tests.cluster.operations.logs import logged
from tests.cluster.operations.page import Command, commands, is_like
from tests.cluster.waiting import PATIENCE_SECONDS, eventually

pytestmark = pytest.mark.cluster

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "operations.md"
COMMANDS = [*commands(PAGE.read_text(encoding="utf-8"))]
TEAM = "team-a"
NODES = ("cpu-a-1", "cpu-b-1")
SECONDS = PATIENCE_SECONDS + 60
"""Longer than any `--timeout` of the page: its own message says more."""
WRITING = ("scale ", "apply ", "drain ", "uncordon ", "patch gpupolicy", "export ")
"""Commands that are run once; others are asked again until what was written is there to be seen."""
SAYING_NO = ("explain ", "auth can-i ")
"""Commands whose exit code 1 is an answer."""

TOOLS = {"jq", "openssl", "base64"}
"""What the page uses beside kubectl, and a machine may lack."""

Shell: TypeAlias = Callable[[str], subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def shell(installed: Installed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """Give a shell in the root of the repository, with kubectl and gpuclass for the cluster."""
    plane = installed.control_plane
    folder = tmp_path_factory.mktemp("page")
    (folder / "kubectl").symlink_to(plane.kubectl_path)
    (folder / "deploy").symlink_to(ROOT / "deploy")
    path = os.pathsep.join((str(folder), str(Path(sys.executable).parent), os.environ["PATH"]))
    environment = {
        **clean_environment(),
        "PATH": path,
        "HOME": str(folder),
        "KUBECONFIG": str(plane.kubeconfig),
    }

    def run(text: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-o", "pipefail", "-c", text],  # noqa: S607 - of whoever runs the tests
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS,
            check=False,
        )

    with logged(plane.api, NODES, lambda: installed.log(SERVER), folder):
        populate(plane)
        yield run


def populate(plane: ControlPlane) -> None:
    """Make what the page says that there is."""
    plane.kubectl("create", "namespace", TEAM)
    eventually(
        lambda: plane.api.is_ready(f"/api/v1/namespaces/{TEAM}/serviceaccounts/default"),
        "the account of the team's pods",
    )
    aims = [{"key": "nvidia.com/gpu", "operator": "Exists"}]
    train = workload("Deployment", "train", "training")
    train["spec"]["replicas"] = 2
    web = workload("Deployment", "web", gpus=None, tolerations=aims)
    for each in (train, pod("inference", "production"), pod("large", "production", 16), web):
        plane.kubectl("-n", TEAM, "create", "-f", "-", input=json.dumps(each))
    plane.kubectl("-n", TEAM, "rollout", "status", "deployment/train", "--timeout=120s")


@pytest.mark.parametrize("command", COMMANDS, ids=lambda each: each.text[:60])
def test_a_command_answers_as_the_page_says(command: Command, shell: Shell) -> None:
    tools = set(re.findall("[a-z0-9]+", command.text)) & TOOLS
    if missing := sorted(each for each in tools if shutil.which(each) is None):
        pytest.skip(f"not installed here: {', '.join(missing)}")
    answers = [shell(command.text)]

    def is_answered() -> bool:
        if not is_like(command.answer, answers[-1].stdout.splitlines()):
            answers.append(shell(command.text))
        return is_like(command.answer, answers[-1].stdout.splitlines())

    if not any(each in command.text for each in WRITING):
        with suppress(AssertionError):
            eventually(is_answered, command.text, SECONDS)
    last = answers[-1]
    assert is_like(command.answer, last.stdout.splitlines()), last.stdout
    assert last.returncode in ({0, 1} if any(each in command.text for each in SAYING_NO) else {0})


def test_the_page_has_the_commands_of_the_guide() -> None:
    """What people who ran GPU nodes before have in their fingers."""
    texts = [each.text for each in COMMANDS]
    for start in (
        "kubectl get nodes -l nvidia.com/gpu.present=true",
        "kubectl describe nodes -l ",
        "kubectl get pods -A -o wide --field-selector spec.nodeName=",
        "kubectl scale deployment",
    ):
        assert any(each.startswith(start) for each in texts), start
