"""Two replicas that watch a real API server: edits, bad documents, restarts, a cold start."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cluster.api import ApiError, Json
from tests.cluster.binaries import Binaries
from tests.cluster.controlplane import ControlPlane
from tests.cluster.replicas import Replica, prepare, replicas
from tests.cluster.shipped import apply_policies
from tests.cluster.waiting import eventually
from webhook.core.registration import NAMESPACE
from webhook.watch.connection import connect
from webhook.watch.objects import LINGER_SECONDS, RESOURCES

pytestmark = pytest.mark.cluster

CLASSES = "/apis/gpuclass.io/v1alpha1/gpuclasses"
NO_POLICY = "no GPUPolicy named cluster: kubectl apply -k policies/"

POD = {
    "metadata": {"name": "x"},
    "spec": {"containers": [{"name": "c", "resources": {"limits": {"nvidia.com/gpu": "1"}}}]},
}


@pytest.fixture(scope="module")
def plane(binaries: Binaries) -> Iterator[ControlPlane]:
    """Give a control plane of this module's own: its API server is killed."""
    with ControlPlane(binaries) as running:
        prepare(running)
        yield running


@pytest.fixture(scope="module")
def cold(plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Replica]]:
    """Give replicas that may have no policy yet."""
    with replicas(plane, tmp_path_factory.mktemp("replicas")) as running:
        yield running


@pytest.fixture(scope="module")
def both(plane: ControlPlane, cold: list[Replica]) -> list[Replica]:
    """Give replicas that decide by the shipped policies."""
    apply_policies(plane)
    for each in cold:
        each.wait_ready()
    return cold


def gpu_class(name: str, *pools: str) -> Json:
    return {
        "apiVersion": "gpuclass.io/v1alpha1",
        "kind": "GPUClass",
        "metadata": {"name": name},
        "spec": {"pools": [{"name": pool} for pool in pools]},
    }


def of_each(both: list[Replica], holds: Callable[[Replica], object], what: str) -> None:
    """Wait until something holds of each replica."""
    for each in both:
        eventually(lambda replica=each: holds(replica), what)  # type: ignore[misc]


def faults(replica: Replica) -> list[str]:
    found: list[str] = replica.readiness()["policy"]["faults"]
    return found


def test_a_cold_start_without_policies_waits_for_them(
    plane: ControlPlane, cold: list[Replica]
) -> None:
    reasons = ["no policy is loaded", NO_POLICY]
    of_each(cold, lambda each: each.readiness()["reasons"] == reasons, "the reason")
    assert all(each.probe("/livez")[0] == 200 for each in cold)
    apply_policies(plane)
    for each in cold:
        each.wait_ready()


def test_an_edit_reaches_both_replicas(plane: ControlPlane, both: list[Replica]) -> None:
    assert not any(each.allows("research") for each in both)
    plane.api.request("POST", CLASSES, gpu_class("research", "training"))
    of_each(both, lambda each: each.allows("research"), "the new class")
    plane.api.request("DELETE", f"{CLASSES}/research")
    of_each(both, lambda each: not each.allows("research"), "the class to go")


def test_the_class_of_a_namespace_reaches_both_replicas(
    plane: ControlPlane, both: list[Replica]
) -> None:
    metadata = {"name": "of-a-class", "annotations": {"gpu-class": "nonsense"}}
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}
    request = {"namespace": "of-a-class", "object": POD}
    assert all(each.allows("", **request) for each in both)
    plane.api.request("POST", "/api/v1/namespaces", body)
    of_each(both, lambda each: not each.allows("", **request), "the class of the namespace")


def test_a_broken_document_changes_nothing_and_is_named(
    plane: ControlPlane, both: list[Replica]
) -> None:
    revision = both[0].readiness()["policy"]["revision"]
    plane.api.request("POST", CLASSES, gpu_class("broken", "nowhere"))
    of_each(both, faults, "the fault")
    for each in both:
        assert faults(each) == [
            "gpuclass/broken spec.pools[0].name: there is no GPUNodePool nowhere; "
            "known: development, production, training, worker"
        ]
        assert each.probe("/readyz")[0] == 200
        assert each.readiness()["policy"]["revision"] == revision
        assert each.allows("training")
        assert each.metric("gpuclass_policy_faults") == 1
        assert len(each.events("policy refused")) >= 1
    plane.api.request("DELETE", f"{CLASSES}/broken")
    of_each(both, lambda each: not faults(each), "the fault to go")


def test_a_class_that_is_made_anew_is_never_missing(
    plane: ControlPlane, both: list[Replica]
) -> None:
    found = plane.api.request("GET", f"{CLASSES}/training")
    anew = {**found, "metadata": {"name": "training"}}

    def is_made_anew_at_once() -> bool:
        """Tell whether the machine was quick enough to judge; nobody may have been refused then."""
        began = time.monotonic()
        plane.api.request("DELETE", f"{CLASSES}/training")
        meanwhile = [each.allows("training") for each in both]
        plane.api.request("POST", CLASSES, anew)
        afterwards = [each.allows("training") for each in both]
        is_at_once = time.monotonic() - began < LINGER_SECONDS
        assert not is_at_once or all((*meanwhile, *afterwards))
        return is_at_once

    for _ in range(10):
        eventually(is_made_anew_at_once, "a class that is made anew at once")


def test_replicas_follow_through_a_restart_of_the_api_server(
    plane: ControlPlane, both: list[Replica]
) -> None:
    plane.restart_apiserver()
    assert all(each.allows("training") for each in both)
    eventually(lambda: made(plane, "late"), "the API server to take a class")
    of_each(both, lambda each: each.allows("late"), "the class made after the restart")
    of_each(both, is_well, "every watch to be well")
    assert all(each.probe("/readyz")[0] == 200 for each in both)
    plane.api.request("DELETE", f"{CLASSES}/late")


def is_well(replica: Replica) -> bool:
    watches = replica.readiness()["watches"]
    return len(watches) == len(RESOURCES) and all(
        each["synced"] and not each["fault"] for each in watches
    )


def made(plane: ControlPlane, name: str) -> bool:
    """Make a class; its kind may be unknown for a moment after a restart."""
    try:
        plane.api.request("POST", CLASSES, gpu_class(name, "training"))
    except ApiError as error:
        return error.status == 409
    return True


def test_nothing_but_what_is_needed_may_be_done(plane: ControlPlane) -> None:
    for verb, resource, allowed in (
        ("watch", "gpuclasses.gpuclass.io", "yes"),
        ("watch", "nodes", "yes"),
        ("patch", "nodes", "no"),
        ("get", "secrets", "no"),
        ("update", "gpuclasses.gpuclass.io", "no"),
    ):
        user = "--as=system:serviceaccount:gpuclass-system:gpuclass"
        answer = plane.kubectl("auth", "can-i", verb, resource, user, check=False)
        assert answer.stdout.strip() == allowed, (verb, resource)


def test_a_token_that_expired_is_read_again(plane: ControlPlane, tmp_path: Path) -> None:
    token, path = tmp_path / "token", tmp_path / "kubeconfig"
    token.write_text("expired")
    document = json.loads(plane.kubeconfig.read_text(encoding="utf-8"))
    document["users"][0]["user"] = {"tokenFile": str(token)}
    path.write_text(json.dumps(document), encoding="utf-8")
    client = connect(path)
    assert client.get("/api/v1/nodes").status == 401
    fresh = plane.kubectl("create", "token", "gpuclass", "--namespace", NAMESPACE).stdout
    token.write_text(fresh)
    assert client.get("/api/v1/nodes").status == 200
    assert client.get("/api/v1/secrets").status == 403
