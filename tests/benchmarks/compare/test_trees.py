"""Another commit's files, and what they need; nothing is left in the repository."""

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.compare import trees
from benchmarks.compare.trees import Tree
from benchmarks.errors import BenchmarkError
from tests.benchmarks.compare import repository


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return repository.make(tmp_path / "repository")


def test_a_commit_is_known_by_any_name(root: Path) -> None:
    commit = repository.git(root, "rev-parse", "HEAD")[: trees.SHORT]
    assert [trees.resolve(name, root) for name in ("main", "HEAD", commit)] == [commit] * 3


@pytest.mark.parametrize("name", ["nosuch", "", "--help", "HEAD:policies"])
def test_a_name_of_no_commit_is_told(root: Path, name: str) -> None:
    with pytest.raises(BenchmarkError) as raised:
        trees.resolve(name, root)
    assert str(raised.value).startswith(f"{name} is no commit of this repository: git: fatal: ")


def test_no_repository_is_told(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError, match="not a git repository"):
        trees.resolve("HEAD", tmp_path)


def test_a_machine_without_git_is_told(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(BenchmarkError, match="there is no git on PATH"):
        trees.resolve("HEAD", root)


def test_a_commit_is_unpacked_as_it_was_committed(root: Path, tmp_path: Path) -> None:
    before = (root / "webhook/cli/main.py").read_text()
    (root / "webhook/cli/main.py").write_text("")
    (root / "new").touch()
    trees.unpack(trees.resolve("HEAD", root), tmp_path / "base", root)
    assert (tmp_path / "base/webhook/cli/main.py").read_text() == before
    assert (tmp_path / "base/link").readlink() == Path("policies/policy.yaml")
    assert not (tmp_path / "base/new").exists()
    assert repository.git(root, "worktree", "list").count("\n") == 0


def test_a_change_that_is_in_no_commit_is_seen(root: Path) -> None:
    assert not trees.is_changed(root)
    (root / "new").touch()
    assert trees.is_changed(root)


def test_a_tree_needs_packages_of_its_own_only_where_its_lock_differs(root: Path) -> None:
    assert not trees.needs_own(root)
    (root / trees.LOCK).write_text("flask==1.0\n")
    assert trees.needs_own(root)


@pytest.mark.parametrize("path", [trees.LOCK, trees.ENTRY])
def test_a_tree_from_before_there_was_a_server_is_told(root: Path, path: Path) -> None:
    (root / path).unlink()
    with pytest.raises(BenchmarkError) as raised:
        trees.needs_own(root)
    assert str(raised.value) == f"the base has no {path}: there is no server to compare with"


def test_packages_that_do_not_install_are_told(root: Path, tmp_path: Path) -> None:
    (root / trees.LOCK).write_text("./nothing.whl\n")
    with pytest.raises(BenchmarkError, match="python: ERROR: "):
        trees.install(root, tmp_path / "venv")


def test_a_tree_runs_its_own_code_and_not_what_is_installed(root: Path) -> None:
    tree = Tree(name="base", root=root, python=Path(sys.executable))
    command = tree.command("-c", "import webhook; print(webhook.__file__)")
    found = subprocess.check_output(command, env=tree.environment, cwd=trees.ROOT, text=True)
    assert found.strip() == str(root / "webhook/__init__.py")
