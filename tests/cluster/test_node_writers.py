"""The duty of nodes beside others who write the same nodes, and on many nodes at once.

The duty itself runs here, on a real API server: so its rounds are as close together as can be.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus

import msgspec
import pytest

from tests.cluster.api import MERGE_PATCH, Api, ApiError, Json
from tests.cluster.binaries import Binaries
from tests.cluster.controlplane import ControlPlane
from tests.cluster.nodes import taints_of
from tests.cluster.simulation import NODES, create_node, delete_node
from tests.cluster.waiting import PATIENCE_SECONDS, eventually
from tests.control.world import Scene
from tests.core.given import gpu_class, policy, pool
from webhook.control.api import ClusterApi
from webhook.control.events import Events
from webhook.control.inventory import Machine, read_machine
from webhook.control.marker import Claiming, Marker
from webhook.control.turn import LONGEST_PAUSE
from webhook.control.watches import InventoryWatch
from webhook.control.world import World
from webhook.core.policy.policy import Policy
from webhook.watch.connection import connect

pytestmark = pytest.mark.cluster

NAME = "contended"
OTHERS = "example.com/other"
LIFECYCLE = "node.kubernetes.io/network-unavailable"
MANY = 5000

_log = logging.getLogger(__name__)


def claims(value: str) -> Policy:
    """Give a policy whose one pool gives its nodes a label and a taint of this value."""
    taint = f"{{key: gpu-type, value: {value}, effect: NoSchedule}}"
    names = "claims: {names: ['contended', 'many-*']}"
    return policy(
        pool("a", "gpu: 'yes'", taint, f"labels: {{round: {value}}}, {names}")
        + gpu_class("general", "{name: a}")
    )


class Duty:
    """The duty, and what it claims by."""

    def __init__(self, plane: ControlPlane) -> None:
        scene = Scene()
        api = ClusterApi(connect(plane.kubeconfig), 30)
        given = scene.world()
        self.metrics = given.metrics
        self.policy = claims("none")
        self._plane = plane
        world = World(
            api=api,
            service=given.service,
            secrets=given.secrets,
            configurations=given.configurations,
            probe=given.probe,
            events=Events(scene.api, given.metrics, "test"),
            metrics=given.metrics,
        )
        self.marker = Marker(world, self.machines, self._claiming, lambda: True)

    def machines(self) -> Mapping[str, Machine]:
        """Read all nodes as the watch does."""
        items = self._plane.api.request("GET", NODES)["items"]
        return {
            each["metadata"]["name"]: read_machine(msgspec.Raw(msgspec.json.encode(each)))
            for each in items
        }

    def _claiming(self) -> Claiming:
        return Claiming(policy=self.policy, objects={})

    def written(self, result: str) -> float:
        """Give how many writes came out so."""
        name = "gpuclass_controller_node_writes_total"
        return self.metrics.registry.get_sample_value(name, {"result": result}) or 0.0


class Writer(threading.Thread):
    """Somebody who reads a node, finds there what they wrote last, and writes the next."""

    def __init__(self, write: Callable[[int], None]) -> None:
        super().__init__(daemon=True)
        self.rounds = 0
        self.fault = ""
        self._write = write
        self._ending = threading.Event()

    def run(self) -> None:
        """Write until it is over, or until an update is lost."""
        while not self._ending.is_set():
            try:
                self._write(self.rounds)
            except AssertionError as error:
                self.fault = str(error)
                return
            except ApiError as error:
                if error.status != HTTPStatus.CONFLICT:
                    self.fault = str(error)
                    return
            else:
                self.rounds += 1

    def end(self) -> None:
        """Let it end."""
        self._ending.set()
        self.join()


def _taint(number: int) -> Json:
    return {"key": f"{OTHERS}-{number}", "value": "x", "effect": "NoSchedule"}


def lifecycle(api: Api) -> Callable[[int], None]:
    """Write as the node lifecycle controller does: all taints, at the version that was read."""

    def write(number: int) -> None:
        found = api.request("GET", f"{NODES}/{NAME}")
        taints = found["spec"].get("taints", [])
        keys = {each["key"] for each in taints}
        assert number == 0 or f"{OTHERS}-{number - 1}" in keys, f"taint {number - 1} was lost"
        kept = [each for each in taints if each["key"] != f"{OTHERS}-{number - 1}"]
        found["spec"]["taints"] = [*kept, _taint(number)]
        api.request("PUT", f"{NODES}/{NAME}", found)

    return write


def cordon(api: Api) -> Callable[[int], None]:
    """Write as kubectl cordon and label do, which carry no version."""

    def write(number: int) -> None:
        found = api.request("GET", f"{NODES}/{NAME}")
        labels = found["metadata"].get("labels", {})
        last = number - 1
        assert number == 0 or f"by-hand-{last}" in labels, f"label {last} was lost"
        is_cordoned = found["spec"].get("unschedulable", False)
        assert is_cordoned == (last % 2 == 0), f"cordon {last} was lost"
        patch = {
            "metadata": {"labels": {f"by-hand-{number}": "x", f"by-hand-{last}": None}},
            "spec": {"unschedulable": True if number % 2 == 0 else None},
        }
        api.request("PATCH", f"{NODES}/{NAME}", patch, MERGE_PATCH)

    return write


@pytest.fixture
def contended(control_plane: ControlPlane) -> Iterator[ControlPlane]:
    """Give the control plane with a node that several write."""
    taint: Json = {"key": LIFECYCLE, "effect": "NoSchedule", "timeAdded": "2026-01-01T00:00:00Z"}
    create_node(control_plane.api, NAME, taints=[taint])
    yield control_plane
    delete_node(control_plane.api, NAME)


def settle(duty: Duty, value: str) -> None:
    """Have the pool say something else, and run the duty until its node says the same."""
    duty.policy = claims(value)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while duty.marker.run() < LONGEST_PAUSE:
        assert time.monotonic() < deadline, f"not written in time: {value}"


@pytest.mark.parametrize(
    "rounds", [pytest.param(40, id="some"), pytest.param(1000, id="many", marks=pytest.mark.slow)]
)
def test_no_update_is_lost_among_three_who_write_one_node(
    contended: ControlPlane, rounds: int
) -> None:
    duty, api = Duty(contended), contended.api
    writers = [Writer(lifecycle(api)), Writer(cordon(api))]
    for writer in writers:
        writer.start()
    try:
        for number in range(rounds):
            settle(duty, f"v{number}")
            found = api.request("GET", f"{NODES}/{NAME}")
            ours = {each for each in taints_of(found) if each.startswith("gpu-type")}
            assert ours == {f"gpu-type=v{number}:NoSchedule"}
            assert found["metadata"]["labels"]["round"] == f"v{number}"
            (kept,) = (each for each in found["spec"]["taints"] if each["key"] == LIFECYCLE)
            assert kept["timeAdded"] == "2026-01-01T00:00:00Z"
    finally:
        for writer in writers:
            writer.end()
    assert [writer.fault for writer in writers] == ["", ""]
    assert all(writer.rounds > 0 for writer in writers)
    for writer, check in zip(writers, (lifecycle(api), cordon(api)), strict=True):
        check(writer.rounds)
    told = f"{rounds} rounds, others {[each.rounds for each in writers]}"
    _log.info("%s, conflicts: %d", told, duty.written("conflict"))


@pytest.mark.slow
def test_five_thousand_nodes_are_marked(binaries: Binaries) -> None:
    with ControlPlane(binaries) as plane:

        def create(number: int) -> None:
            metadata = {"name": f"many-{number}", "labels": {"kubernetes.io/os": "linux"}}
            body = {"apiVersion": "v1", "kind": "Node", "metadata": metadata}
            plane.api.request("POST", NODES, body)

        with ThreadPoolExecutor(4) as executor:
            list(executor.map(create, range(MANY)))
        duty = Duty(plane)
        duty.policy = claims("first")
        watch = InventoryWatch(connect(plane.kubeconfig), lambda: None)
        watch.start()
        try:
            eventually(lambda: len(watch.machines() or ()) == MANY, "the nodes")
            duty.marker._machines = watch.machines  # noqa: SLF001 # as the controller has them
            seconds = [timed(duty)]
            assert duty.written("written") == MANY
            eventually(lambda: is_marked(watch.machines()), "the last to be seen")
            seconds += [timed(duty)]
        finally:
            watch.stop()
        marked = plane.api.request("GET", f"{NODES}?labelSelector=round%3Dfirst")["items"]
        assert len(marked) == MANY
        assert all("gpu-type=first:NoSchedule" in taints_of(each) for each in marked)
        _log.warning("%d nodes: %.1f s, and %.2f s with nothing to do", MANY, *seconds)


def is_marked(machines: Mapping[str, Machine] | None) -> bool:
    return all("round" in each.marks.labels for each in (machines or {}).values())


def timed(duty: Duty) -> float:
    """Give the seconds until there is nothing to do."""
    began = time.perf_counter()
    while duty.marker.run() < LONGEST_PAUSE:
        pass
    return time.perf_counter() - began
