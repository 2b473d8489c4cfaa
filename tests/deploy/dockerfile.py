"""Runs the build stages of the Dockerfile without a container engine: ARG, COPY, RUN, WORKDIR.

Each stage gets a folder in place of `/`, and every absolute path of an instruction is shifted into
it; a fresh virtual environment stands in for the Python of the base image. So the lines that a
container engine would run are run; layers, users and the base image itself are not.
"""

import fnmatch
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

_STEP = re.compile(r"^(?P<word>[A-Z]+)\s+(?P<rest>.*)$", re.DOTALL)
_FROM = re.compile(r"^(?P<image>\S+)(\s+AS\s+(?P<name>\S+))?$")
_ABSOLUTE = re.compile(r"(?<![\w.$}])/(?=[a-z])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One instruction of a stage."""

    stage: str
    word: str
    rest: str


def parse(text: str) -> list[Step]:
    """Read the instructions of a Dockerfile; the last stage, if unnamed, is called `final`."""
    joined = re.sub(r"\\\n\s*", "", re.sub(r"(?m)^#.*\n", "", text))
    stage, found = "", []
    for line in filter(None, joined.splitlines()):
        matched = _STEP.match(line)
        assert matched, line
        word, rest = matched["word"], matched["rest"]
        if word == "FROM":
            named = _FROM.match(rest)
            assert named, rest
            stage = named["name"] or "final"
        found.append(Step(stage=stage, word=word, rest=rest))
    return found


class Build:
    """The stages of a Dockerfile as folders, built where a test wants them."""

    def __init__(self, context: Path, folder: Path) -> None:
        """Take the build context and an empty folder for the stages."""
        self._context, self._folder = context, folder
        self._python = folder / "base-python"
        self._variables: dict[str, str] = {}
        subprocess.run([sys.executable, "-m", "venv", self._python], check=True)

    def root(self, stage: str) -> Path:
        """Give the folder that stands for `/` of a stage."""
        made = self._folder / stage
        (made / "tmp").mkdir(parents=True, exist_ok=True)
        return made

    def run(self, steps: list[Step]) -> None:
        """Run the steps of named stages in order."""
        places: dict[str, Path] = {}
        for step in steps:
            here = places.setdefault(step.stage, self.root(step.stage))
            if step.word == "WORKDIR":
                places[step.stage] = self.root(step.stage) / step.rest.strip("/")
                places[step.stage].mkdir(parents=True, exist_ok=True)
            elif step.word == "COPY":
                self._copy(step, here)
            elif step.word == "ARG":
                name, _, value = step.rest.partition("=")
                self._variables[name] = value
            elif step.word == "RUN":
                self._execute(step, here)

    def _execute(self, step: Step, here: Path) -> None:
        command = _ABSOLUTE.sub(f"{self.root(step.stage)}/", step.rest)
        answer = subprocess.run(  # noqa: S602 - a line of our Dockerfile, which is a shell's
            command,
            shell=True,
            cwd=here,
            env={**_environment(self._python / "bin"), **self._variables},
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        assert answer.returncode == 0, f"{step.rest}\n{answer.stdout}{answer.stderr}"

    def _copy(self, step: Step, here: Path) -> None:
        *sources, target = step.rest.split()
        origin = self._context
        if sources[0].startswith("--from="):
            origin = self.root(sources.pop(0).removeprefix("--from="))
        to = self.root(step.stage) / target.strip("/") if target.startswith("/") else here / target
        for source in sources:
            found = origin / source.strip("/")
            if found.is_dir():
                ignored = shutil.ignore_patterns("__pycache__")
                shutil.copytree(found, to, ignore=ignored, dirs_exist_ok=True, symlinks=True)
            else:
                place = to / found.name if target.endswith("/") else to
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(found, place)


def copied(steps: list[Step]) -> Iterator[str]:
    """Give every path that is copied from the build context."""
    for step in steps:
        if step.word == "COPY" and not step.rest.startswith("--from="):
            yield from step.rest.split()[:-1]


def is_sent(path: str, ignore: str) -> bool:
    """Tell whether .dockerignore leaves a path in the build context; the last match decides."""
    sent = True
    for line in ignore.splitlines():
        pattern = line.removeprefix("!").strip()
        if pattern and not line.startswith("#") and fnmatch.fnmatch(path, pattern):
            sent = line.startswith("!")
    return sent


def _environment(first: Path) -> Mapping[str, str]:
    """Give the environment of a step: how this machine reaches the package index, no Python's."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return {**kept, "PATH": f"{first}{os.pathsep}{os.defpath}"}
