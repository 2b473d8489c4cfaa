"""Watching a cluster: what comes together is told together, and nothing goes missing in between."""

import json
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from msgspec import Raw

from tests.cluster.waiting import eventually
from tests.core.policy.documents_text import CLASS, POOL
from tests.watch.cluster import SOUND, FakeCluster
from webhook.core.cluster import UNKNOWN, Cluster, Node, Taint
from webhook.watch import cluster as watching
from webhook.watch.cluster import ClusterWatch, Knowledge
from webhook.watch.connection import connect
from webhook.watch.objects import DOCUMENTS, read_node
from webhook.watch.reflector import Pace

SYSTEM = {
    "metadata": {"name": "system-node-critical"},
    "value": 2_000_001_000,
    "description": "Kubernetes' own",
}

NODE = {
    "metadata": {"name": "n", "labels": {"gpu-type": "training"}},
    "spec": {"taints": [{"key": "t", "effect": "E"}], "podCIDR": "10.0.0.0/24"},
    "status": {"images": []},
}
NAMESPACE = {
    "metadata": {
        "name": "a",
        "annotations": {
            "gpu-class": "training",
            "kubectl.kubernetes.io/last-applied-configuration": "{}",
        },
    }
}
DEVICE_CLASS = {
    "metadata": {"name": "gpu.example.com"},
    "spec": {"extendedResourceName": "example.com/gpu"},
}
REQUEST = {"name": "gpu", "exactly": {"deviceClassName": "gpu.nvidia.com"}}
TEMPLATE = {
    "metadata": {"name": "t", "namespace": "a"},
    "spec": {"spec": {"devices": {"requests": [REQUEST]}}},
}


class Listener:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[Knowledge] = []

    def __call__(self, known: Knowledge) -> None:
        """Listen."""
        self.told.append(known)

    def names(self) -> list[str]:
        """Give the documents that were told of last."""
        return [each.source for each in self.told[-1].documents] if self.told else []


@pytest.fixture
def fake() -> Iterator[FakeCluster]:
    with FakeCluster(*SOUND) as running:
        yield running


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture
def watch(fake: FakeCluster, listener: Listener, tmp_path: Path) -> Iterator[ClusterWatch]:
    found = ClusterWatch(connect(fake.kubeconfig(tmp_path)), listener)
    yield found
    found.stop()


def test_a_whole_cluster_is_told_at_once(watch: ClusterWatch, listener: Listener) -> None:
    watch.start()
    eventually(lambda: listener.told, "the first knowledge")
    assert listener.names() == [
        "gpuclass/training",
        "gpunodepool/development",
        "gpunodepool/training",
        "gpupolicy/cluster",
        "priorityclass/gpu-batch-priority",
        "priorityclass/other",
    ]
    assert all(each == listener.told[0] for each in listener.told)
    assert watch.is_synced
    assert watch.missing() == ()


def test_nothing_is_told_before_all_is_read(
    fake: FakeCluster, watch: ClusterWatch, listener: Listener
) -> None:
    fake.refused["gpuclasses"] = 404
    watch.start()
    eventually(lambda: len(watch.missing()) == 1 and "404" in watch.missing()[0], "a refusal")
    assert watch.missing() == ("gpuclasses: not read yet: 404: no",)
    assert listener.told == []
    del fake.refused["gpuclasses"]
    eventually(lambda: listener.told, "the first knowledge")


def test_before_the_start_all_is_missing(watch: ClusterWatch) -> None:
    assert watch.missing()[0] == "gpuclasses: not read yet: the API server is asked"


def test_many_changes_are_few_tellings(
    fake: FakeCluster, listener: Listener, tmp_path: Path
) -> None:
    def wait(news: threading.Event, _: float) -> bool:
        """Take it for quiet only when all has come, however slowly it comes."""
        while not news.wait(0.05):
            if not listener.told or sum(len(each.items()) for each in found.reflectors) == 26:
                return False
        return True

    still = Pace(clock=lambda: 0.0, wait=wait)
    found = ClusterWatch(connect(fake.kubeconfig(tmp_path)), listener, pace=still)
    found.start()
    try:
        eventually(lambda: listener.told, "the first knowledge")
        for number in range(20):
            fake.apply(CLASS.replace("name: training\n", f"name: training-{number}\n", 1))
        eventually(lambda: len(listener.names()) == 26, "twenty classes more")
    finally:
        found.stop()
    assert len(listener.told) <= 3, "the last change may be heard of just after it was told"


