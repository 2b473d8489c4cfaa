"""Debian's packages, unpacked into a folder: nothing is installed, and root is not needed.

apt gets lists and a state of its own, so that neither an earlier `apt-get update` nor what the
machine has installed matters.
"""

import shutil
import subprocess
from pathlib import Path

from tests.cluster.gobuild import BinariesUnavailable

FETCH_SECONDS = 300
_MERGED = ("bin", "lib", "lib64", "sbin")
"""Links into /usr, which Debian's installer makes before it unpacks anything."""


def fetch(folder: Path, *packages: str) -> list[Path]:
    """Download packages into `folder`, without what they need; give their files, sorted."""
    apt = _updated(folder)
    _run(folder, *apt, "download", *packages)
    return sorted(folder.glob("*.deb"))


def fetch_with_dependencies(folder: Path, *packages: str) -> list[Path]:
    """Download packages and all that they need into `folder`; give their files, sorted."""
    apt = _updated(folder)
    _run(folder, *apt, "install", "--download-only", "--no-install-recommends", *packages)
    return sorted((folder / "archives").glob("*.deb"))


def _updated(folder: Path) -> list[str]:
    """Give apt's command with what the mirror has now."""
    if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
        raise BinariesUnavailable("this is no Debian, which has a package")
    for each in ("lists/partial", "archives/partial"):
        (folder / each).mkdir(parents=True)
    (folder / "status").touch()
    apt = [
        *("apt-get", "--quiet", "--yes", "-oAPT::Sandbox::User=root", "-oDebug::NoLocking=1"),
        f"-oDir::State::lists={folder}/lists",
        f"-oDir::State::status={folder}/status",
        f"-oDir::Cache={folder}",
    ]
    _run(folder, *apt, "update")
    return apt


def unpack(packages: list[Path], root: Path) -> None:
    """Unpack packages into a root file system, as root of whom every file is."""
    for name in _MERGED:
        (root / "usr" / name).mkdir(parents=True, exist_ok=True)
        (root / name).symlink_to(f"usr/{name}")
    for package in packages:
        script = 'set -e; dpkg-deb --fsys-tarfile "$1" | tar -x -C "$2" --keep-directory-symlink'
        _run(root, "sh", "-c", script, "sh", str(package), str(root))


def _run(folder: Path, *command: str) -> None:
    try:
        answer = subprocess.run(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=FETCH_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BinariesUnavailable(str(error)) from error
    if answer.returncode != 0:
        said = answer.stderr.strip().splitlines()[-1:] or ["(it said nothing)"]
        raise BinariesUnavailable(f"`{' '.join(command)}` said: {said[0]}")
