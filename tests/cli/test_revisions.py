"""Policies by name: folders, and folders in revisions of Git."""

import subprocess
from pathlib import Path

import pytest

from tests.core.policy.documents_text import POLICY, POOL
from webhook.cli import revisions
from webhook.core.errors import OperatorError, PolicyError


def git(*arguments: str) -> bytes:
    return subprocess.check_output(["git", *arguments])  # noqa: S607 # whichever git there is


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a repository whose branch `main` has a pool, and whose checkout is elsewhere by now."""
    for name in (
        "GIT_AUTHOR_NAME",
        "GIT_AUTHOR_EMAIL",
        "GIT_COMMITTER_NAME",
        "GIT_COMMITTER_EMAIL",
    ):
        monkeypatch.setenv(name, "somebody@example.com")
    monkeypatch.chdir(tmp_path)
    git("init", "--quiet", "--initial-branch", "main", ".")
    write("policies/pools/a.yaml", POOL)
    write("policies/cases/a.yaml", "name: a case\n")
    write("policies/.gitattributes", "*.yaml export-ignore\n")
    write("empty/readme.txt", "nothing")
    write("broken/a.yaml", POOL.replace("effect: NoSchedule}", "effect: Never}"))
    git("add", ".")
    git("commit", "--quiet", "--message", "policies")
    write("policies/pools/a.yaml", POLICY)
    return tmp_path


def write(name: str, text: str) -> None:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text(text)


def names(name: str) -> list[tuple[str, str]]:
    return [(each.name, each.source) for each in revisions.read(name)]


@pytest.mark.usefixtures("repository")
def test_a_folder_is_read_as_it_is() -> None:
    assert names("policies") == [("cluster", "policies/pools/a.yaml")]


@pytest.mark.usefixtures("repository")
def test_a_revision_is_read_as_it_was_committed() -> None:
    assert names("main:policies") == [("training", "main:policies/pools/a.yaml")]
    assert names("HEAD:policies/") == [("training", "HEAD:policies/pools/a.yaml")]


def test_a_revision_is_found_from_within(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repository / "policies")
    assert names("main:./pools") == [("training", "main:./pools/a.yaml")]
    assert names("main:policies") == [("training", "main:policies/pools/a.yaml")]


@pytest.mark.usefixtures("repository")
def test_reading_leaves_the_repository_as_it_was() -> None:
    before = git("status", "--porcelain=v2")
    names("main:policies")
    assert git("status", "--porcelain=v2") == before


@pytest.mark.usefixtures("repository")
def test_a_folder_whose_name_has_a_colon_is_a_folder() -> None:
    write("main:policies/a.yaml", POLICY)
    assert names("main:policies") == [("cluster", "main:policies/a.yaml")]


UNKNOWN = "no such folder, and for git neither: no such revision, or no such folder in it"


@pytest.mark.usefixtures("repository")
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("nowhere", "nowhere: no such folder"),
        ("main:nowhere", f"main:nowhere: {UNKNOWN}"),
        ("nobody:policies", f"nobody:policies: {UNKNOWN}"),
        ("--index-output=x:policies", f"--index-output=x:policies: {UNKNOWN}"),
        ("main:empty", "main:empty: no policy document: *.yaml or *.yml files are read"),
    ],
)
def test_what_is_not_there_is_said_on_one_line(name: str, expected: str) -> None:
    with pytest.raises(OperatorError) as caught:
        revisions.read(name)
    assert str(caught.value) == expected


@pytest.mark.usefixtures("repository")
def test_a_file_is_no_folder() -> None:
    with pytest.raises(OperatorError) as caught:
        revisions.read("main:policies/pools/a.yaml")
    assert str(caught.value).startswith(
        "main:policies/pools/a.yaml: no such folder, and for git neither: fatal: "
    )


def test_without_a_repository_git_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OperatorError, match=r"^a:b: no such folder, .* not a git repository"):
        revisions.read("a:b")


def test_without_git_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(OperatorError) as caught:
        revisions.read("a:b")
    assert str(caught.value) == (
        "a:b: no such folder, and no git on the PATH to read it as REVISION:FOLDER"
    )


@pytest.mark.usefixtures("repository")
def test_faults_of_a_revision_are_located_in_it() -> None:
    with pytest.raises(PolicyError) as caught:
        revisions.read("main:broken")
    assert {(each.source, each.line) for each in caught.value.faults} == {("main:broken/a.yaml", 8)}
