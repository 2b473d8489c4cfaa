"""Status is written where it differs, not more often than need be, and with its times kept."""

from dataclasses import replace

import pytest

from tests.control.test_status import INVENTORY, REFUSAL, REVISION, SOUND, state
from tests.control.world import Scene
from webhook.control.api import Object
from webhook.control.conditions import State
from webhook.control.inventory import Inventory, Tenant
from webhook.control.reporter import (
    BETWEEN_SECONDS,
    LONGEST_PAUSE,
    TURN_SECONDS,
    WAITING_PAUSE,
    Reporter,
)

POOL = "/apis/gpuclass.io/v1alpha1/gpunodepools/a/status"
CLASS = "/apis/gpuclass.io/v1alpha1/gpuclasses/c/status"
START = 1_800_000_000.0
"""2027-01-15T08:00:00Z."""


class Setting:
    """A reporter and what it looks at, which a test changes."""

    def __init__(self) -> None:
        scene = Scene()
        self.world, self.api = scene.world(), scene.api
        self.now = START
        self.objects: dict[str, dict[str, Object]] | None = {
            "gpunodepools": {"a": an_object("a")},
            "gpuclasses": {"c": an_object("c")},
        }
        self.state = state(SOUND, inventory=INVENTORY)
        self.is_read = True
        self.reporter = Reporter(self.world, lambda: self.objects, self.see, lambda: self.now)

    def run(self) -> float:
        """Run the duty once, and forget what was written before."""
        self.api.writes.clear()
        return self.reporter.run()

    def see(self) -> State | None:
        """Give the state once it is read."""
        return self.state if self.is_read else None

    def see_tenants(self, *tenants: Tenant) -> None:
        """Have other pods."""
        inventory = Inventory(machines=INVENTORY.machines, tenants=tenants)
        self.state = replace(self.state, inventory=inventory)


def an_object(name: str, generation: int = 1, **status: object) -> Object:
    metadata = {"name": name, "uid": f"uid-{name}", "generation": generation}
    return {"metadata": metadata, **({"status": status} if status else {})}


@pytest.fixture
def setting() -> Setting:
    return Setting()


def test_nothing_is_written_before_everything_is_read(setting: Setting) -> None:
    setting.is_read = False
    assert setting.run() == WAITING_PAUSE
    setting.is_read, setting.objects = True, None
    assert setting.run() == WAITING_PAUSE
    assert setting.api.writes == []


def test_status_is_applied_whole_with_generation_and_times(setting: Setting) -> None:
    assert setting.run() == LONGEST_PAUSE
    assert setting.api.writes == [f"PATCH {CLASS}", f"PATCH {POOL}"]
    written = setting.api.objects[CLASS]
    assert written["metadata"]["uid"] == "uid-c"
    assert written["status"] == {
        "observedGeneration": 1,
        "pools": [{"name": "a", "nodes": 2}, {"name": "b", "nodes": 1}],
        "poolNames": "a, b",
        "nodes": 3,
        "conditions": [
            {
                "type": "Ready",
                "status": "True",
                "observedGeneration": 1,
                "lastTransitionTime": "2027-01-15T08:00:00Z",
                "reason": "InForce",
                "message": f"in force, revision {REVISION}",
            },
            {
                "type": "Degraded",
                "status": "False",
                "observedGeneration": 1,
                "lastTransitionTime": "2027-01-15T08:00:00Z",
                "reason": "AsExpected",
                "message": "",
            },
        ],
    }


def test_what_is_said_already_is_not_written_again(setting: Setting) -> None:
    setting.run()
    setting.now += 1000
    assert setting.run() == LONGEST_PAUSE
    assert setting.api.writes == []


def test_the_pool_of_each_node_is_shown_unless_it_is_of_several(setting: Setting) -> None:
    def shown() -> dict[tuple[str, str], float]:
        (family,) = setting.world.metrics.pool_node.collect()
        return {(each.labels["pool"], each.labels["node"]): each.value for each in family.samples}

    setting.run()
    first = shown()
    assert first == {("a", "n1"): 1, ("a", "n2"): 1, ("b", "n3"): 1}
    machines = {name: each for name, each in INVENTORY.machines.items() if name != "n2"}
    setting.state = replace(setting.state, inventory=Inventory(machines=machines))
    setting.now += 1000
    setting.run()
    assert shown() == {("a", "n1"): 1, ("b", "n3"): 1}
    setting.world.metrics.place_nodes({"a": ["n1", "x"], "b": ["x"]})
    assert shown() == {("a", "n1"): 1}


def test_another_replica_that_takes_over_writes_nothing_anew(setting: Setting) -> None:
    setting.run()
    status = setting.api.objects[CLASS]["status"]
    setting.objects = {"gpuclasses": {"c": an_object("c", **status)}}
    other = Reporter(setting.world, lambda: setting.objects, lambda: setting.state)
    setting.api.writes.clear()
    other.run()
    assert setting.api.writes == []


def test_every_node_is_looked_at_no_more_often_than_need_be(setting: Setting) -> None:
    setting.run()
    setting.now += 0.125
    assert setting.run() == TURN_SECONDS - 0.125


def test_gpus_that_come_and_go_are_written_every_few_seconds(setting: Setting) -> None:
    setting.run()
    setting.see_tenants(Tenant(node="n1", holds={"nvidia.com/gpu": 8}))
    setting.now += 0.5
    assert setting.run() == BETWEEN_SECONDS - 0.5
    assert setting.api.writes == []
    setting.now += BETWEEN_SECONDS
    assert setting.run() == LONGEST_PAUSE
    assert setting.api.writes == [f"PATCH {POOL}"]
    assert setting.api.objects[POOL]["status"]["gpus"]["allocated"] == 8


def test_condition_is_written_at_once_with_an_event_and_keeps_its_time(setting: Setting) -> None:
    setting.run()
    for resource in setting.objects or {}:
        for name, each in (setting.objects or {})[resource].items():
            path = f"/apis/gpuclass.io/v1alpha1/{resource}/{name}/status"
            each["status"] = setting.api.objects[path]["status"]
    setting.now += 0.5
    changed = SOUND.replace("{name: b}", "{name: z}")
    setting.state = state(changed, (REFUSAL,), INVENTORY)
    setting.run()
    assert setting.api.writes == [f"PATCH {CLASS}"]
    times = [
        each["lastTransitionTime"] for each in setting.api.objects[CLASS]["status"]["conditions"]
    ]
    assert times == ["2027-01-15T08:00:00Z"] * 2
    assert setting.api.reasons() == ["Refused"]
    assert setting.api.notes()[0].startswith("gpuclass/c spec.pools[0].name: there is no pool")


def test_document_that_is_gone_is_forgotten(setting: Setting) -> None:
    setting.run()
    setting.objects = {}
    setting.now += TURN_SECONDS
    assert setting.run() == LONGEST_PAUSE
    setting.now += TURN_SECONDS
    setting.objects = {"gpuclasses": {"c": an_object("c", generation=1)}}
    setting.run()
    assert setting.api.writes == [f"PATCH {CLASS}"]
