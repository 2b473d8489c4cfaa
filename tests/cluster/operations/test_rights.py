"""What our accounts may do: as docs/security.md lists it, no less and no more, and all of it used.

The tests share one installation, whose API server records what the accounts ask for.
"""

import re
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.cluster.api import MERGE_PATCH, ApiError, Json
from tests.cluster.controlplane import ControlPlane
from tests.cluster.installed import SYSTEM, Installed
from tests.cluster.nodes import join
from tests.cluster.operations.conftest import ACCOUNTS
from tests.cluster.shipped import POLICIES
from tests.cluster.simulation import NODES
from tests.cluster.waiting import eventually
from webhook.control import secrets
from webhook.control.api import APPLY

pytestmark = pytest.mark.cluster

PAGE = Path(__file__).parents[3] / "docs" / "security.md"
ROW = re.compile(
    r"^\| `([\w-]+)` \| (\S+) \| (.+?) \| (.+?) \| ([a-z, ]+) \| (.+?) \|$", re.MULTILINE
)
CODE = re.compile(r"`([^`]+)`")
EVERYWHERE = "everywhere"
ELSEWHERE = "kube-system"
CREATED, REFUSED = 201, 403


class Right(NamedTuple):
    """One verb on a resource, as `kubectl auth can-i --list` writes it; a name, or any (empty)."""

    resource: str
    name: str
    verb: str


def listed(account: str, place: str) -> Iterator[Right]:
    """Give what the page lists of an account, in one namespace or everywhere."""
    for who, where, resources, names, verbs, _ in ROW.findall(PAGE.read_text(encoding="utf-8")):
        if (who, where) == (account, place):
            for resource in CODE.findall(resources):
                for name in CODE.findall(names) or [""]:
                    yield from (Right(resource, name, verb) for verb in verbs.split(", "))


def granted(plane: ControlPlane, user: str, namespace: str) -> set[Right]:
    """Give what a user may do in a namespace, by the API server itself."""
    answer = plane.kubectl("auth", "can-i", "--list", "--as", user, "--namespace", namespace).stdout
    found = set()
    for line in answer.splitlines()[1:]:
        resource, _, names, verbs = (re.split(" {2,}", line) + [""] * 4)[:4]
        if resource:
            for name in names.strip("[]").split() or [""]:
                found |= {Right(resource, name, verb) for verb in verbs.strip("[]").split()}
    return found


@pytest.mark.parametrize("namespace", [SYSTEM, "default", ELSEWHERE])
@pytest.mark.parametrize("account", ACCOUNTS)
def test_an_account_may_do_what_is_listed_and_nothing_else(
    account: str, namespace: str, installed: Installed
) -> None:
    plane = installed.control_plane
    everybody = granted(plane, f"system:serviceaccount:{SYSTEM}:somebody", namespace)
    found = granted(plane, ACCOUNTS[account], namespace) - everybody
    assert found == {*listed(account, EVERYWHERE), *listed(account, namespace)}


def test_every_account_of_the_base_is_listed(operated: ControlPlane, installed: Installed) -> None:
    assert installed.control_plane is operated
    found = operated.kubectl("-n", SYSTEM, "get", "serviceaccounts", "-o", "name").stdout.split()
    assert set(found) == {f"serviceaccount/{name}" for name in ("default", *ACCOUNTS)}


def test_only_pods_that_ask_the_api_server_hold_a_token(installed: Installed) -> None:
    plane = installed.control_plane
    for account in ("default", *ACCOUNTS):
        path = f"/api/v1/namespaces/{SYSTEM}/serviceaccounts/{account}"
        given = plane.api.request("GET", path).get("automountServiceAccountToken")
        assert given is (None if account == "default" else False)
    pods = plane.api.request("GET", f"/api/v1/namespaces/{SYSTEM}/pods")["items"]
    holders = {each["spec"]["serviceAccountName"] for each in pods if _has_token(each)}
    assert holders == set(ACCOUNTS)
    assert {each["spec"]["serviceAccountName"] for each in pods} == set(ACCOUNTS)


def _has_token(pod: Json) -> bool:
    return any("projected" in each for each in pod["spec"]["volumes"])


