"""A whole replica in this process: it leads, registers, is asked for its health, and ends."""

import base64
import json
import logging
import os
import signal
import threading
import urllib.request
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from tests.cli.shipped import POLICIES
from tests.cluster.process import free_ports
from tests.cluster.waiting import eventually
from tests.control.apiserver import HttpApi
from tests.control.tls import showing
from tests.control.world import AUTHORITY, LEAF, MUTATING, VALIDATING
from tests.watch.apiserver import Answer, ApiServer
from webhook.cli.main import main
from webhook.control.api import ApiFailed, ClusterApi
from webhook.control.controller import Controller
from webhook.control.settings import Settings
from webhook.core.names import API_GROUP
from webhook.process.settings import Address
from webhook.watch.connection import connect

LEASE = "/apis/coordination.k8s.io/v1/namespaces/gpuclass-system/leases/gpuclass-controller"
NAMESPACE = "/api/v1/namespaces/gpuclass-system"
OWN = f"/apis/{API_GROUP}/v1alpha1"
COLLECTIONS = {
    "GPUNodePool": f"{OWN}/gpunodepools",
    "GPUClass": f"{OWN}/gpuclasses",
    "GPUPolicy": f"{OWN}/gpupolicies",
    "PriorityClass": "/apis/scheduling.k8s.io/v1/priorityclasses",
}


@pytest.fixture
def server() -> Iterator[HttpApi]:
    """Give an API server that has the shipped policies."""
    with HttpApi() as made:
        for file in (*POLICIES.glob("*.yaml"), *POLICIES.glob("[pc]*[sl]*/*.yaml")):
            for each in yaml.safe_load_all(file.read_text("utf-8")):
                if each and each.get("kind") in COLLECTIONS and file.parent.name != "cases":
                    path = f"{COLLECTIONS[each['kind']]}/{each['metadata']['name']}"
                    uid = {**each["metadata"], "uid": "u1"}
                    made.api.put(path, {**each, "metadata": uid})
        made.api.put(NAMESPACE, {"metadata": {"name": "gpuclass-system"}})
        yield made


@pytest.fixture(autouse=True)
def _process_as_it_was() -> Iterator[None]:
    """Undo what a program does to its process: signals, and where its log goes."""
    numbers = (signal.SIGTERM, signal.SIGINT)
    handlers = [signal.getsignal(number) for number in numbers]
    root = logging.getLogger()
    before, level = root.handlers, root.level
    yield
    root.handlers, root.level = before, level
    logging.getLogger("gpuclass").setLevel(logging.NOTSET)
    for number, handler in zip(numbers, handlers, strict=True):
        signal.signal(number, handler)


def meanwhile(work: Callable[[], object]) -> threading.Thread:
    """Do something while the program runs in this thread, and end it afterwards."""

    def run() -> None:
        try:
            work()
        finally:
            os.kill(os.getpid(), signal.SIGTERM)

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def settings(server: HttpApi, folder: Path, server_at: Address) -> Settings:
    (port,) = free_ports(1)
    return Settings(
        kubeconfig=server.kubeconfig(folder),
        server=server_at,
        metrics_bind=Address(host="127.0.0.1", port=port),
        settle=timedelta(seconds=1),
    )


def get(at: Address, path: str) -> str:
    """Give what is answered with 200; nothing while nobody does."""
    try:
        with urllib.request.urlopen(f"http://{at}{path}", timeout=60) as answer:
            found: bytes = answer.read()
    except OSError:
        return ""
    return found.decode()


def test_a_replica_leads_registers_reports_and_gives_the_lease_back(
    server: HttpApi, tmp_path: Path
) -> None:
    (port,) = free_ports(1)
    told = settings(server, tmp_path, Address(host="127.0.0.1", port=port))
    seen: dict[str, str] = {}

    def work() -> None:
        objects = server.api.objects
        eventually(lambda: LEAF in objects, "the leaf")
        seen["early"] = ",".join(path for path in (MUTATING, VALIDATING) if path in objects)
        seen["ready"] = eventually(lambda: get(told.metrics_bind, "/readyz?verbose"), "its health")
        seen["metrics"] = get(told.metrics_bind, "/metrics")
        del objects[AUTHORITY]
        eventually(lambda: AUTHORITY in objects, "the CA to be made anew")

    thread = meanwhile(work)
    assert Controller(told, connect(told.kubeconfig)).run() == 0
    thread.join()
    assert seen["early"] == ""
    report = json.loads(seen["ready"])
    assert report["leading"]
    assert report["identity"] == report["holder"]
    assert "gpuclass_controller_leading 1.0" in seen["metrics"]
    assert server.api.objects[LEASE]["spec"]["holderIdentity"] == ""


