"""Files, folders and standard input."""

import io
from pathlib import Path

import pytest

from webhook.cli import sources
from webhook.cli.report import place
from webhook.core.errors import Fault


def read(*names: object, stdin: bytes = b"") -> list[str]:
    return [
        place(each) if isinstance(each, Fault) else f"{each[0]}={each[1]}"
        for each in sources.read(map(str, names), io.BytesIO(stdin))
    ]


def test_a_folder_is_read_whole_in_order_without_what_is_hidden(tmp_path: Path) -> None:
    for name in ("b.yml", "a.yaml", "sub/c.json", ".hidden/d.yaml", "sub/.e.yaml", "f.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(name)
    for name in ("kustomization.yaml", "sub/kustomization.yml"):
        (tmp_path / name).write_text("resources: []")
    assert read(tmp_path) == [
        f"{tmp_path}/a.yaml=a.yaml",
        f"{tmp_path}/b.yml=b.yml",
        f"{tmp_path}/sub/c.json=sub/c.json",
    ]


def test_standard_input_is_a_dash() -> None:
    assert read("-", stdin=b"a: 1") == ["-=a: 1"]


def test_a_folder_without_manifests_is_a_fault(tmp_path: Path) -> None:
    assert read(tmp_path) == [f"{tmp_path}: no manifests in this folder (.yaml, .yml, .json)"]


def test_a_missing_file_is_a_fault(tmp_path: Path) -> None:
    assert read(tmp_path / "no.yaml") == [f"{tmp_path}/no.yaml: no such file or directory"]


def test_a_name_that_no_file_can_have_is_a_fault() -> None:
    assert read("a\0b") == [r"a\x00b: embedded null byte"]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"\x7fELF\0", "-: a binary file, no manifest"),
        (b"a: 1\nb: \xff", "-:2: no UTF-8: byte 0xff"),
        (b" " * (16 * 1024 * 1024 + 1), "-: larger than 16 MiB: split it"),
    ],
    ids=["binary", "no UTF-8", "too large"],
)
def test_what_is_no_text_is_a_fault(content: bytes, expected: str) -> None:
    assert read("-", stdin=content) == [expected]


def test_a_file_that_may_not_be_read_is_a_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "a.yaml").write_text("a: 1")
    monkeypatch.setattr(Path, "open", refuse)
    assert read(tmp_path / "a.yaml") == [f"{tmp_path}/a.yaml: permission denied"]
