"""What we are made of: every package locked by hash, listed in the SBOM, under a known licence."""

import hashlib
import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.deploy import dockerfile
from tests.deploy.locks import FOLDER, RUNTIME, locked

ROOT = Path(__file__).parents[2]
LOCKS = sorted(FOLDER.glob("*.txt"))
LICENCES = re.compile(r"^\| ([\w. -]+) \| ([a-z0-9, -]+) \|$", re.MULTILINE)

ALLOWED = frozenset(
    {"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MIT-0", "MPL-2.0", "PSF-2.0"}
)
"""Licences that let the image be passed on with its notices; of MPL-2.0 changes are shared."""
SPELT = {
    "Apache 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "MIT License": "MIT",
}
"""How packages without an SPDX expression write it."""


@pytest.mark.parametrize("file", LOCKS, ids=lambda each: each.name)
def test_every_locked_package_has_a_hash_and_no_place_of_its_own(file: Path) -> None:
    assert locked(file)
    assert all(hashes for _, hashes in locked(file).values())
    text = file.read_text(encoding="utf-8")
    assert not re.search(r"://|^-|@ ", text, re.MULTILINE)


@pytest.fixture(scope="module")
def sbom(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Give what `make sbom` writes."""
    folder = tmp_path_factory.mktemp("sbom")
    command = ["make", "--silent", "--assume-old=.venv/dev", "sbom", f"DIST={folder}"]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    found: dict[str, Any] = json.loads((folder / "gpuclass.cdx.json").read_text(encoding="utf-8"))
    return found


def test_the_sbom_lists_every_package_of_the_image_with_its_hashes(sbom: dict[str, Any]) -> None:
    assert (sbom["bomFormat"], sbom["metadata"]["component"]["name"]) == ("CycloneDX", "gpuclass")
    found = {
        each["name"]: (each["version"], frozenset(_hashes(each))) for each in sbom["components"]
    }
    assert found == locked(RUNTIME)
    assert all(each["purl"].startswith("pkg:pypi/") for each in sbom["components"])


def _hashes(component: dict[str, Any]) -> Iterator[str]:
    for reference in component["externalReferences"]:
        for each in reference.get("hashes", []):
            yield each["content"]


def test_the_sbom_says_nothing_of_when_and_where_it_was_made(sbom: dict[str, Any]) -> None:
    assert "timestamp" not in sbom["metadata"]
    assert "serialNumber" not in sbom
    assert str(ROOT) not in json.dumps(sbom)


def test_a_wheel_is_the_same_wherever_and_whenever_it_is_made(tmp_path: Path) -> None:
    first = _wheel(tmp_path / "a", mask=0o022, time=1_600_000_000)
    second = _wheel(tmp_path / "elsewhere" / "b", mask=0o077, time=1_700_000_000)
    assert first == second


def _wheel(folder: Path, mask: int, time: int) -> str:
    """Give the digest of the wheel of a copy whose files have another mode and time."""
    for path in dockerfile.copied(dockerfile.parse((ROOT / "Dockerfile").read_text("utf-8"))):
        source, target = ROOT / path, folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, target, symlinks=True, ignore=ignored)
        else:
            shutil.copy(source, target)
    for each in [*folder.rglob("*")]:
        if not each.is_symlink():
            each.chmod((0o777 if each.is_dir() else 0o666) & ~mask)
            os.utime(each, (time, time))
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder / "out")]
    environment = {name: each for name, each in os.environ.items() if name != "SOURCE_DATE_EPOCH"}
    subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
    (wheel,) = (folder / "out").glob("*.whl")
    return hashlib.sha256(wheel.read_bytes()).hexdigest()


def licence(package: str) -> str:
    """Give the licence of an installed package as an SPDX expression, by what it says of itself."""
    said = importlib.metadata.metadata(package).json
    classifiers = [
        each.rpartition(" :: ")[2]
        for each in said.get("classifier", [])
        if each.startswith("License :: ")
    ]
    found = str(said.get("license_expression") or said.get("license") or classifiers[0])
    return SPELT.get(found, found)


def documented() -> Mapping[str, str]:
    """Give the licence of each package as docs/dependencies.md has it."""
    text = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    table = text.partition("| licence | packages |\n| --- | --- |\n")[2]
    return {name: row[0] for row in LICENCES.findall(table) for name in row[1].split(", ")}


def test_every_package_of_the_image_is_under_a_licence_that_is_known_and_told() -> None:
    found = {name: licence(name) for name in locked(RUNTIME)}
    assert documented() == found
    for name, each in found.items():
        parts = re.split(r" (?:AND|OR) ", each)
        assert set(parts) <= ALLOWED, f"{name}: {each}"
