"""Policy documents from a folder: the only place that reads them from disk.

A folder may be a checkout or a mounted ConfigMap, whose files are links into a hidden folder
that is swapped at once. What a document means is the core's business.
"""

import stat
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

from webhook.core.errors import Fault, OperatorError
from webhook.core.policy import decode
from webhook.core.policy.documents import Document
from webhook.core.policy.strict_yaml import MAX_BYTES

Fingerprint: TypeAlias = tuple[tuple[str, int, int, int], ...]
"""Of each file its name, its time of change in ns, its size and its inode."""

_SUFFIXES = frozenset({".yaml", ".yml"})
_SKIPPED_FILES = frozenset({"kustomization.yaml", "kustomization.yml"})
_SKIPPED_FOLDERS = frozenset({"cases"})


def load(directory: Path) -> tuple[tuple[Document, ...], tuple[Fault, ...]]:
    """Read every document below `directory`, in order of file names.

    A file that can not be read is a fault; OperatorError says that the folder can not be, or
    that it holds no document at all. Sources are named as `directory` was given.
    """
    documents: list[Document] = []
    faults: list[Fault] = []
    for path in _files(directory):
        found, more = _load_file(path)
        documents.extend(found)
        faults.extend(more)
    if not documents and not faults:
        raise OperatorError(f"{directory}: no policy document: *.yaml or *.yml files are read")
    return tuple(documents), tuple(faults)


def fingerprint(directory: Path) -> Fingerprint:
    """Give what changes when a file is added, removed, replaced or written; reads no file.

    A folder that can not be read gives the empty fingerprint: `load` says why.
    """
    try:
        return tuple(_stamp(path) for path in _files(directory))
    except OperatorError:
        return ()


def _stamp(path: Path) -> tuple[str, int, int, int]:
    try:
        found = path.stat()
    except OSError:
        return str(path), 0, 0, 0
    return str(path), found.st_mtime_ns, found.st_size, found.st_ino


def _files(directory: Path) -> list[Path]:
    try:
        return [*_walk(directory, frozenset())]
    except FileNotFoundError as error:
        raise OperatorError(f"{error.filename}: no such folder") from error
    except OSError as error:
        raise OperatorError(f"{error.filename}: can not be read: {error.strerror}") from error


def _walk(directory: Path, above: frozenset[Path]) -> Iterator[Path]:
    """Give the files to read; `above` are the folders on the way, lest a link make a circle."""
    real = directory.resolve()
    if real in above:
        return
    for path in sorted(directory.iterdir()):
        if path.name.startswith("."):
            continue
        if path.is_dir():
            if path.name not in _SKIPPED_FOLDERS:
                yield from _walk(path, above | {real})
        elif path.suffix in _SUFFIXES and path.name not in _SKIPPED_FILES:
            yield path


def _load_file(path: Path) -> tuple[tuple[Document, ...], tuple[Fault, ...]]:
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return _unreadable(path, "no regular file")
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        return _unreadable(path, error.strerror or type(error).__name__)
    if len(data) > MAX_BYTES:
        return _unreadable(path, f"larger than {MAX_BYTES} bytes")
    try:
        return decode.read(data.decode("utf-8"), str(path))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return _unreadable(path, f"byte 0x{data[error.start]:02x} is no UTF-8", line)


def _unreadable(path: Path, reason: str, line: int = 0) -> tuple[tuple[()], tuple[Fault]]:
    message = f"can not be read: {reason}"
    return (), (Fault(source=str(path), line=line, path="", message=message),)
