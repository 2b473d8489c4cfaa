"""The duty of nodes: what it writes, tells and counts, beside others who write the same nodes."""

from collections.abc import Mapping

import msgspec
import pytest

from tests.control.world import Scene
from tests.core.given import Json, gpu_class, gpu_node, policy, pool
from webhook.control.api import Object
from webhook.control.inventory import Machine, read_machine
from webhook.control.marker import (
    BATCH,
    TRIES,
    WAITING_PAUSE,
    Claiming,
    Marker,
)
from webhook.control.turn import LONGEST_PAUSE

TAINT = "{key: k, value: a, effect: NoSchedule}"
POOLS = (
    pool("a", "gpu: ga", TAINT, "claims: {names: ['a-*'], matchLabels: {cloud: a}}")
    + pool("b", "gpu: gb", more="claims: {names: ['b-*']}")
    + gpu_class("general", "{name: a}, {name: b}")
)
MARKS = [{"key": "k", "value": "a", "effect": "NoSchedule"}]


def path(name: str) -> str:
    return f"/api/v1/nodes/{name}"


class Setting:
    """A duty, and the API server with nodes in it."""

    def __init__(self, text: str = POOLS, *nodes: str) -> None:
        self.scene = Scene()
        self.api = self.scene.api
        self.policy = policy(text)
        self.objects: dict[str, dict[str, Object]] = {
            "gpunodepools": {"a": {"metadata": {"name": "a", "uid": "uid-a"}}},
            "gpunodes": {},
        }
        self.is_read, self.is_in_force, self.may_act, self.now = True, True, True, 0.0
        world = self.scene.world()
        self.metrics = world.metrics
        self.marker = Marker(
            world, self.machines, self.claiming, lambda: self.may_act, lambda: self.now
        )
        for name in nodes:
            self.put(name)

    def put(self, name: str, labels: Mapping[str, str] | None = None, **spec: object) -> None:
        """Have a node, as somebody else wrote it."""
        self.api.put(path(name), {"metadata": {"name": name, "labels": labels or {}}, "spec": spec})

    def machines(self) -> Mapping[str, Machine] | None:
        """Read the nodes as the watch does."""
        found = {key: each for key, each in self.api.objects.items() if key.startswith(path(""))}
        machines = {
            key.rpartition("/")[2]: read_machine(msgspec.Raw(msgspec.json.encode(each)))
            for key, each in found.items()
        }
        return machines if self.is_read else None

    def claiming(self) -> Claiming | None:
        """Give what claims nodes."""
        found = self.policy if self.is_in_force else None
        return Claiming(policy=found, objects=self.objects) if self.is_read else None

    def node(self, name: str) -> Json:
        """Give a node as it is stored."""
        return self.api.objects[path(name)]

    def count(self, name: str, **labels: str) -> float:
        """Give a figure of /metrics."""
        return self.metrics.registry.get_sample_value(f"gpuclass_controller_{name}", labels) or 0.0

    def states(self) -> tuple[float, ...]:
        """Give how many nodes are marked, waiting and disputed."""
        return tuple(self.count("nodes", state=each) for each in ("marked", "waiting", "disputed"))


def test_claimed_nodes_are_written_once_and_others_never() -> None:
    setting = Setting(POOLS, "a-1", "b-1", "n")
    assert setting.marker.run() == LONGEST_PAUSE
    assert sorted(setting.api.writes) == [f"PATCH {path('a-1')}", f"PATCH {path('b-1')}"]
    assert setting.node("a-1")["metadata"]["labels"] == {"gpu": "ga"}
    assert setting.node("a-1")["spec"]["taints"] == MARKS
    assert "taints" not in setting.node("b-1")["spec"]
    assert setting.node("n")["metadata"]["labels"] == {}
    assert setting.api.notes() == ["b-1: labels and taints set", "a-1: labels and taints set"]
    about = setting.api.events[1]["regarding"]
    assert (about["kind"], about["name"], about["uid"]) == ("GPUNodePool", "a", "uid-a")
    assert setting.marker.run() == LONGEST_PAUSE
    assert len(setting.api.writes) == 2
    assert setting.states() == (2, 0, 0)
    assert setting.count("node_writes_total", result="written") == 2


def test_nothing_is_done_before_all_is_read_or_where_no_policy_says_so() -> None:
    setting = Setting(POOLS, "a-1")
    setting.is_read = False
    assert setting.marker.run() == WAITING_PAUSE
    setting.is_read, setting.is_in_force = True, False
    assert setting.marker.run() == LONGEST_PAUSE
    setting.is_in_force = True
    setting.policy = policy(POOLS, "defaultClass: general, mode: Audit")
    assert setting.marker.run() == LONGEST_PAUSE
    setting.policy, setting.may_act = policy(POOLS), False
    setting.marker.run()
    assert setting.api.writes == []


def test_what_others_wrote_meanwhile_stays() -> None:
    setting = Setting(POOLS, "a-1")
    seen = setting.machines()
    setting.marker._machines = lambda: seen  # noqa: SLF001 # a watch that is late
    added = {"key": "z", "effect": "NoExecute", "timeAdded": "2026-01-01T00:00:00Z"}
    setting.put("a-1", {"x": "y"}, taints=[added], unschedulable=True)
    setting.marker.run()
    found = setting.node("a-1")
    assert found["metadata"]["labels"] == {"x": "y", "gpu": "ga"}
    assert found["spec"] == {"taints": [added, *MARKS], "unschedulable": True}