def test_a_change_is_told_although_others_follow_it(
    fake: FakeCluster,
    watch: ClusterWatch,
    listener: Listener,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(watching, "QUIET_SECONDS", 60.0)
    monkeypatch.setattr(watching, "LONGEST_SECONDS", 0.05)
    over = threading.Event()

    def edit() -> None:
        number = 0
        while not over.wait(0.01):
            number += 1
            fake.apply(POOL.replace("gpu-train-*", f"gpu-train-{number}-*"))

    editor = threading.Thread(target=edit)
    watch.start()
    editor.start()
    try:
        eventually(lambda: len(listener.told) > 2, "changes while more come")
    finally:
        over.set()
        editor.join()


def test_a_document_that_comes_back_at_once_was_never_missing(
    fake: FakeCluster, listener: Listener, tmp_path: Path
) -> None:
    """By a clock that stands still, all that follows is at once."""
    still = Pace(clock=lambda: 0.0)
    watch = ClusterWatch(connect(fake.kubeconfig(tmp_path)), listener, pace=still)
    watch.start()
    try:
        eventually(lambda: listener.told, "the first knowledge")
        for weight in range(1, 6):
            fake.delete("gpuclasses", "training")
            fake.put("nodes", NODE | {"metadata": {"name": f"n{weight}"}})
            eventually(partial(is_told_of_node, listener, f"n{weight}"), "what came meanwhile")
            fake.apply(CLASS.replace("weight: 80", f"weight: {weight}"))
        eventually(lambda: "weight=5" in repr(listener.told[-1].documents), "the last change")
    finally:
        watch.stop()
    assert all("gpuclass/training" in [d.source for d in each.documents] for each in listener.told)


def is_told_of_node(listener: Listener, name: str) -> bool:
    return name in listener.told[-1].cluster.nodes


def test_a_document_that_stays_away_is_gone(
    fake: FakeCluster, watch: ClusterWatch, listener: Listener
) -> None:
    watch.start()
    eventually(lambda: listener.told, "the first knowledge")
    fake.delete("gpuclasses", "training")
    eventually(lambda: "gpuclass/training" not in listener.names(), "the deletion")


def test_a_document_that_can_not_be_read_is_a_fault(
    fake: FakeCluster, watch: ClusterWatch, listener: Listener
) -> None:
    fake.apply(CLASS.replace("Preferred", "Preferd"))
    watch.start()
    eventually(lambda: listener.told, "the first knowledge")
    (fault,) = listener.told[0].faults
    assert str(fault).startswith("gpuclass/training spec.placement: Preferd is not accepted;")
    assert "gpuclass/training" not in listener.names()


def test_priority_classes_of_kubernetes_are_no_documents(
    fake: FakeCluster, watch: ClusterWatch, listener: Listener
) -> None:
    fake.put("priorityclasses", SYSTEM)
    watch.start()
    eventually(lambda: listener.told, "the first knowledge")
    assert listener.told[0].faults == ()
    assert "priorityclass/system-node-critical" not in listener.names()


def test_a_listener_that_fails_is_told_of_the_next_change(
    fake: FakeCluster, listener: Listener, tmp_path: Path
) -> None:
    def listen(known: Knowledge) -> None:
        listener(known)
        if len(listener.told) == 1:
            raise LookupError("a bug of ours")

    watch = ClusterWatch(connect(fake.kubeconfig(tmp_path)), listen)
    watch.start()
    try:
        eventually(lambda: listener.told, "the first knowledge")
        fake.apply(POOL.replace("gpu-train-*", "gpu-t-*"))
        eventually(lambda: "gpu-t-*" in repr(listener.told[-1].documents), "the change")
    finally:
        watch.stop()


def test_the_rest_of_the_cluster_is_known_by_what_decisions_look_at(
    fake: FakeCluster, watch: ClusterWatch, listener: Listener
) -> None:
    fake.put("nodes", NODE)
    fake.put("namespaces", NAMESPACE)
    fake.put("deviceclasses", DEVICE_CLASS)
    fake.put("resourceclaimtemplates", TEMPLATE)
    watch.start()
    eventually(lambda: listener.told, "the first knowledge")
    assert listener.told[-1].cluster == Cluster(
        nodes={"n": Node(labels={"gpu-type": "training"}, taints=(Taint(key="t", effect="E"),))},
        namespaces={"a": {"gpu-class": "training"}},
        claim_templates={("a", "t"): frozenset({"gpu.nvidia.com"})},
        extended_resources={"example.com/gpu": "gpu.example.com"},
        is_whole=True,
    )


def test_only_what_is_asked_for_is_watched(
    fake: FakeCluster, listener: Listener, tmp_path: Path
) -> None:
    watch = ClusterWatch(connect(fake.kubeconfig(tmp_path)), listener, DOCUMENTS)
    watch.start()
    try:
        eventually(lambda: listener.told, "the first knowledge")
    finally:
        watch.stop()
    assert listener.told[0].cluster == UNKNOWN
    assert {each.path for each in fake.asked} == {each.path for each in DOCUMENTS}


def test_labels_of_many_nodes_are_kept_once() -> None:
    raw = json.dumps({**NODE, "metadata": {"labels": {"zone": "eu-1-" + "x" * 40}}}).encode()
    one, two = read_node(Raw(raw)), read_node(Raw(raw))
    assert one.labels["zone"] is two.labels["zone"]
