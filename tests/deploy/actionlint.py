"""Where actionlint comes from: built once from its Go module into the user's cache.

The package of that name on PyPI has no program in it: it downloads one while it is installed.
"""

import os
from pathlib import Path

from tests.cluster import binaries, gobuild
from tests.cluster.gobuild import Program, Progress

VERSION = "1.7.12"

PROGRAM = Program(
    name="actionlint",
    module=Path(__file__).parent / "go" / "actionlint",
    package="github.com/rhysd/actionlint/cmd/actionlint",
    ldflags="-s -w",
    minutes=1,
)


def find(progress: Progress) -> Path:
    """Find actionlint, or build it; raises BinariesUnavailable with what was tried."""
    cache = binaries.cache_folder().parent
    program = cache / f"actionlint-{VERSION}" / PROGRAM.name
    if not program.exists():
        go = gobuild.toolchain(cache / "toolchain", progress, os.environ)
        program.parent.mkdir(parents=True, exist_ok=True)
        progress(f"building {PROGRAM.name} (about {PROGRAM.minutes} min the first time) ...")
        gobuild.build(go, PROGRAM, program, os.environ)
    return program
