"""`make audit-deps`: what is known against the packages that are locked. Nothing asked is no pass.

An index may answer and know no advisory at all, as most mirrors: pip-audit takes that for good
news. So a version of which everybody knows something is asked about first. Where there is no
network, an export of OSV is read instead (`make audit-deps OSV=all.zip`).

exit codes: 0 nothing is known, 1 something is, 2 nothing could be asked
"""

import argparse
import json
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from tests.deploy.locks import RUNTIME, locked

CLEAN, FOUND, UNASKED = 0, 1, 2
CANARY = ("pyyaml", "5.3")
"""CVE-2020-14343, PYSEC-2021-142: arbitrary code, mended in 5.4."""
EXPORT = "https://osv-vulnerabilities.storage.googleapis.com/PyPI/all.zip"
AUDIT = Path(__file__).parents[2] / ".venv" / "tools-venv" / "bin" / "pip-audit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Advisory:
    """What is known against one package at one version."""

    package: str
    version: str
    name: str
    summary: str

    def __str__(self) -> str:
        """Give it as a line."""
        return f"{self.package} {self.version}: {self.name}: {self.summary}"


Asked = Callable[[Mapping[str, str]], list[Advisory]]
"""Gives what is known against packages at their versions."""


class UnaskedError(Exception):
    """Nobody could be asked, and why."""


def main(arguments: list[str], audit: Path = AUDIT) -> int:
    """Ask about every package of the image; give the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.deploy.advisories", description=__doc__)
    parser.add_argument("--osv", type=Path, help=f"a downloaded {EXPORT}")
    osv = parser.parse_args(arguments).osv
    pins = {name: version for name, (version, _) in locked(RUNTIME).items()}
    try:
        found = ask(pins, Export(osv) if osv else Index(audit))
    except UnaskedError as error:
        sys.stderr.write(f"nothing was asked, so nothing is known: {error}\n")
        return UNASKED
    for each in found:
        sys.stdout.write(f"{each}\n")
    sys.stdout.write(f"{len(pins)} packages: {len(found)} advisories\n")
    return FOUND if found else CLEAN


def ask(pins: Mapping[str, str], asked: Asked) -> list[Advisory]:
    """Ask about packages, and first about one of which something is known."""
    if not asked(dict([CANARY])):
        name, version = CANARY
        raise UnaskedError(
            f"who was asked knows nothing even of {name} {version}: no advisories there"
        )
    return asked(pins)


class Index:
    """The package index, by pip-audit."""

    def __init__(self, program: Path) -> None:
        """Take the program."""
        self._program = program

    def __call__(self, pins: Mapping[str, str]) -> list[Advisory]:
        """Ask; UnaskedError says what pip-audit says."""
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
            file.writelines(f"{name}=={version}\n" for name, version in pins.items())
            file.flush()
            flags = ("--strict", "--no-deps", "--disable-pip", "--format", "json")
            done = subprocess.run(
                [self._program, *flags, "--progress-spinner", "off", "--requirement", file.name],
                capture_output=True,
                encoding="utf-8",
                check=False,
            )
        try:
            answer = json.loads(done.stdout)
        except ValueError:
            said = done.stderr.strip().splitlines() or ["pip-audit said nothing"]
            raise UnaskedError(said[-1]) from None
        return [*_of_index(answer)]


def _of_index(answer: Mapping[str, Any]) -> Iterator[Advisory]:
    for package in answer["dependencies"]:
        for each in package["vulns"]:
            yield Advisory(
                package=package["name"],
                version=package["version"],
                name=each["id"],
                summary=_line(each.get("description")),
            )


class Export:
    """A downloaded export of OSV: a zip with a file an advisory."""

    def __init__(self, path: Path) -> None:
        """Read it; UnaskedError says why not."""
        try:
            with zipfile.ZipFile(path) as archive:
                self._entries = [json.loads(archive.read(name)) for name in archive.namelist()]
        except (OSError, zipfile.BadZipFile, ValueError) as error:
            raise UnaskedError(f"{path}: no export of OSV: {error}") from error

    def __call__(self, pins: Mapping[str, str]) -> list[Advisory]:
        """Look through it."""
        return [
            Advisory(
                package=name,
                version=pins[name],
                name=entry["id"],
                summary=_line(entry.get("summary") or entry.get("details")),
            )
            for entry in self._entries
            if not entry.get("withdrawn")
            for name in sorted(_affected(entry, pins))
        ]


def _affected(entry: Mapping[str, Any], pins: Mapping[str, str]) -> set[str]:
    """Give the packages that an advisory is about, at the version that is locked."""
    found = set()
    for each in entry.get("affected", ()):
        package = each.get("package", {})
        name = canonicalize_name(package.get("name", ""))
        if package.get("ecosystem") == "PyPI" and name in pins and _is_in(each, pins[name]):
            found.add(str(name))
    return found


def _is_in(affected: Mapping[str, Any], version: str) -> bool:
    """Tell whether a version is listed, or in a range (OSV schema: affected)."""
    ranges = (each for each in affected.get("ranges", ()) if each.get("type") == "ECOSYSTEM")
    return version in affected.get("versions", ()) or any(
        _is_between(each.get("events", ()), Version(version)) for each in ranges
    )


def _is_between(events: Iterable[Mapping[str, str]], version: Version) -> bool:
    """Follow the events of a range up to a version, in the order of their versions."""
    is_in = False
    for at, kind in sorted(
        (_version(text), kind) for each in events for kind, text in each.items()
    ):
        if kind == "introduced" and at <= version:
            is_in = True
        elif (kind == "fixed" and at <= version) or (kind == "last_affected" and at < version):
            is_in = False
    return is_in


def _version(text: str) -> Version:
    """Read a version; `0` is before all, and what is none is as good as that: rather told of."""
    try:
        return Version(text)
    except InvalidVersion:
        return Version("0")


def _line(text: str | None) -> str:
    return " ".join((text or "no summary").split())[:160]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
