"""`python -m tests.deploy.terraform_plan`: plans deploy/terraform/example with the real provider.

Part of `make e2e`. Nothing is created: a plan needs the provider's program, and no Docker. Exit
code 3 says that nothing was proved, since the program or the provider can not be had here.
"""

import copy
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.deploy import opentofu, terraform
from tests.deploy.terraform import Workspace

PROVED, DIFFERS, NOT_HERE = 0, 1, 3

Json = dict[str, Any]

ADDRESS = "module.cluster.kind_cluster.this"


class Unavailable(Exception):  # noqa: N818 - a state to be told, more than an error
    """What can not be had here, and what to do."""


def main() -> int:
    """Plan it, say what was proved, and give the exit code."""
    with tempfile.TemporaryDirectory(prefix="gpuclass-terraform-") as folder:
        try:
            prove(terraform.copy(program(), Path(folder), {}))
        except Unavailable as reason:
            say(f"terraform: NOT PROVED: {reason}")
            return NOT_HERE
        except AssertionError as difference:
            say(f"terraform: FAILED: {difference}")
            return DIFFERS
    return PROVED


def program() -> Path:
    """Give OpenTofu, else Terraform."""
    found = opentofu.find("tofu") or opentofu.find("terraform")
    if found is None:
        raise Unavailable("neither OpenTofu nor Terraform is here: `make tofu`")
    return found


def prove(workspace: Workspace) -> None:
    """Plan the example; then plan a further GPU node for the cluster as if it were there."""
    example = workspace.folder / "deploy" / "terraform" / "example"
    answer = workspace.run("init", "-input=false", "-no-color", folder=example)
    if answer.returncode != 0:
        raise Unavailable(f"the provider can not be had here:\n{answer.stderr.strip()}")
    planned = plan(workspace, example)
    change = of_the_cluster(planned)
    check(change["change"]["actions"], ["create"], "what becomes of the cluster")
    (config,) = change["change"]["after"]["kind_config"]
    expected = planned["planned_values"]["outputs"]["nodes"]["value"]
    check(len(config["node"]), len(expected), "nodes of the cluster")
    say(f"terraform: the provider plans a cluster of {len(expected)} nodes: {', '.join(expected)}")

    (example / "terraform.tfstate").write_text(json.dumps(state(change)), encoding="utf-8")
    text = (example / "main.tf").read_text(encoding="utf-8")
    wider = text.replace("training    = { count = 2 }", "training    = { count = 3 }")
    check(wider.count("{ count = 3 }"), 1, "pools of the example that can grow")
    (example / "main.tf").write_text(wider, encoding="utf-8")
    again = of_the_cluster(plan(workspace, example, "-refresh=false"))
    check(again["change"]["actions"], ["delete", "create"], "what a further node does to a cluster")
    say("terraform: one GPU node more replaces the whole cluster, as the page says")


def plan(workspace: Workspace, folder: Path, *flags: str) -> Json:
    """Plan and give the plan."""
    answer = workspace.run("plan", "-input=false", "-no-color", "-out=plan", *flags, folder=folder)
    check(answer.returncode, 0, f"{answer.stderr.strip()}\nexit code of the plan")
    found: Json = json.loads(workspace.run("show", "-json", "plan", folder=folder).stdout)
    return found


def of_the_cluster(planned: Json) -> Json:
    """Give what a plan says of the one cluster."""
    changes = [each for each in planned["resource_changes"] if each["address"] == ADDRESS]
    check(len(changes), 1, "clusters in the plan")
    return changes[0]  # type: ignore[no-any-return]


def state(change: Json) -> Json:
    """Write the state of a cluster that was made as planned; what only `apply` knows is empty."""
    attributes = copy.deepcopy(change["change"]["after"])
    attributes |= dict.fromkeys(change["change"]["after_unknown"].keys() - attributes.keys(), "")
    attributes |= {"id": "gpu", "completed": True, "node_image": "", "kubeconfig_path": ""}
    registry = change["provider_name"]
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
                "provider": f'module.cluster.provider["{registry}"]',
                "instances": [{"schema_version": 0, "attributes": attributes}],
            }
        ],
    }


def check(found: object, expected: object, what: str) -> None:
    """Raise AssertionError unless they are the same."""
    if found != expected:
        raise AssertionError(f"{what}: expected {expected!r}, found {found!r}")


def say(line: str) -> None:
    """Write a line that is seen at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