def test_somebody_who_writes_in_between_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    setting = Setting(POOLS, "a-1")
    inner, rounds = setting.api.get, iter(range(TRIES - 1))

    def get(asked: str) -> Object | None:
        found = inner(asked)
        if (number := next(rounds, None)) is not None:
            setting.put("a-1", {f"x-{number}": "y"})
        return found

    monkeypatch.setattr(setting.api, "get", get)
    assert setting.marker.run() == LONGEST_PAUSE
    assert setting.node("a-1")["metadata"]["labels"] == {f"x-{TRIES - 2}": "y", "gpu": "ga"}
    assert setting.count("node_writes_total", result="conflict") == TRIES - 1
    assert setting.states() == (1, 0, 0)


def test_a_node_that_can_not_be_written_waits_and_holds_up_no_other() -> None:
    setting = Setting(POOLS, "a-1", "a-2")
    setting.api.broken[path("a-1")] = 500
    assert setting.marker.run() == WAITING_PAUSE
    assert setting.states() == (1, 1, 0)
    assert setting.api.notes() == ["a-2: labels and taints set"]
    assert setting.count("node_writes_total", result="failed") == 1
    setting.api.broken.clear()
    assert setting.marker.run() == LONGEST_PAUSE
    assert setting.states() == (2, 0, 0)


def test_a_node_that_went_is_nothing_to_do() -> None:
    setting = Setting(POOLS, "a-1")
    seen = setting.machines()
    setting.marker._machines = lambda: seen  # noqa: SLF001 # a watch that is late
    del setting.api.objects[path("a-1")]
    assert setting.marker.run() == LONGEST_PAUSE
    assert setting.api.events == []


def test_marks_that_do_not_stay_are_set_more_seldom_and_said() -> None:
    setting = Setting(POOLS)
    pauses = []
    for _ in range(4):
        setting.put("a-1")
        pauses.append(setting.marker.run())
    assert pauses == [LONGEST_PAUSE] * 3 + [2.0]
    assert setting.states() == (0, 1, 0)
    assert setting.api.notes()[-1] == (
        "a-1: what its pool declares does not stay on it; it is set more seldom"
    )
    setting.now = 2.0
    assert setting.marker.run() == LONGEST_PAUSE


def test_a_node_that_two_pools_claim_is_left_alone_and_told_once() -> None:
    setting = Setting(POOLS)
    setting.put("b-1", {"cloud": "a"})
    for _ in range(2):
        assert setting.marker.run() == LONGEST_PAUSE
    assert setting.api.writes == []
    assert setting.api.notes() == ["b-1: pools a, b claim it alike; left as it is until one does"]
    (event,) = setting.api.events
    assert (event["regarding"]["kind"], event["type"]) == ("Node", "Warning")
    assert setting.states() == (0, 0, 1)


WITHOUT_A = pool("b", "gpu: gb") + gpu_class("general", "{name: b}")


@pytest.mark.parametrize("is_released", [True, False])
def test_a_pool_that_goes_takes_its_marks_only_if_it_said_so(is_released: bool) -> None:
    setting = Setting(POOLS, "a-1")
    if is_released:
        annotations = {"gpuclass.io/on-delete": "Release"}
        setting.objects["gpunodepools"]["a"]["metadata"]["annotations"] = annotations
    setting.marker.run()
    marked = setting.node("a-1")
    setting.objects["gpunodepools"] = {}
    setting.marker.run()  # the last good policy still has the pool
    assert setting.node("a-1") == marked
    setting.policy = policy(WITHOUT_A)
    setting.marker.run()
    if not is_released:
        assert setting.node("a-1") == marked
        return
    found = setting.node("a-1")
    assert (found["metadata"]["labels"], found["spec"]["taints"]) == ({}, [])
    assert found["metadata"]["annotations"] == {}
    assert setting.api.notes()[-1] == "a-1: labels and taints taken away"
    assert setting.api.events[-1]["regarding"]["name"] == "a"


def test_a_declared_node_that_is_released_alone() -> None:
    setting = Setting(POOLS + gpu_node("n1", "b"), "n1")
    annotations = {"gpuclass.io/on-delete": "Release"}
    setting.objects["gpunodes"] = {"n1": {"metadata": {"annotations": annotations}}}
    setting.marker.run()
    assert setting.node("n1")["metadata"]["labels"] == {"gpu": "gb"}
    setting.policy, setting.objects["gpunodes"] = policy(POOLS), {}
    setting.marker.run()
    assert setting.node("n1")["metadata"]["labels"] == {}


def test_many_nodes_are_named_and_then_counted() -> None:
    names = [f"a-{number:02}" for number in range(12)]
    setting = Setting(POOLS, *names)
    setting.marker.run()
    (note,) = setting.api.notes()
    assert note == f"{', '.join(names[:1:-1])} and 2 more: labels and taints set"


def test_the_newest_nodes_come_first_and_no_more_than_a_batch_at_a_time() -> None:
    setting = Setting(POOLS, *(f"a-{number}" for number in range(BATCH + 1)))
    assert setting.marker.run() == 0
    assert setting.states() == (BATCH, 1, 0)
    assert setting.node("a-0")["metadata"]["labels"] == {}
    assert setting.marker.run() == LONGEST_PAUSE
    assert setting.node("a-0")["metadata"]["labels"] == {"gpu": "ga"}
    assert setting.states() == (BATCH + 1, 0, 0)
