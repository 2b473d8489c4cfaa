"""Policy documents from a folder: the only place that reads them from disk.

A folder may be a checkout or a mounted ConfigMap, whose files are links into a hidden folder
that is swapped at once. What a document means is the core's business.
"""

import hashlib
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

from webhook.core.errors import Fault, OperatorError
from webhook.core.policy import decode
from webhook.core.policy.documents import Document
from webhook.core.policy.strict_yaml import MAX_BYTES

Read: TypeAlias = tuple[tuple[Document, ...], tuple[Fault, ...]]
Fingerprint: TypeAlias = tuple[tuple[str, int, int, int], ...]
"""Of each file its name, its time of change in ns, its size and its inode."""

_SUFFIXES = frozenset({".yaml", ".yml"})
_SKIPPED_FILES = frozenset({"kustomization.yaml", "kustomization.yml"})
_SKIPPED_FOLDERS = frozenset({"cases"})


def load(directory: Path) -> Read:
    """Read every document below `directory` once, as `Folder` does."""
    return Folder(directory).load()


class Folder:
    """Reads a folder again and again; a file that holds what it held is not parsed again.

    Its content tells, not its times: what is written twice within a tick has the same ones.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._known: dict[tuple[str, bytes], Read] = {}

    def load(self) -> Read:
        """Read every document below the folder, in order of file names.

        A file that can not be read is a fault; OperatorError says that the folder can not be, or
        that it holds no document at all. Sources are named as the folder was given.
        """
        before, self._known = self._known, {}
        documents: list[Document] = []
        faults: list[Fault] = []
        for path in _files(self._directory):
            found, more = self._load_file(path, before)
            documents.extend(found)
            faults.extend(more)
        if not documents and not faults:
            message = "no policy document: *.yaml or *.yml files are read"
            raise OperatorError(f"{self._directory}: {message}")
        return tuple(documents), tuple(faults)

    def _load_file(self, path: Path, before: Mapping[tuple[str, bytes], Read]) -> Read:
        data = _content(path)
        if isinstance(data, str):
            return _unreadable(path, data)
        key = str(path), hashlib.sha256(data).digest()
        self._known[key] = found = before.get(key) or _parse(path, data)
        return found


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


def _content(path: Path) -> bytes | str:
    """Give what a file holds, or as text why it can not be read."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return "no regular file"
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        return error.strerror or type(error).__name__
    return data if len(data) <= MAX_BYTES else f"larger than {MAX_BYTES} bytes"


def _parse(path: Path, data: bytes) -> Read:
    try:
        return decode.read(data.decode("utf-8"), str(path))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return _unreadable(path, f"byte 0x{data[error.start]:02x} is no UTF-8", line)


def _unreadable(path: Path, reason: str, line: int = 0) -> Read:
    message = f"can not be read: {reason}"
    return (), (Fault(source=str(path), line=line, path="", message=message),)
