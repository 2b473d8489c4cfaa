"""Tools that are built once from their Go modules, each into a folder of its version in the cache.

A row of a table says which: `tool.find()` builds nothing, `tool.build(progress)` what is missing.
"""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.cluster import binaries, gobuild
from tests.cluster.gobuild import BinariesUnavailable, Program, Progress

MODULES = Path(__file__).parent / "go"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A program in one version."""

    program: Program
    version: str

    @property
    def place(self) -> Path:
        """Give where the build lies, or would."""
        cache = binaries.cache_folder().parent
        return cache / f"{self.program.name}-{self.version}" / self.program.name

    def find(self) -> Path | None:
        """Give the program if it was built; nothing is built."""
        return self.place if self.place.is_file() else None

    def build(self, progress: Progress) -> Path:
        """Build it unless the cache has it; raises BinariesUnavailable with what was tried."""
        if not self.place.is_file():
            folder, name = self.place.parent, self.program.name
            go = gobuild.toolchain(folder.parent / "toolchain", progress, os.environ)
            folder.mkdir(parents=True, exist_ok=True)
            minutes = f"about {self.program.minutes} min the first time"
            progress(f"building {name} {self.version} ({minutes}) ...")
            gobuild.build(go, self.program, self.place, os.environ)
        return self.place


def main(build: Callable[[Progress], object]) -> int:
    """Build what is missing and say where it is."""
    try:
        sys.stdout.write(f"{build(_say)}\n")
    except BinariesUnavailable as error:
        _say(f"error: {error}")
        return 1
    return 0


def _say(line: str) -> None:
    """Write a line of progress that is seen at once."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
