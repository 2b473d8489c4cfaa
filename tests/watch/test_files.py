"""Folders of policies: which files are read, once, and what is said of the others."""

import os
from pathlib import Path

import pytest

from tests.core.policy.documents_text import CLASS, POLICY, POOL, PRIORITY
from webhook.core.errors import OperatorError
from webhook.core.policy.check import check
from webhook.core.policy.strict_yaml import MAX_BYTES
from webhook.watch.files import Folder, fingerprint, load

SHIPPED = Path(__file__).parents[2] / "policies"


@pytest.fixture
def policies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a folder that is given by a relative name."""
    monkeypatch.chdir(tmp_path)
    folder = Path("policies")
    (folder / "pools").mkdir(parents=True)
    (folder / "pools" / "training.yaml").write_text(POOL)
    (folder / "policy.yml").write_text(POLICY)
    return folder


def sources(folder: Path) -> list[str]:
    return [document.source for document in load(folder)[0]]


def faults(folder: Path) -> list[str]:
    return [str(fault) for fault in load(folder)[1]]


def test_files_are_read_in_order_and_named_as_the_folder_was_given(policies: Path) -> None:
    (policies / "a.yaml").write_text(CLASS)
    assert sources(policies) == [
        "policies/a.yaml",
        "policies/policy.yml",
        "policies/pools/training.yaml",
    ]


def test_what_is_no_policy_is_skipped(policies: Path) -> None:
    before = sources(policies)
    for name in ("cases/pod.yaml", ".git/x.yaml", "kustomization.yaml", "pools/kustomization.yml"):
        (policies / name).parent.mkdir(exist_ok=True)
        (policies / name).write_text("a: [")
    for name in ("README.md", ".hidden.yaml"):
        (policies / name).write_text("a: [")
    assert sources(policies) == before
    assert faults(policies) == []


def mount(folder: Path, version: str, files: dict[str, str]) -> None:
    """Write a ConfigMap as the kubelet does: links into a hidden folder, swapped at once."""
    (folder / version).mkdir(parents=True)
    for name, text in files.items():
        (folder / version / name).parent.mkdir(exist_ok=True)
        (folder / version / name).write_text(text)
    (folder / "..tmp").symlink_to(version)
    (folder / "..tmp").rename(folder / "..data")
    for name in {Path(name).parts[0] for name in files}:
        if not (folder / name).is_symlink():
            (folder / name).symlink_to(f"..data/{name}")


def test_a_mounted_config_map_is_read_once_and_its_swap_is_seen(tmp_path: Path) -> None:
    files = {"policy.yaml": POLICY, "pools/training.yaml": POOL}
    mount(tmp_path, "..1", files)
    assert sources(tmp_path) == [
        f"{tmp_path}/policy.yaml",
        f"{tmp_path}/pools/training.yaml",
    ]
    before = fingerprint(tmp_path)
    assert fingerprint(tmp_path) == before
    mount(tmp_path, "..2", files)
    assert fingerprint(tmp_path) != before


def test_a_linked_folder_is_followed_and_a_circle_is_not(policies: Path) -> None:
    Path("link").symlink_to("policies")
    (policies / "pools" / "up").symlink_to("..")
    assert sources(Path("link")) == ["link/policy.yml", "link/pools/training.yaml"]


def test_a_missing_folder_is_said_in_one_line(policies: Path) -> None:
    with pytest.raises(OperatorError, match=r"^nope: no such folder$"):
        load(policies.parent / "nope")


def test_a_file_is_no_folder(policies: Path) -> None:
    with pytest.raises(OperatorError, match=r"^policies/policy.yml: can not be read: Not a dir"):
        load(policies / "policy.yml")


@pytest.mark.parametrize("text", [None, "", "# nothing\n---\n"], ids=["no file", "empty", "bare"])
def test_a_folder_without_documents_is_refused(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "a.yaml").write_text(text)
    message = f"{tmp_path}: no policy document: *.yaml or *.yml files are read"
    with pytest.raises(OperatorError) as caught:
        load(tmp_path)
    assert str(caught.value) == message


def test_what_can_not_be_read_is_a_fault_of_the_file(policies: Path) -> None:
    (policies / "a.yaml").symlink_to("nowhere")
    os.mkfifo(policies / "b.yaml")
    (policies / "c.yaml").write_bytes(b"#" * (MAX_BYTES + 1))
    (policies / "d.yaml").write_bytes(b"# fine\n\xff")
    (policies / "e.yaml").write_text(PRIORITY.replace("50", "x"))
    assert faults(policies) == [
        "policies/a.yaml: can not be read: No such file or directory",
        "policies/b.yaml: can not be read: no regular file",
        "policies/c.yaml: can not be read: larger than 1048576 bytes",
        "policies/d.yaml:2: can not be read: byte 0xff is no UTF-8",
        "policies/e.yaml:4 value: x is not a whole number",
    ]


def test_of_an_edit_only_what_changed_is_parsed_again(policies: Path) -> None:
    folder, edited = Folder(policies), policies / "policy.yml"
    (policy, pool), _ = folder.load()
    edited.write_text(POLICY.replace("Off", "Warn"))
    (other, same), _ = folder.load()
    assert same is pool
    assert other != policy
    edited.unlink()
    assert folder.load() == ((pool,), ())


def test_an_edit_that_leaves_size_and_times_as_they_were_is_read(policies: Path) -> None:
    folder, edited = Folder(policies), policies / "policy.yml"
    before, found = folder.load()[0], edited.stat()
    edited.write_text(POLICY.replace("training", "drainage"))
    os.utime(edited, ns=(found.st_atime_ns, found.st_mtime_ns))
    assert folder.load()[0] != before


def test_a_fault_stays_told_until_its_file_is_mended(policies: Path) -> None:
    folder, edited = Folder(policies), policies / "policy.yml"
    edited.write_text(POLICY.replace("Warn", "Worn"))
    told = folder.load()[1]
    assert told != ()
    assert folder.load()[1] == told
    edited.write_text(POLICY)
    assert folder.load()[1] == ()


def test_the_fingerprint_tells_of_every_change(policies: Path) -> None:
    seen = {fingerprint(policies)}
    (policies / "new.yaml").write_text(CLASS)
    seen.add(fingerprint(policies))
    (policies / "new.yaml").write_text(CLASS + "#")
    seen.add(fingerprint(policies))
    (policies / "other.yaml").write_text(CLASS + "#")
    (policies / "other.yaml").replace(policies / "new.yaml")
    seen.add(fingerprint(policies))
    (policies / "new.yaml").unlink()
    (policies / "new.yaml").symlink_to("nowhere")
    seen.add(fingerprint(policies))
    assert len(seen) == 5


def test_a_missing_folder_has_the_empty_fingerprint(tmp_path: Path) -> None:
    assert fingerprint(tmp_path / "nope") == ()


def test_the_shipped_policies_have_no_fault_and_no_warning() -> None:
    documents, found = load(SHIPPED)
    assert found == ()
    assert check(documents) == ()


def test_every_shipped_document_is_applied() -> None:
    for document in load(SHIPPED)[0]:
        path = Path(document.source)
        listed = (path.parent / "kustomization.yaml").read_text()
        assert f"  - {path.name}\n" in listed