def test_what_is_listed_is_used_and_nothing_more_is_asked(installed: Installed) -> None:
    work(installed)
    plane = installed.control_plane
    for account, user in ACCOUNTS.items():
        wanted = {
            (place, right)
            for place in (EVERYWHERE, SYSTEM, "default")
            for right in listed(account, place)
        }
        eventually(partial(uses, plane, user, wanted), f"{account} to use each of its rights")
    assert [each for each in asked(plane) if each["responseStatus"]["code"] == REFUSED] == []


def uses(plane: ControlPlane, user: str, rights: set[tuple[str, Right]]) -> bool:
    """Tell whether a user has used all rights, each by its place."""
    return rights <= used(plane, user)


def asked(plane: ControlPlane) -> list[Json]:
    """Give what our accounts asked for and got an answer to; discovery is everybody's right."""
    events = plane.audit_events()
    return [each for each in events if {"responseStatus", "objectRef"} <= each.keys()]


def work(installed: Installed) -> None:
    """Have the controller do whatever it does."""
    plane = installed.control_plane
    installed.apply()
    plane.kubectl("patch", "gpupolicy", "cluster", "--type=merge", "-p", '{"spec":{"mode":"Off"}}')
    eventually(lambda: not installed.configurations(), "the webhooks to be gone")
    plane.kubectl("apply", "--server-side", "--force-conflicts", "-k", str(POLICIES))
    eventually(installed.is_registered, "the webhooks to be back")
    join(plane, "gpu-train-9", gpus=1)
    label = {"metadata": {"labels": {"node-role": "mistaken"}}}
    plane.api.request("PATCH", f"{NODES}/gpu-train-9", label, MERGE_PATCH)
    declared = {
        "apiVersion": "gpuclass.io/v1alpha1",
        "kind": "GPUNode",
        "spec": {"pool": "training"},
    }
    path = "/apis/gpuclass.io/v1alpha1/gpunodes"
    plane.api.request("POST", path, declared | {"metadata": {"name": "gpu-train-9"}})
    for name in (secrets.LEAF, secrets.AUTHORITY):
        replace_secret(plane, name)


def replace_secret(plane: ControlPlane, name: str) -> None:
    """Put a Secret of another type where the controller has its own."""
    path = f"/api/v1/namespaces/{SYSTEM}/secrets"
    other: Json = {"metadata": {"name": name}, "type": "example.com/other"}
    while True:
        plane.kubectl("-n", SYSTEM, "delete", "secret", name, "--ignore-not-found")
        try:
            plane.api.request("POST", path, other)
        except ApiError:
            time.sleep(0.1)  # the controller was there first
        else:
            return


def used(plane: ControlPlane, user: str) -> set[tuple[str, Right]]:
    """Give the rights that a user has used, and the place that each was for.

    Whoever applies an object that is not there creates it too, and is asked for both.
    """
    found = set()
    for event in asked(plane):
        if event["user"]["username"] != user or event["responseStatus"]["code"] == REFUSED:
            continue
        about = event["objectRef"]
        resource = "/".join(filter(None, (about["resource"], about.get("subresource", ""))))
        group = about.get("apiGroup", "")
        head, slash, sub = resource.partition("/")
        written = f"{head}.{group}{slash}{sub}" if group else resource
        verbs = [event["verb"]]
        if event["responseStatus"]["code"] == CREATED and event["verb"] == "patch":
            verbs.append("create")
        for verb in verbs:
            for place in (EVERYWHERE, about.get("namespace", "")):
                for name in ("", about.get("name", "")):
                    found.add((place, Right(written, name, verb)))
    return found


def test_applying_what_is_not_there_needs_the_right_to_create_it(operated: ControlPlane) -> None:
    """The reason for `create` beside `patch`, which an audit log does not show."""
    path = "/api/v1/namespaces/default/configmaps/applied"
    body: Json = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "applied"}}
    operated.kubectl(
        "-n", "default", "create", "role", "patcher", "--verb=patch", "--resource=configmaps"
    )
    operated.kubectl(
        "-n", "default", "create", "rolebinding", "patcher", "--role=patcher", "--user=patcher"
    )
    api = operated.api_for("patcher")
    with pytest.raises(ApiError, match="cannot create resource"):
        api.request("PATCH", f"{path}?fieldManager=x", body, APPLY)
    operated.kubectl("-n", "default", "create", "configmap", "applied")
    api.request("PATCH", f"{path}?fieldManager=x", body, APPLY)
