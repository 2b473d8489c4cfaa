"""To which pool a node belongs: by name, labels or taints, of several to the best fit."""

import pytest

from tests.core.given import gpu_class, gpu_node, policy, pool, shipped
from webhook.core.cluster import Cluster, Node, Taint

PRESENT = Taint(key="nvidia.com/gpu", value="present", effect="NoSchedule")
TRAINING = Taint(key="gpu-type", value="training", effect="NoSchedule")
LABELS = {"nvidia.com/gpu.present": "true", "gpu-type": "training", "node-role": "gpu-training"}


def pools(name: str, node: Node | None) -> list[str]:
    by = shipped().knowing(Cluster(nodes={name: node} if node else {}))
    return [pool.name for pool in by.pools_of_node(name)]


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        (Node(labels=LABELS, taints=(PRESENT, TRAINING)), ["training"]),
        (Node(labels={"node-role": "gpu-training"}, taints=(PRESENT, TRAINING)), ["training"]),
        (Node(labels=LABELS), ["training"]),
        (Node(taints=(PRESENT,)), ["worker"]),
        (Node(taints=(TRAINING,)), []),
        (Node(labels={"gpu-type": "training"}), []),
        (Node(), []),
        (None, []),
    ],
    ids=[
        "whole",
        "discovery-restarts",
        "taints-not-yet",
        "one-taint-is-the-worker-pool's",
        "one-of-two-taints",
        "one-label-of-the-selector",
        "nothing",
        "not-known",
    ],
)
def test_node_of_any_name_belongs_where_its_marks_say(
    node: Node | None, expected: list[str]
) -> None:
    assert pools("n1", node) == expected


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        (None, ["training"]),
        (Node(), ["training"]),
        (Node(labels={"kubernetes.io/os": "linux"}), ["training"]),
        (Node(taints=(PRESENT,)), ["training"]),
    ],
    ids=["not-known", "bare", "foreign-labels", "first-taint-set"],
)
def test_node_that_a_pool_claims_by_name_is_its_own(node: Node | None, expected: list[str]) -> None:
    assert pools("gpu-train-7", node) == expected


@pytest.mark.parametrize("node", [None, Node(), Node(labels={"gpu": "b"})])
def test_a_declared_node_is_of_its_pool_whatever_it_carries(node: Node | None) -> None:
    documents = pool("a", "gpu: a") + pool("b", "gpu: b") + gpu_class("general", "{name: a}")
    by = policy(documents + gpu_node("n1", "a"))
    found = by.knowing(Cluster(nodes={"n1": node} if node else {})).pools_of_node("n1")
    assert [each.name for each in found] == ["a"]
    assert by.declared == {"n1": "a"}
