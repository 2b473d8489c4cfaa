"""OpenTofu or Terraform on a copy of deploy/terraform: what runs leave behind goes with it."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
MODULE = ROOT / "deploy" / "terraform"
POOLS = ROOT / "policies" / "pools"

SECONDS = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """A program and a copy of the repository's folders that it reads; no provider is fetched."""

    program: Path
    folder: Path
    environment: Mapping[str, str]

    @property
    def nodes(self) -> Path:
        """Give the copy of the module that needs no provider."""
        return self.folder / "deploy" / "terraform" / "nodes"

    def run(self, *arguments: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Run the program in the module without providers, or in another folder of the copy."""
        return subprocess.run(
            [str(self.program), *arguments],
            cwd=folder or self.nodes,
            env={**os.environ, "TF_IN_AUTOMATION": "1", **self.environment},
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )

    def nodes_of(self, variables: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Plan with these variables and give the output `nodes`."""
        answer = self._plan(variables, "-out=plan")
        assert answer.returncode == 0, answer.stdout + answer.stderr
        shown = json.loads(self.run("show", "-json", "plan").stdout)
        found: list[dict[str, Any]] = shown["planned_values"]["outputs"]["nodes"]["value"]
        return found

    def refusals(self, variables: Mapping[str, Any]) -> list[str]:
        """Plan with these variables, which are wrong, and give what is said of them."""
        answer = self._plan(variables)
        assert answer.returncode == 1, answer.stdout
        lines = [json.loads(line) for line in answer.stdout.splitlines()]
        details = [line["diagnostic"]["detail"] for line in lines if line["type"] == "diagnostic"]
        return [detail.split("\n\nThis was checked by")[0] for detail in details]

    def _plan(self, variables: Mapping[str, Any], *flags: str) -> subprocess.CompletedProcess[str]:
        (self.nodes / "given.tfvars.json").write_text(json.dumps(variables), encoding="utf-8")
        return self.run("plan", "-json", "-input=false", "-var-file=given.tfvars.json", *flags)


def copy(program: Path, folder: Path, environment: Mapping[str, str]) -> Workspace:
    """Copy what is read; nothing is installed yet."""
    skipped = shutil.ignore_patterns(".terraform")
    shutil.copytree(MODULE, folder / "deploy" / "terraform", ignore=skipped)
    shutil.copytree(POOLS, folder / "policies" / "pools")
    return Workspace(program=program, folder=folder, environment=environment)


def prepare(program: Path, folder: Path) -> Workspace:
    """Copy it and install the modules inside; settings of the user's play no part."""
    settings = folder / "settings.tfrc"
    settings.write_text("", encoding="utf-8")
    workspace = copy(program, folder, {"TF_CLI_CONFIG_FILE": str(settings)})
    answer = workspace.run("init", "-input=false", "-no-color")
    assert answer.returncode == 0, answer.stderr
    return workspace
