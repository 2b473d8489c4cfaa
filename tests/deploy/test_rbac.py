"""The rights of `gpuclass serve`: to read what it watches, and nothing else."""

from pathlib import Path

import yaml

from webhook.watch.objects import RESOURCES

BASE = Path(__file__).parents[2] / "deploy" / "base"


def test_the_server_may_read_what_it_watches_and_nothing_else() -> None:
    role, binding = yaml.safe_load_all((BASE / "rbac.yaml").read_text(encoding="utf-8"))
    allowed = {
        (group, resource): rule["verbs"]
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    }
    assert allowed == {_named(each.path): ["list", "watch"] for each in RESOURCES}
    account = yaml.safe_load((BASE / "serviceaccount.yaml").read_text(encoding="utf-8"))
    (subject,) = binding["subjects"]
    assert binding["roleRef"]["name"] == role["metadata"]["name"]
    assert (subject["kind"], subject["name"], subject["namespace"]) == (
        account["kind"],
        account["metadata"]["name"],
        account["metadata"]["namespace"],
    )


def _named(path: str) -> tuple[str, str]:
    """Give group and resource of a path; the core group has no name."""
    *_, group, _, resource = path.split("/")
    return ("" if group == "api" else group), resource
