"""Policies by name: a folder, or a folder as it is in a revision of Git (`main:policies`).

This is the only place that runs `git`. What a revision holds is read from a checkout of its own,
which lives as long as the reading does; faults and documents name the revision.
"""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from webhook.core.errors import Fault, OperatorError, PolicyError
from webhook.core.policy.documents import Document
from webhook.watch import files


def is_revision(name: str) -> bool:
    """Tell whether a name means a folder in a revision: it has a colon, and no such file exists."""
    return ":" in name and not Path(name).exists()


def read(name: str) -> tuple[Document, ...]:
    """Read the policies of a folder, or of a `REVISION:FOLDER` as `git show` takes it.

    PolicyError has every fault of the documents, one by one; OperatorError says that the folder
    can not be read, that git is missing, or that it knows no such revision or folder.
    """
    if not is_revision(name):
        return _documents(name, Path(name))
    with TemporaryDirectory(prefix="gpuclass-") as made:
        folder = Path(made, "policies")
        _check_out(name, folder)
        try:
            return _documents(name, folder)
        except OperatorError as error:
            raise OperatorError(str(error).replace(str(folder), name)) from error


def _documents(name: str, folder: Path) -> tuple[Document, ...]:
    documents, faults = files.load(folder)
    errors = tuple(_fault(name, folder, each) for each in faults if each.severity == "error")
    if errors:
        raise PolicyError(errors)
    return tuple(replace(each, source=_source(name, folder, each.source)) for each in documents)


def _fault(name: str, folder: Path, fault: Fault) -> Fault:
    return replace(fault, source=_source(name, folder, fault.source))


def _source(name: str, folder: Path, source: str) -> str:
    """Name a file as the folder was named."""
    return str(Path(name, Path(source).relative_to(folder)))


def _check_out(name: str, folder: Path) -> None:
    """Write what a folder holds in a revision into a folder, past the repository's own index."""
    folder.mkdir()
    tree = _git(name, "rev-parse", "--verify", "--quiet", "--end-of-options", name)
    environment = {
        "GIT_DIR": _git(name, "rev-parse", "--absolute-git-dir"),
        "GIT_WORK_TREE": str(folder),
        "GIT_INDEX_FILE": str(folder.with_name("index")),
    }
    _git(name, "read-tree", tree, cwd=folder, environment=environment)
    _git(name, "checkout-index", "--all", cwd=folder, environment=environment)


def _git(
    name: str,
    *arguments: str,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> str:
    """Run git; give what it prints, raise OperatorError with what it complains of."""
    command = ["git", *arguments]
    variables = {**os.environ, "LC_ALL": "C", **(environment or {})}
    try:
        done = subprocess.run(  # noqa: S603 # the revision follows --end-of-options
            command, cwd=cwd, env=variables, capture_output=True, text=True, check=False
        )
    except FileNotFoundError as error:
        raise OperatorError(
            f"{name}: no such folder, and no git on the PATH to read it as REVISION:FOLDER"
        ) from error
    if done.returncode:
        complaint = " ".join(done.stderr.split()) or "no such revision, or no such folder in it"
        raise OperatorError(f"{name}: no such folder, and for git neither: {complaint}")
    return done.stdout.strip()
