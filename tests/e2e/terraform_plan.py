"""The part of `make e2e` that needs no container: deploy/terraform/example with the real provider.

Nothing is created: the provider plans. Exit codes are those of `make e2e`.
"""

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.deploy import opentofu, terraform
from tests.deploy.terraform import Workspace
from tests.e2e.machine import RefutedError, UnprovedError, expect

PROVED, FAILED = 0, 1

Json = dict[str, Any]

ADDRESS = "module.cluster.kind_cluster.this"


def main() -> int:
    """Plan it, say what was proved, and give the exit code."""
    with tempfile.TemporaryDirectory(prefix="gpuclass-terraform-") as folder:
        try:
            _say(f"ok  terraform: {prove(terraform.copy(program(), Path(folder), {}))}")
        except UnprovedError as lack:
            _say(f"NOT PROVED  terraform: {lack}")
            return FAILED if os.environ.get("REQUIRE_E2E") == "1" else PROVED
        except RefutedError as error:
            _say(f"FAILED  terraform: {error}")
            return FAILED
    return PROVED


def program() -> Path:
    """Give OpenTofu, else Terraform."""
    found = opentofu.find("tofu") or opentofu.find("terraform")
    if found is None:
        raise UnprovedError("neither OpenTofu nor Terraform is here: make tofu")
    return found


def prove(workspace: Workspace) -> str:
    """Plan the example, then one GPU node more for that cluster; say what the provider would do."""
    example = workspace.folder / "deploy" / "terraform" / "example"
    answer = workspace.run("init", "-input=false", "-no-color", folder=example)
    if answer.returncode != 0:
        reason = " ".join(answer.stderr.split())
        raise UnprovedError(f"the provider can not be had here: {reason}")
    planned = _plan(workspace, example)
    change = _of_the_cluster(planned)
    expect(
        holds=change["change"]["actions"] == ["create"], what=f"a new cluster: {change['change']}"
    )
    (config,) = change["change"]["after"]["kind_config"]
    nodes = planned["planned_values"]["outputs"]["nodes"]["value"]
    expect(
        holds=len(config["node"]) == len(nodes),
        what=f"nodes {list(nodes)}, planned {config['node']}",
    )
    (example / "terraform.tfstate").write_text(json.dumps(_state(change)), encoding="utf-8")
    _widen(example / "main.tf")
    actions = _of_the_cluster(_plan(workspace, example, "-refresh=false"))["change"]["actions"]
    expect(
        holds=actions == ["delete", "create"], what=f"one node more does {actions} to the cluster"
    )
    return f"the provider plans {len(nodes)} nodes, and replaces the cluster for one more"


def _widen(file: Path) -> None:
    """Add a GPU node to the example."""
    text = file.read_text(encoding="utf-8")
    wider = text.replace("training    = { count = 2 }", "training    = { count = 3 }")
    expect(holds=wider != text, what="the example's training nodes are written otherwise")
    file.write_text(wider, encoding="utf-8")


def _plan(workspace: Workspace, folder: Path, *flags: str) -> Json:
    """Plan and give the plan."""
    answer = workspace.run("plan", "-input=false", "-no-color", "-out=plan", *flags, folder=folder)
    expect(
        holds=answer.returncode == 0, what=f"the plan ends with an error: {answer.stderr.strip()}"
    )
    found: Json = json.loads(workspace.run("show", "-json", "plan", folder=folder).stdout)
    return found


def _of_the_cluster(planned: Json) -> Json:
    """Give what a plan says of the cluster."""
    changes: dict[str, Json] = {each["address"]: each for each in planned["resource_changes"]}
    expect(holds=list(changes) == [ADDRESS], what=f"changes {list(changes)}, expected {ADDRESS}")
    return changes[ADDRESS]


def _state(change: Json) -> Json:
    """Write the state of a cluster that was made as planned; what only `apply` knows is empty."""
    known: Json = change["change"]["after"]
    unknown = dict.fromkeys(change["change"]["after_unknown"].keys() - known.keys(), "")
    attributes = {**known, **unknown, "id": "gpu", "completed": True}
    return {
        "version": 4,
        "terraform_version": "1.9.0",
        "serial": 1,
        "lineage": "00000000-0000-0000-0000-000000000000",
        "outputs": {},
        "resources": [
            {
                "module": "module.cluster",
                "mode": "managed",
                "type": "kind_cluster",
                "name": "this",
                "provider": f'module.cluster.provider["{change["provider_name"]}"]',
                "instances": [{"schema_version": 0, "attributes": attributes}],
            }
        ],
    }


def _say(line: str) -> None:
    """Write a line that is seen at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
