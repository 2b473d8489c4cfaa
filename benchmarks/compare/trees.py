"""The two trees: this one as it lies there, and another commit's in a folder of its own.

A commit is unpacked by `git archive`: its files are all that is wanted, and nothing of them is left
in the repository, however the run ends.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.errors import BenchmarkError

ROOT = Path(__file__).parents[2]
LOCK = Path("requirements", "runtime.txt")
ENTRY = Path("webhook", "cli", "main.py")
SHORT = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """The code of one side, and the Python that has what it needs."""

    name: str
    root: Path
    python: Path

    def command(self, *arguments: str) -> list[str]:
        """Give a command that runs this tree's code, and no other that is installed."""
        return [str(self.python), "-P", *arguments]

    @property
    def environment(self) -> Mapping[str, str]:
        """Give its environment: the tree comes before what is installed."""
        return {**os.environ, "PYTHONPATH": str(self.root)}


def this(root: Path = ROOT) -> Tree:
    """Give this tree, with whatever is not committed."""
    return Tree(name="this tree", root=root, python=Path(sys.executable))


def other(commit: str, folder: Path, say: Callable[[str], None], root: Path = ROOT) -> Tree:
    """Unpack another commit into a folder, with packages of its own where it needs them."""
    base, python = folder / "base", Path(sys.executable)
    unpack(commit, base, root)
    if needs_own(base, root):
        say(f"{LOCK} of {commit} is another: installing it; packages are compared too ...")
        python = install(base, folder / "venv")
    return Tree(name=commit, root=base, python=python)


def resolve(name: str, root: Path = ROOT) -> str:
    """Give the commit that a name means; raise BenchmarkError if it means none."""
    try:
        commit = _git(root, "rev-parse", "--verify", "--end-of-options", f"{name}^{{commit}}")
    except BenchmarkError as error:
        raise BenchmarkError(f"{name} is no commit of this repository: {error}") from error
    return commit.decode().strip()[:SHORT]


def is_changed(root: Path = ROOT) -> bool:
    """Tell whether this tree has what no commit has."""
    return bool(_git(root, "status", "--porcelain"))


def unpack(commit: str, folder: Path, root: Path = ROOT) -> None:
    """Write the files of a commit into a folder."""
    content = _git(root, "archive", "--format=tar", commit)
    folder.mkdir(parents=True, exist_ok=True)
    command = ["tar", "--extract", "--directory", str(folder)]
    subprocess.run(command, input=content, check=True)  # noqa: S603 # our own files


def needs_own(base: Path, root: Path = ROOT) -> bool:
    """Tell whether a tree's locked packages are others than those that are installed here.

    Raise BenchmarkError where a tree is too old to be served from its folder.
    """
    for path in (LOCK, ENTRY):
        if not (base / path).is_file():
            raise BenchmarkError(f"the base has no {path}: there is no server to compare with")
    return (base / LOCK).read_bytes() != (root / LOCK).read_bytes()


def install(base: Path, folder: Path) -> Path:
    """Install the locked packages of a tree into an environment of its own; give its Python."""
    python = folder / "bin" / "python"
    _run([sys.executable, "-m", "venv", str(folder)], base)
    pip = [str(python), "-m", "pip", "--disable-pip-version-check", "--quiet", "install"]
    _run([*pip, "--require-hashes", "--requirement", str(base / LOCK)], base)
    return python


def _git(root: Path, *arguments: str) -> bytes:
    return _run(["git", *arguments], root)


def _run(command: Sequence[str], folder: Path) -> bytes:
    """Run a command and give what it prints; raise BenchmarkError with its complaint."""
    environment = {**os.environ, "LC_ALL": "C"}
    try:
        done = subprocess.run(  # noqa: S603 - no shell; a commit follows --end-of-options
            command, cwd=folder, env=environment, capture_output=True, check=False
        )
    except FileNotFoundError as error:
        raise BenchmarkError(f"there is no {command[0]} on PATH") from error
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines() or ["it says nothing"]
        raise BenchmarkError(f"{Path(command[0]).name}: {said[-1]}")
    return done.stdout
