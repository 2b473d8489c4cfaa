"""Where manifests come from: files, folders, standard input. Text out, or what is wrong.

Folders are read whole, in order of names, without hidden files and without the files that steer
kustomize; sizes are bounded. What the texts say is no business of this module.
"""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from webhook.core.errors import Fault, OperatorError

STDIN = "-"
MAX_BYTES = 16 * 1024 * 1024
SUFFIXES = (".yaml", ".yml", ".json")
_OF_KUSTOMIZE = frozenset({"kustomization.yaml", "kustomization.yml"})


def read(
    names: Iterable[str], stdin: BinaryIO | None = None, limit: int = MAX_BYTES
) -> Iterator[tuple[str, str] | Fault]:
    """Give each source's name and text, in order; a fault for one that can not be read.

    `limit` are the bytes that a text may have.
    """
    for name in names:
        if name == STDIN and stdin is not None:
            yield _decode(STDIN, stdin.read(limit + 1), limit)
        elif Path(name).is_dir():
            yield from _read_folder(Path(name), limit)
        else:
            yield _read_file(Path(name), limit)


def refuse_twice(names: Iterable[str]) -> None:
    """Raise OperatorError where standard input is named more than once: it can be read once."""
    if sum(name == STDIN for name in names) > 1:
        raise OperatorError(f"{STDIN} is named more than once, but standard input can be read once")


def _read_folder(folder: Path, limit: int) -> Iterator[tuple[str, str] | Fault]:
    faults: list[OSError] = []
    found = sorted(_files(folder, faults))
    yield from (_fault(str(error.filename or folder), _explain(error)) for error in faults)
    if not found and not faults:
        yield _fault(str(folder), f"no manifests in this folder ({', '.join(SUFFIXES)})")
    for path in found:
        yield _read_file(path, limit)


def _files(folder: Path, faults: list[OSError]) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder, onerror=faults.append):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            if name.startswith(".") or name in _OF_KUSTOMIZE or not name.endswith(SUFFIXES):
                continue
            yield Path(parent, name)


def _read_file(path: Path, limit: int) -> tuple[str, str] | Fault:
    try:
        with path.open("rb") as file:
            return _decode(str(path), file.read(limit + 1), limit)
    except (OSError, ValueError) as error:
        return _fault(str(path), _explain(error))


def _decode(source: str, content: bytes, limit: int) -> tuple[str, str] | Fault:
    if len(content) > limit:
        return _fault(source, f"larger than {limit // 1024**2} MiB: split it")
    if b"\0" in content:
        return _fault(source, "a binary file, no manifest")
    try:
        return source, content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return _fault(source, f"no UTF-8: byte 0x{content[error.start]:02x}", line)


def _fault(source: str, message: str, line: int = 0) -> Fault:
    return Fault(source=source, line=line, path="", message=message)


def _explain(error: OSError | ValueError) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror[0].lower() + error.strerror[1:]
    return str(error)
