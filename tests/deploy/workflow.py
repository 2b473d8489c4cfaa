"""The `run:` steps of a GitHub workflow, run as a runner runs them: one bash for each."""

import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

BASH = ("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c")
"""How a runner calls `shell: bash` (docs.github.com, workflow syntax)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A step that runs something, with the variables that the workflow sets for it."""

    name: str
    script: str
    variables: Mapping[str, str]

    def run(self, folder: Path, environment: Mapping[str, str]) -> tuple[int, str]:
        """Run it in a checkout; give its exit code and what it printed."""
        done = subprocess.run(
            [*BASH, self.script],
            cwd=folder,
            env={**environment, **self.variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
        )
        return done.returncode, done.stdout


def steps(path: Path) -> Iterator[Step]:
    """Give every step of a workflow that runs something; expressions are not evaluated."""
    workflow: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert workflow["defaults"]["run"]["shell"] == "bash"
    for job in workflow["jobs"].values():
        for step in job.get("steps", ()):
            if "run" in step:
                assert "${{" not in step["run"], "text from outside comes by variables"
                variables = {**workflow.get("env", {}), **step.get("env", {})}
                yield Step(name=step["name"], script=step["run"], variables=variables)
