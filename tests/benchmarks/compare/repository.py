"""A repository of one commit, whose `gpuclass` is a few lines."""

import shutil
import subprocess
from pathlib import Path

from benchmarks.compare.trees import ROOT

SERVER = """\
import sys

def main():
    sys.stderr.write("unrecognized arguments: --metrics-bind\\n")
    return 2
"""


def make(folder: Path) -> Path:
    """Make a repository whose server knows none of today's flags."""
    _write(folder, "requirements/runtime.txt", (ROOT / "requirements/runtime.txt").read_text())
    for package in ("webhook", "webhook/cli"):
        _write(folder, f"{package}/__init__.py", "")
    _write(folder, "webhook/cli/main.py", SERVER)
    shutil.copytree(ROOT / "policies", folder / "policies")
    (folder / "link").symlink_to("policies/policy.yaml")
    git(folder, "init", "--quiet", "--initial-branch", "main", ".")
    commit(folder)
    return folder


def commit(folder: Path) -> None:
    """Commit all that is there."""
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "all")


def git(folder: Path, *arguments: str) -> str:
    """Run git, and give what it prints."""
    command = ["git", "-c", "user.name=a", "-c", "user.email=a@example.com", *arguments]
    return subprocess.check_output(command, cwd=folder, text=True).strip()


def _write(folder: Path, name: str, text: str) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)
