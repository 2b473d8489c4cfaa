"""The cache of built programs is named by what they are built from."""

from pathlib import Path

from benchmarks import programs


def module(folder: Path, source: str) -> Path:
    """Make a Go module of one file."""
    folder.mkdir()
    (folder / "go.mod").write_text("module example.test\n")
    (folder / "main.go").write_text(source)
    return folder


def test_the_same_sources_in_another_folder_are_the_same(tmp_path: Path) -> None:
    one, other = module(tmp_path / "a", "package main\n"), module(tmp_path / "b", "package main\n")
    assert programs.digest(one) == programs.digest(other)


def test_a_changed_source_is_another_program(tmp_path: Path) -> None:
    one, other = module(tmp_path / "a", "package main\n"), module(tmp_path / "b", "package m\n")
    assert programs.digest(one) != programs.digest(other)


def test_files_that_are_not_built_from_change_nothing(tmp_path: Path) -> None:
    folder = module(tmp_path / "a", "package main\n")
    before = programs.digest(folder)
    (folder / "notes.txt").write_text("")
    assert programs.digest(folder) == before


def test_the_cache_is_where_the_user_keeps_caches(tmp_path: Path) -> None:
    environ = {"HOME": "/nowhere", "XDG_CACHE_HOME": str(tmp_path)}
    assert programs.cache_folder(environ) == tmp_path / "gpuclass" / "benchmarks"
    home = programs.cache_folder({"HOME": "/nowhere"})
    assert home == Path("/nowhere/.cache/gpuclass/benchmarks")


def test_the_version_of_go_is_read_from_the_program(tmp_path: Path) -> None:
    program = tmp_path / "server"
    program.write_bytes(b"\x00\xffgo1.26.8\x00path\tgpuclass.test")
    assert programs.go_version(program) == "1.26.8"
    program.write_bytes(b"nothing")
    assert programs.go_version(program) == "unknown"
