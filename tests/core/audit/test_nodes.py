"""Nodes and pools: what is amiss with them."""

import pytest

from tests.core.audit.cluster import NODES, audited, labels, lines, node, of_pool, taints
from tests.core.given import Json, gpu_class, policy, pool
from webhook.core.node_filter import Candidate

UNCLAIMED = (
    "but is of no pool: no class reaches it, and nothing keeps CPU pods off; give it the labels "
    "and taints of a pool, or write a GPUNodePool for it, as gpuclass export --adopt does"
)


def test_sound_nodes_are_none() -> None:
    assert audited() == []


@pytest.mark.parametrize(
    ("found", "sign"),
    [
        (node("x"), "offers 8 nvidia.com/gpu"),
        (
            node("x", gpus=0, labels={"nvidia.com/gpu.product": "T4"}),
            "carries the label nvidia.com/gpu.product=T4",
        ),
        (
            node("x", gpus=None, labels={"amd.com/gpu.family": "AI"}),
            "carries the label amd.com/gpu.family=AI",
        ),
    ],
    ids=["resource", "label", "another vendor"],
)
def test_a_gpu_node_of_no_pool_is_found(found: Candidate, sign: str) -> None:
    text = f"{sign}, {UNCLAIMED}"
    assert lines(audited(nodes=(*NODES, found))) == [("node-unclaimed", "x", text)]


def test_a_label_that_says_no_is_none() -> None:
    found = node("x", gpus=0, labels={"nvidia.com/gpu.present": "false"})
    assert audited(nodes=(*NODES, found)) == []


def test_a_node_without_its_taint_is_found() -> None:
    found = of_pool("training", "x", taints=taints("worker"))
    assert lines(audited(nodes=(*NODES, found))) == [
        (
            "node-lacks-taint",
            "x",
            "is of pool training and lacks its taint gpu-type=training:NoSchedule, so CPU pods may "
            "land on it: kubectl taint node x gpu-type=training:NoSchedule",
        )
    ]


@pytest.mark.parametrize(
    ("change", "texts"),
    [
        (
            {"nvidia.com/gpu.present": None},
            "lacks its label nvidia.com/gpu.present=true (has none), so pods of its classes miss "
            "it: kubectl label node x nvidia.com/gpu.present=true",
        ),
        (
            {"node-role": "other"},
            "lacks its label node-role=gpu-training (has node-role=other), which it declares: "
            "kubectl label node x node-role=gpu-training --overwrite",
        ),
    ],
    ids=["of the selector", "another value"],
)
def test_a_node_without_its_label_is_found(change: Json, texts: str) -> None:
    changed = {**labels("training"), **change}
    own = {key: value for key, value in changed.items() if value is not None}
    found = of_pool("training", "x", labels=own)
    expected = [("node-lacks-label", "x", f"is of pool training and {texts}")]
    assert lines(audited(nodes=(*NODES, found))) == expected


def test_a_node_that_offers_nothing_is_found() -> None:
    found = of_pool("training", "x", gpus=0)
    assert lines(audited(nodes=(*NODES, found))) == [
        (
            "node-offers-no-gpu",
            "x",
            "is of pool training and offers none of its resources (nvidia.com/gpu): see that the "
            "device plug-in runs there, and that it tolerates the pool's taints",
        )
    ]
    assert audited(nodes=(*NODES, of_pool("training", "x", gpus=None))) == []


def test_a_node_of_two_pools_is_found() -> None:
    by = policy(
        pool("a", "a: x", "{key: k, value: a, effect: NoSchedule}")
        + pool("b", "b: x", "{key: k, value: b, effect: NoSchedule}")
        + gpu_class("c", "{name: a}, {name: b}"),
        "defaultClass: c",
    )
    found = node("x", labels={"a": "x", "b": "x"})
    assert lines(audited(nodes=[found], by=by)) == [
        (
            "node-of-several-pools",
            "x",
            "is of pools a, b alike: add a label or a taint that tells them apart, or let only one "
            "claim its name",
        )
    ]


def test_a_pool_without_nodes_is_worth_knowing() -> None:
    (found,) = audited(nodes=[each for each in NODES if each.name != "worker-1"])
    assert (found.name, found.severity, found.kind, found.object) == (
        "pool-without-nodes",
        "info",
        "GPUNodePool",
        "worker",
    )
    assert found.message == (
        "no node is of it: fine where it is scaled to zero, else compare its spec.selector and "
        "spec.claims with the labels and names of nodes"
    )


@pytest.mark.parametrize("taint", ["", "{key: k, value: v, effect: PreferNoSchedule}"])
def test_a_pool_that_keeps_nobody_off_is_found(taint: str) -> None:
    by = policy(pool("a", "a: x", taint) + gpu_class("c", "{name: a}"), "defaultClass: c")
    own = [{"key": "k", "value": "v", "effect": "PreferNoSchedule"}] if taint else []
    found = audited(nodes=[node("n", labels={"a": "x"}, taints=own)], by=by)
    assert lines(found) == [
        (
            "pool-without-taint",
            "a",
            "spec.taints: has none of effect NoSchedule or NoExecute, so any CPU pod lands on its "
            "nodes: give it one, such as {key: nvidia.com/gpu, value: present, effect: NoSchedule}",
        )
    ]
