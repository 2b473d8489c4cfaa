"""What is counted of nodes and pods."""

import json

import msgspec
import pytest

from tests.core.given import Json
from webhook.control.inventory import Machine, Tenant, marks_of, read_machine, read_tenant
from webhook.core.cluster import Node, Taint
from webhook.core.rules.node_marks import Marks, Record, write_record

GPU = "nvidia.com/gpu"


def raw(value: Json) -> msgspec.Raw:
    return msgspec.Raw(json.dumps(value).encode())


def test_machine_is_its_marks_and_its_devices() -> None:
    taint = {"key": "k", "value": "v", "effect": "NoSchedule"}
    node = {
        "metadata": {"name": "n", "labels": {"a": "b"}},
        "spec": {"taints": [taint]},
        "status": {
            "conditions": [
                {"type": "MemoryPressure", "status": "False"},
                {"type": "Ready", "status": "True"},
            ],
            "capacity": {"cpu": "64", GPU: "8", "hugepages-2Mi": "0"},
            "allocatable": {"cpu": "63500m", GPU: "7", "example.com/none": "0"},
        },
    }
    assert read_machine(raw(node)) == Machine(
        marks=Node(labels={"a": "b"}, taints=(Taint(key="k", value="v", effect="NoSchedule"),)),
        is_ready=True,
        capacity={GPU: 8},
        allocatable={GPU: 7},
    )


def test_machine_knows_what_we_set_and_whether_its_kubelet_is_silent() -> None:
    record = Record(pool="a", labels={"b": "c"})
    node = {
        "metadata": {
            "labels": {"b": "c"},
            "annotations": {"gpuclass.io/marks": write_record(record)},
        },
        "status": {"conditions": [{"type": "Ready", "status": "Unknown"}]},
    }
    found = read_machine(raw(node))
    assert found.is_silent
    assert marks_of(found) == Marks(labels={"b": "c"}, record=record)


@pytest.mark.parametrize("status", ["False", "Unknown"])
def test_machine_is_ready_only_if_it_says_so(status: str) -> None:
    conditions = [{"type": "Ready", "status": status}]
    assert not read_machine(raw({"status": {"conditions": conditions}})).is_ready
    assert not read_machine(raw({"metadata": {}})).is_ready


def gpus(amount: object, **more: object) -> Json:
    return {"name": "c", "resources": {"limits": {GPU: amount, "cpu": "1"}}, **more}


SIDECAR = {"restartPolicy": "Always"}


@pytest.mark.parametrize(
    ("containers", "init", "held"),
    [
        ([gpus(1)], [], 1),
        ([gpus("2"), gpus(1)], [], 3),
        ([gpus(1)], [gpus(4)], 4),
        ([gpus(2)], [gpus(1), gpus(1)], 2),
        ([gpus(1)], [gpus(1, **SIDECAR), gpus(3)], 4),
        ([gpus(2)], [gpus(3), gpus(1, **SIDECAR)], 3),
        ([gpus("1k")], [], 1000),
    ],
    ids=[
        "one",
        "two-containers",
        "init-container-asks-more",
        "init-containers-run-one-by-one",
        "init-container-beside-a-sidecar",
        "sidecar-after-an-init-container",
        "suffix",
    ],
)
def test_tenant_holds_what_the_scheduler_reckons(
    containers: list[Json], init: list[Json], held: int
) -> None:
    spec = {"nodeName": "n", "containers": containers, "initContainers": init}
    assert read_tenant(raw({"spec": spec})) == Tenant(node="n", holds={GPU: held})


@pytest.mark.parametrize(
    "pod",
    [
        {"spec": {"containers": [gpus(1)]}},
        {"spec": {"nodeName": "n", "containers": [gpus(1)]}, "status": {"phase": "Succeeded"}},
        {"spec": {"nodeName": "n", "containers": [gpus(1)]}, "status": {"phase": "Failed"}},
        {"spec": {"nodeName": "n", "containers": [gpus(0)]}},
        {"spec": {"nodeName": "n", "containers": [{"name": "c"}]}},
        {"spec": {"nodeName": "n", "containers": [gpus("many")]}},
    ],
    ids=["not-bound", "succeeded", "failed", "asks-for-none", "asks-for-nothing", "no-number"],
)
def test_pod_that_holds_no_device_is_nobody(pod: Json) -> None:
    assert read_tenant(raw(pod)) == Tenant()
