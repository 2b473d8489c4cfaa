"""The scheduler's own library as a program that is asked about pods and nodes, pair by pair.

The program is tests/cluster/go/filter, built once into the user's cache; it knows no cluster.
"""

import hashlib
import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from tests.cluster import binaries, gobuild
from tests.cluster.api import Json
from tests.cluster.gobuild import Program, Progress

MODULE = Path(__file__).parent / "go" / "filter"
PROGRAM = Program(name="filter", module=MODULE, package=".", ldflags="-s -w", minutes=1)
DIGITS = 12
END_SECONDS = 30


def find(progress: Progress) -> Path:
    """Find the program, or build it; raises BinariesUnavailable with what was tried."""
    cache = binaries.cache_folder().parent
    program = cache / f"filter-{_digest()}" / PROGRAM.name
    if not program.exists():
        go = gobuild.toolchain(cache / "toolchain", progress, os.environ)
        program.parent.mkdir(parents=True, exist_ok=True)
        progress(f"building {PROGRAM.name} (about {PROGRAM.minutes} min the first time) ...")
        gobuild.build(go, PROGRAM, program, os.environ)
    return program


def _digest() -> str:
    """Tell one state of the program and its modules from another."""
    texts = [(MODULE / name).read_bytes() for name in ("main.go", "go.mod", "go.sum")]
    return hashlib.sha256(b"\n".join(texts)).hexdigest()[:DIGITS]


class Library:
    """A running program; whatever it can not read ends it."""

    def __init__(self, questions: IO[str], answers: IO[str]) -> None:
        """Take its two ends."""
        self._questions, self._answers = questions, answers

    def may_land(self, pod: Json, node: Json) -> bool:
        """Ask whether a pod may land on a node, by labels, taints and names."""
        self._questions.write(json.dumps({"pod": pod, "node": node}) + "\n")
        self._questions.flush()
        answer = self._answers.readline().strip()
        assert answer in {"true", "false"}, f"the program ended: {pod} {node}"
        return answer == "true"


@contextmanager
def running(program: Path) -> Iterator[Library]:
    """Give the library while its program runs."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([str(program)], **pipes) as process:  # type: ignore[call-overload]
        yield Library(process.stdin, process.stdout)
        process.stdin.close()
        assert process.wait(END_SECONDS) == 0