def test_it_registers_when_the_server_shows_the_leaf_and_follows_the_switch(
    server: HttpApi, tmp_path: Path
) -> None:
    """The pair is there before: another replica made it."""
    first = settings(server, tmp_path, Address(host="127.0.0.1", port=1))
    thread = meanwhile(lambda: eventually(lambda: LEAF in server.api.objects, "the leaf"))
    assert Controller(first, connect(first.kubeconfig)).run() == 0
    thread.join()
    data = server.api.objects[LEAF]["data"]
    pair = b"".join(base64.b64decode(data[key]) for key in ("tls.crt", "tls.key"))

    def work() -> None:
        both = {MUTATING, VALIDATING}
        eventually(lambda: both <= server.api.objects.keys(), "the registration")
        path = f"{OWN}/gpupolicies/cluster"
        found = server.api.objects[path]
        with server.lock:
            server.api.put(path, {**found, "spec": {**found["spec"], "mode": "Off"}})
        eventually(lambda: not both & server.api.objects.keys(), "its end")

    with showing(pair, tmp_path) as address:
        told = settings(server, tmp_path, address)
        thread = meanwhile(work)
        assert Controller(told, connect(told.kubeconfig)).run() == 0
        thread.join()
    assert "RegistrationRemoved" in server.api.reasons()


def test_a_replica_that_never_leads_ends_when_it_is_told_to(
    server: HttpApi, tmp_path: Path
) -> None:
    held = {"holderIdentity": "another", "leaseDurationSeconds": 15}
    metadata = {"name": "gpuclass-controller"}
    server.api.put(LEASE, {"kind": "Lease", "metadata": metadata, "spec": held})
    told = settings(server, tmp_path, Address(host="127.0.0.1", port=1))
    thread = meanwhile(
        lambda: (
            eventually(lambda: "another" in get(told.metrics_bind, "/readyz?verbose"), "") and None
        )
    )
    assert Controller(told, connect(told.kubeconfig)).run() == 0
    thread.join()
    assert LEAF not in server.api.objects


def test_a_leader_whose_lease_is_taken_ends_with_a_code(server: HttpApi, tmp_path: Path) -> None:
    told = settings(server, tmp_path, Address(host="127.0.0.1", port=1))

    def take() -> None:
        eventually(lambda: LEAF in server.api.objects, "the leader to act")
        found = server.api.objects[LEASE]
        with server.lock:
            server.api.put(LEASE, {**found, "spec": {**found["spec"], "holderIdentity": "b"}})

    thread = threading.Thread(target=take)
    thread.start()
    assert Controller(told, connect(told.kubeconfig)).run() == 1
    thread.join()


def test_the_command_says_in_one_line_why_it_can_not_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["controller", "--kubeconfig", str(tmp_path / "absent")]) == 2
    assert capsys.readouterr().err == (
        f"{tmp_path / 'absent'}: no kubeconfig that can be used: No such file or directory\n"
    )


def test_failures_of_the_api_server_are_told_apart(server: HttpApi, tmp_path: Path) -> None:
    api = ClusterApi(connect(server.kubeconfig(tmp_path)), 2.0)
    assert api.get("/absent") is None
    server.api.broken["/broken"] = 403
    with pytest.raises(ApiFailed) as refused:
        api.send("DELETE", "/broken", None)
    assert (refused.value.status, str(refused.value)) == (
        403,
        "DELETE /broken: 403 DELETE /broken: broken",
    )
    server.html = "<html>"
    with pytest.raises(ApiFailed, match="POST /x: 502 Bad Gateway"):
        api.send("POST", "/x", {})


BODIES = {
    "a page": b"<html>",
    "a list": b"[]",
    "nothing": b"",
    "no text": b"\xff",
    "depth": b"[" * 100_000,
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_what_is_no_object_is_no_answer_of_an_api_server(tmp_path: Path, body: bytes) -> None:
    with ApiServer(Answer(parts=(body,))) as proxy:
        api = ClusterApi(connect(proxy.kubeconfig(tmp_path)), 2.0)
        with pytest.raises(ApiFailed) as failed:
            api.get("/x")
    assert (failed.value.status, str(failed.value)) == (
        0,
        "GET /x: 200, and no object: no API server",
    )


def test_an_api_server_that_is_away_is_a_failure_too(server: HttpApi, tmp_path: Path) -> None:
    client = connect(server.kubeconfig(tmp_path))
    client.configuration.host = "http://127.0.0.1:1"
    with pytest.raises(ApiFailed, match="no answer from the API server") as refused:
        ClusterApi(client, 1.0).get("/x")
    assert refused.value.status == 0
