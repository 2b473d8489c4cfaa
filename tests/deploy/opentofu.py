"""Where OpenTofu comes from: on PATH, or built once from its Go module into the user's cache.

`make tofu` (or `python -m tests.deploy.opentofu`) builds it; the tests only look for it. Terraform
on PATH is found too: the module is for both.
"""

import os
import shutil
import sys
from pathlib import Path

from tests.cluster import binaries, gobuild
from tests.cluster.gobuild import BinariesUnavailable, Program, Progress

VERSION = "1.12.6"

PROGRAM = Program(
    name="tofu",
    module=Path(__file__).parent / "go" / "opentofu",
    package="github.com/opentofu/opentofu/cmd/tofu",
    ldflags="-s -w -X github.com/opentofu/opentofu/version.dev=no",
    minutes=6,
)


def find(name: str) -> Path | None:
    """Give `tofu` or `terraform`, if it is here; nothing is built."""
    if name == PROGRAM.name and _cached().is_file():
        return _cached()
    installed = shutil.which(name)
    return Path(installed) if installed else None


def build(progress: Progress) -> Path:
    """Build OpenTofu unless the cache has it; raises BinariesUnavailable with what was tried."""
    program = _cached()
    if not program.is_file():
        go = gobuild.toolchain(program.parents[1] / "toolchain", progress, os.environ)
        program.parent.mkdir(parents=True, exist_ok=True)
        progress(f"building OpenTofu {VERSION} (about {PROGRAM.minutes} min the first time) ...")
        gobuild.build(go, PROGRAM, program, os.environ)
    return program


def _cached() -> Path:
    """Give where the build lies, or would."""
    return binaries.cache_folder().parent / f"opentofu-{VERSION}" / PROGRAM.name


def main() -> int:
    """Build it if need be and say where it is."""
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


if __name__ == "__main__":
    sys.exit(main())
