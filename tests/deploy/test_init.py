"""What `gpuclass init` writes, by the program as it is installed from a wheel, on the real thing.

The tree is linted and tested by the installed program, built by kustomize, read by actionlint and
pre-commit, and applied to a real API server.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import yaml

from tests.cluster.binaries import Binaries
from tests.cluster.controlplane import ControlPlane
from tests.cluster.waiting import eventually
from tests.deploy.test_kustomize import build
from tests.gitops.programs import CRDS
from webhook.cli import tree

BIN = Path(sys.executable).parent
KUBERNETES = tree.KUBERNETES
README = Path(__file__).parents[2] / "deploy" / "policy-repository" / "README.md"


class Installed:
    """gpuclass from its wheel; what it needs is in the environment of the tests."""

    def __init__(self, wheel: Path, folder: Path) -> None:
        """Install it into a folder."""
        options = ("--quiet", "--no-deps", "--no-index", f"--find-links={wheel}")
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", *options]
        subprocess.run([*pip, f"--target={folder}", "gpuclass"], check=True)
        path = os.pathsep.join((str(folder / "bin"), str(BIN), os.environ["PATH"]))
        self.environment: Mapping[str, str] = {
            **os.environ,
            "PATH": path,
            "PYTHONPATH": str(folder),
        }

    def run(self, folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command in a folder, with this program first on its way."""
        return subprocess.run(
            command,
            cwd=folder,
            env=self.environment,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    return Installed(wheel, tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="module")
def gpus(installed: Installed, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a repository that was written, committed as it says."""
    folder = tmp_path_factory.mktemp("init")
    remote = folder / "remote.git"
    installed.run(folder, "git", "init", "--bare", "--quiet", "-b", "main", str(remote))
    answer = installed.run(folder, "gpuclass", "init", "gpus", f"--repo-url=file://{remote}")
    assert (answer.returncode, answer.stderr) == (0, "")
    commands = re.findall(r"(?m)^  (git .*)$", answer.stdout)
    assert len(commands) == 2
    for each in commands:
        given = each.replace("commit", "-c user.name=a -c user.email=a@example.com commit")
        done = installed.run(folder, "bash", "-c", given)
        assert done.returncode == 0, done.stderr
    return folder / "gpus"


def test_the_program_is_the_installed_one(installed: Installed, tmp_path: Path) -> None:
    command = (sys.executable, "-c", "import webhook.cli.init as it; print(it.SHIPPED)")
    shipped = Path(installed.run(tmp_path, *command).stdout.strip())
    assert shipped.is_relative_to(installed.environment["PYTHONPATH"])
    assert not [each for each in shipped.rglob("*") if each.is_symlink()]


def test_a_wheel_writes_what_a_checkout_does(gpus: Path, tmp_path: Path) -> None:
    from webhook.cli.main import main  # noqa: PLC0415 - the one of the checkout

    remote = gpus.with_name("remote.git")
    assert main(["init", str(tmp_path / "gpus"), f"--repo-url=file://{remote}"]) == 0
    assert texts(tmp_path / "gpus") == texts(gpus)


def texts(folder: Path) -> dict[str, str]:
    """Give the text of every file that is not Git's own."""
    return {
        str(path.relative_to(folder)): path.read_text(encoding="utf-8")
        for path in folder.rglob("*")
        if path.is_file() and ".git" not in path.relative_to(folder).parts
    }


def test_what_its_readme_says_before_a_commit_passes(installed: Installed, gpus: Path) -> None:
    (block,) = re.findall(r"(?s)```console\n(.*?)```", README.read_text(encoding="utf-8"))
    commands = block.splitlines()
    assert [each.split()[1] for each in commands] == ["lint", "test", "diff"]
    for each in commands:
        answer = installed.run(gpus, *each.split())
        assert (answer.returncode, answer.stderr) == (0, ""), answer.stdout


def test_its_workloads_are_admitted_by_its_policies(installed: Installed, gpus: Path) -> None:
    answer = installed.run(gpus, "gpuclass", "review", f"{KUBERNETES}/workloads")
    assert (answer.returncode, answer.stderr) == (0, ""), answer.stdout


def test_pre_commit_takes_its_hooks(installed: Installed, gpus: Path) -> None:
    answer = installed.run(gpus, "pre-commit", "validate-config")
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, "", "")


def test_actionlint_finds_nothing_in_its_workflow(actionlint: Path, gpus: Path) -> None:
    path = gpus / ".github" / "workflows" / "policies.yaml"
    command = [str(actionlint), "-shellcheck", str(BIN / "shellcheck"), "-pyflakes=", str(path)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    assert (done.returncode, done.stdout) == (0, "")


def kustomizations(folder: Path) -> Iterator[Path]:
    """Give every folder that kustomize builds by itself."""
    for path in sorted(folder.rglob("kustomization.yaml")):
        if yaml.safe_load(path.read_text(encoding="utf-8"))["kind"] == "Kustomization":
            yield path.parent


@pytest.mark.cluster
def test_kustomize_builds_every_folder(binaries: Binaries, gpus: Path) -> None:
    built = {str(each.relative_to(gpus)): build(binaries, each) for each in kustomizations(gpus)}
    assert {"policies", tree.APPLICATIONS, f"{KUBERNETES}/gpuclass/base"} <= built.keys()
    assert all(built.values())


@pytest.mark.cluster
def test_its_applications_are_of_its_repository(binaries: Binaries, gpus: Path) -> None:
    found = build(binaries, gpus / tree.APPLICATIONS)
    sources = [each["spec"]["source"] for (kind, _), each in found.items() if kind == "Application"]
    ours = {each["repoURL"] for each in sources if "path" in each}
    assert ours == {f"file://{gpus.with_name('remote.git')}"}
    for each in sources:
        assert "chart" in each or (gpus / each["path"] / "kustomization.yaml").exists()


@pytest.fixture(scope="module")
def plane(binaries: Binaries) -> Iterator[ControlPlane]:
    with ControlPlane(binaries) as running:
        yield running


@pytest.mark.cluster
@pytest.mark.parametrize(
    "folder",
    [
        f"{KUBERNETES}/gpuclass/base",
        "policies",
        *(f"{KUBERNETES}/{name}" for name in ("gpu-nodes", "monitoring/plain", "workloads")),
    ],
)
def test_an_api_server_takes_it(
    plane: ControlPlane, binaries: Binaries, gpus: Path, folder: str
) -> None:
    """In the order in which Argo CD syncs them; kinds of the Prometheus operator are not here."""
    objects = list(build(binaries, gpus / folder).values())
    for name in {each["metadata"].get("namespace", "default") for each in objects}:
        plane.kubectl("create", "namespace", name, check=False)
    text = yaml.safe_dump_all(objects)
    answer = plane.kubectl("apply", "--server-side", "--filename=-", input=text)
    assert answer.stderr == ""


@pytest.mark.cluster
def test_an_api_server_takes_its_applications_and_the_one_that_brings_them(
    plane: ControlPlane, gpus: Path
) -> None:
    if not CRDS.is_dir():
        pytest.skip("Argo CD is not built here: `make gitops` builds it, its kinds among it")
    plane.kubectl("create", "namespace", "argocd")
    plane.kubectl("apply", "--server-side", "-k", str(CRDS))
    lists = ("get", "applications.argoproj.io,appprojects.argoproj.io", "-A")
    eventually(lambda: plane.kubectl(*lists, check=False).returncode == 0, "its kinds to be there")
    for source in (("-k", str(gpus / tree.APPLICATIONS)), ("-f", str(gpus / tree.ROOT))):
        answer = plane.kubectl("apply", "--server-side", *source)
        assert answer.stderr == ""
