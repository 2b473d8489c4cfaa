"""What `make e2e` does to a machine: commands with deadlines, and one kind cluster of its own."""

import json
import os
import shutil
import subprocess
import sys
import uuid
from dataclasses import dataclass, field
from pathlib import Path

from tests.cluster.api import Json

ROOT = Path(__file__).parents[2]
BOOTSTRAP = ROOT / "deploy" / "bootstrap"
TOOLS = ("docker", "kind", "kubectl")
SECONDS = 900


class RefutedError(Exception):
    """A step found what it should not have; the text says what."""


class UnprovedError(Exception):
    """A step can not be taken on this machine; the text says what it lacks."""


def missing() -> str:
    """Say why nothing can be proved on this machine; empty where it can."""
    absent = [tool for tool in TOOLS if shutil.which(tool) is None]
    if absent:
        return f"there is no {' and no '.join(absent)} on PATH"
    answer = subprocess.run(["docker", "info"], capture_output=True, text=True, check=False)  # noqa: S607 # of PATH
    return "" if answer.returncode == 0 else "docker is there, and no engine answers it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A cluster's name, and the commands that work on it."""

    cluster: str = field(default_factory=lambda: f"gpuclass-e2e-{uuid.uuid4().hex[:6]}")

    @property
    def context(self) -> str:
        """Give kubectl's name of the cluster."""
        return f"kind-{self.cluster}"

    def run(self, *command: str, text: str = "", is_expected: bool = True) -> str:
        """Run a command, showing what it says; give its standard output."""
        answer = subprocess.run(
            command,
            input=text,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS,
            env=os.environ | {"GPUCLASS": str(Path(sys.executable).with_name("gpuclass"))},
            check=False,
        )
        if (answer.returncode == 0) is not is_expected:
            raise RefutedError(
                f"{' '.join(command)}: exit code {answer.returncode}\n{answer.stdout}"
            )
        return answer.stdout

    def script(self, name: str, *arguments: str) -> str:
        """Run a script of deploy/bootstrap on the cluster."""
        return self.run(str(BOOTSTRAP / name), *arguments, "--context", self.context)

    def kubectl(self, *arguments: str, text: str = "") -> str:
        """Run kubectl."""
        return self.run("kubectl", "--context", self.context, *arguments, text=text)

    def get(self, *arguments: str) -> Json:
        """Get an object, or a list of them."""
        found: Json = json.loads(self.kubectl("get", *arguments, "--output", "json"))
        return found


def expect(*, holds: bool, what: str) -> None:
    """Raise RefutedError where something does not hold."""
    if not holds:
        raise RefutedError(what)
