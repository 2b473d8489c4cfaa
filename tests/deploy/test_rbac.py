"""The rights of `gpuclass serve`: to read what it watches, no more; and who holds a token."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from webhook.watch.objects import RESOURCES

DEPLOY = Path(__file__).parents[2] / "deploy"
BASE = DEPLOY / "base"
MANIFESTS = [
    path
    for path in sorted(DEPLOY.rglob("*.yaml"))
    if not path.is_relative_to(DEPLOY / "chart") and "containers:" in path.read_text()
]
ASKING = ("gpuclass", "gpuclass-controller")
"""The accounts whose pods ask the API server."""


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


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: str(path.relative_to(DEPLOY)))
def test_only_pods_that_ask_the_api_server_hold_a_token(path: Path) -> None:
    found = [pod for each in yaml.safe_load_all(path.read_text()) for pod in pods(each)]
    assert found
    for pod in found:
        asks = pod.get("serviceAccountName") in ASKING
        assert pod.get("automountServiceAccountToken") is asks


def pods(value: object) -> Iterator[dict[str, Any]]:
    """Give every pod spec in a manifest, wherever it lies."""
    if isinstance(value, dict) and "containers" in value:
        yield value
    for each in value.values() if isinstance(value, dict) else ():
        yield from pods(each)
    for each in value if isinstance(value, list) else ():
        yield from pods(each)
