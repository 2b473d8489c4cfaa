"""Pools derived from nodes: what they are for each provider, and what is said of the rest."""

from collections.abc import Iterable, Sequence

import pytest

from tests.core.adopt.clusters import (
    CLUSTERS,
    PRESENT,
    Json,
    aks,
    discovered,
    gke,
    gpus,
    guide,
    node,
    taint,
)
from tests.core.given import shipped
from webhook.core.adopt.adoption import Adoption, Given, adopt
from webhook.core.node_filter import read_candidate
from webhook.core.nodes import written
from webhook.core.policy import decode
from webhook.core.policy.check import check
from webhook.core.policy.documents import (
    Document,
    GPUClass,
    GPUNode,
    GPUNodePool,
    GPUPolicy,
    Mode,
)
from webhook.core.policy.membership import membership_of


def adopted(nodes: Sequence[Json], **more: object) -> Adoption:
    return adopt(Given(nodes=[read_candidate(each) for each in nodes], **more))  # type: ignore[arg-type]


def documents(adoption: Adoption) -> tuple[Document, ...]:
    """Read what was derived, which must be sound."""
    read = [decode.read_object(each.value, "it") for each in adoption.documents]
    assert [fault for _, faults in read for fault in faults] == []
    found = tuple(each for each, _ in read if each is not None)
    assert [each for each in check(found) if each.severity == "error"] == []
    return found


def members(nodes: Iterable[Json], found: Sequence[Document]) -> dict[str, list[str]]:
    """Give the nodes of each pool, as decisions see them."""
    membership = membership_of(found)
    result: dict[str, list[str]] = {
        each.name: [] for each in found if isinstance(each, GPUNodePool)
    }
    for each in map(read_candidate, nodes):
        for pool in membership.of(each.name, each.marks):
            result[pool.name].append(each.name)
    return result


def by_name(document: Document) -> str:
    return document.name


def said(adoption: Adoption) -> list[tuple[bool, str]]:
    return [(each.is_open, f"{each.subject}: {each.message}") for each in adoption.notes]


EXPECTED = {
    "gke": {"h100": ["gke-h100-1", "gke-h100-2"], "l4-spot": ["gke-l4-1", "gke-l4-2", "gke-l4-3"]},
    "eks": {
        "gpus-a10g": ["ip-10-0-0-2.ec2.internal"],
        "gpus-h100-80gb-hbm3": ["ip-10-0-0-3.ec2.internal"],
        "vision": ["ip-10-0-0-4.ec2.internal"],
    },
    "aks": {"a100": ["aks-a100-0", "aks-a100-1"], "a100spot": ["aks-a100spot-0"]},
    "karpenter": {"a10g": ["karp-3", "karp-4"], "t4": ["karp-2"]},
    "guide": {
        "development": ["gpu-dev-1"],
        "production": ["gpu-prod-1"],
        "training": ["gpu-training-1"],
        "worker": ["gpu-worker-1"],
    },
    "kind": {"gpu": ["kind-worker2"]},
}
SELECTORS = {
    "gke": [{"cloud.google.com/gke-nodepool": name} for name in ("h100", "l4-spot")],
    "eks": [
        {"eks.amazonaws.com/nodegroup": "gpus", "nvidia.com/gpu.product": "NVIDIA-A10G"},
        {"eks.amazonaws.com/nodegroup": "gpus", "nvidia.com/gpu.product": "NVIDIA-H100-80GB-HBM3"},
        {"eks.amazonaws.com/nodegroup": "vision"},
    ],
    "aks": [{"kubernetes.azure.com/agentpool": name} for name in ("a100", "a100spot")],
    "karpenter": [{"karpenter.k8s.aws/instance-gpu-name": name} for name in ("a10g", "t4")],
    "guide": [
        {"gpu-type": "development"},
        {"gpu-type": "production"},
        {"gpu-type": "training"},
        {"node-role": "gpu-worker"},
    ],
    "kind": [{"nvidia.com/gpu.present": "true"}],
}
TAINTS = {
    "gke": [["nvidia.com/gpu=present:NoSchedule"]] * 2,
    "eks": [[], [], ["nvidia.com/gpu=present:NoSchedule", "team=vision:NoSchedule"]],
    "aks": [
        ["sku=gpu:NoSchedule"],
        ["kubernetes.azure.com/scalesetpriority=spot:NoSchedule", "sku=gpu:NoSchedule"],
    ],
    "karpenter": [["nvidia.com/gpu=present:NoSchedule"]] * 2,
    "guide": [
        ["gpu-type=development:NoSchedule"],
        ["gpu-type=production:NoSchedule"],
        ["gpu-type=training:NoSchedule"],
        ["nvidia.com/gpu=present:NoSchedule"],
    ],
    "kind": [["nvidia.com/gpu=present:NoSchedule"]],
}
DEFAULTS = {
    "gke": "general",
    "eks": "general",
    "aks": "general",
    "karpenter": "general",
    "guide": "worker",
    "kind": "gpu",
}


@pytest.mark.parametrize("name", CLUSTERS)
def test_each_gpu_node_of_a_cluster_is_of_the_one_pool_that_is_its_own(name: str) -> None:
    nodes = CLUSTERS[name]()
    adoption = adopted(nodes)
    found = documents(adoption)
    pools = [each for each in found if isinstance(each, GPUNodePool)]
    assert members(nodes, found) == EXPECTED[name]
    assert [pool.selector for pool in sorted(pools, key=by_name)] == SELECTORS[name]
    tainted = [[written(each) for each in pool.taints] for pool in sorted(pools, key=by_name)]
    assert tainted == TAINTS[name]
    assert not any(each.is_open for each in adoption.notes)
    assert adoption.nodes == sum(map(len, EXPECTED[name].values()))


@pytest.mark.parametrize("name", CLUSTERS)
def test_each_pool_has_a_class_and_pods_without_one_have_a_default(name: str) -> None:
    found = documents(adopted(CLUSTERS[name]()))
    classes = {each.name: each for each in found if isinstance(each, GPUClass)}
    for pool in EXPECTED[name]:
        assert [each.name for each in classes[pool].pools] == [pool]
    (policy,) = (each for each in found if isinstance(each, GPUPolicy))
    assert (policy.default_class, policy.mode) == (DEFAULTS[name], Mode.AUDIT)


def test_a_document_says_what_it_was_derived_from() -> None:
    first, second, *_ = adopted(aks()).documents
    assert first.comment == (
        "Adopted from 2 nodes: aks-a100-0, aks-a100-1.",
        "No other node has kubernetes.azure.com/agentpool as they have.",
        "They offer 1 nvidia.com/gpu each.",
    )
    assert second.comment[-2:] == (
        "Taints with tolerate: false are the pod's own business, as before: what may run there",
        "brings the toleration itself.",
    )


def test_what_a_label_of_a_cpu_node_says_is_no_pool_s() -> None:
    """A CPU pod that selects a NodePool of Karpenter with nodes of both kinds aims at no GPU."""
    found = documents(adopted(CLUSTERS["karpenter"]()))
    keys = {
        key
        for each in found
        if isinstance(each, GPUNodePool)
        for key in (*each.selector, *each.labels)
    }
    assert keys == {"karpenter.k8s.aws/instance-gpu-name"}


def test_pools_that_gke_made_for_one_compute_class_are_one() -> None:
    def made(number: int) -> Json:
        labels = {
            "cloud.google.com/compute-class": "h100-spot",
            "cloud.google.com/gke-nodepool": f"nap-{number}",
            "cloud.google.com/gke-accelerator": "nvidia-h100-80gb",
        }
        own = taint("cloud.google.com/compute-class", "h100-spot")
        return node(f"gke-{number}", labels, [PRESENT, own], gpus(8))

    found = documents(adopted([made(1), made(2), *gke()]))
    (pool,) = (each for each in found if isinstance(each, GPUNodePool) and each.name == "h100-spot")
    assert pool.selector == {"cloud.google.com/compute-class": "h100-spot"}
    assert [(each.key, each.tolerate) for each in pool.taints] == [
        ("cloud.google.com/compute-class", False),
        ("nvidia.com/gpu", True),
    ]


def test_every_node_is_declared_where_that_is_asked() -> None:
    found = documents(adopted(gke(), is_each_declared=True))
    declared = {each.name: each.pool for each in found if isinstance(each, GPUNode)}
    assert declared == {name: pool for pool, names in EXPECTED["gke"].items() for name in names}


def bare(name: str, *taints: Json, **labels: str) -> Json:
    return node(name, labels, [PRESENT, *taints], gpus(1))


def test_taints_that_exclude_one_another_part_nodes_that_no_label_tells_apart() -> None:
    nodes = [bare("a", taint("team", "a")), bare("b", taint("team", "b")), node("cpu")]
    adoption = adopted(nodes)
    found = documents(adoption)
    assert members(nodes, found) == {"gpu": ["a"], "gpu-2": ["b"]}
    message = (
        "no label tells its nodes from all others, so GPUNodes name them, and the pool declares a "
        "label of its own, gpu-type={name}: the controller sets it in mode Enforce or Warn, and "
        "until then pods of its class find no node"
    )
    assert said(adoption) == [
        (True, f"GPUNodePool gpu: {message.format(name='gpu')}"),
        (True, f"GPUNodePool gpu-2: {message.format(name='gpu-2')}"),
        (
            True,
            "GPUPolicy cluster: spec.defaultClass is absent, since each pool has taints of its "
            "own: once the mode is Enforce a GPU pod that names no class is refused; name one of "
            "gpu, gpu-2",
        ),
    ]


def test_a_node_with_nothing_of_its_own_spoils_no_pool() -> None:
    nodes = [*gke()[:4], node("bare", offers=gpus(1))]
    found = documents(adopted(nodes))
    assert members(nodes, found) == {"gpu": ["bare"], "h100": ["gke-h100-1", "gke-h100-2"]}
    selectors = [each.selector for each in found if isinstance(each, GPUNodePool)]
    assert selectors == [{"gpu-type": "gpu"}, {"cloud.google.com/gke-nodepool": "h100"}]


def test_a_label_beside_the_taint_tells_them_apart() -> None:
    nodes = [bare(each, taint("team", each), team=each) for each in ("a", "b")]
    found = documents(adopted(nodes))
    pools = [each for each in found if isinstance(each, GPUNodePool)]
    assert [pool.selector for pool in pools] == [{"team": "a"}, {"team": "b"}]


def test_a_taint_of_one_node_is_not_that_of_its_pool() -> None:
    nodes = gke()
    nodes[2]["spec"]["taints"].append(taint("broken", "fan"))
    nodes[3]["spec"]["taints"] = []
    adoption = adopted(nodes)
    assert members(nodes, documents(adoption)) == EXPECTED["gke"]
    assert said(adoption) == [
        (
            True,
            "Node gke-h100-1: has the taint broken=fan:NoSchedule, which other nodes of pool h100 "
            "lack: the pool does not declare it, and pods of its class do not tolerate it; take it "
            "away, or add it to all and to spec.taints",
        ),
        (
            True,
            "Node gke-h100-2: lacks the taint nvidia.com/gpu=present:NoSchedule of pool h100, so "
            "CPU pods may land on it: kubectl taint node gke-h100-2 "
            "nvidia.com/gpu=present:NoSchedule",
        ),
    ]


def test_a_node_that_discovery_has_not_labelled_is_of_the_only_kind_there_is() -> None:
    group = {"eks.amazonaws.com/nodegroup": "gpus"}
    nodes = [
        node("known", group | discovered("NVIDIA-L4"), [PRESENT], gpus(1)),
        node("new", group, [PRESENT]),
    ]
    adoption = adopted(nodes)
    assert members(nodes, documents(adoption)) == {"gpus": ["known", "new"]}
    assert said(adoption) == []


def test_a_node_that_may_be_of_two_pools_is_told_of() -> None:
    group = {"eks.amazonaws.com/nodegroup": "gpus"}
    nodes = [
        node("l4", group | discovered("NVIDIA-L4"), offers=gpus(1)),
        node("t4", group | discovered("Tesla-T4"), offers=gpus(1)),
        node("new", group, offers=gpus(1)),
    ]
    adoption = adopted(nodes)
    assert members(nodes, documents(adoption)) == {"gpus-l4": ["l4"], "gpus-tesla-t4": ["t4"]}
    assert said(adoption)[-1] == (
        True,
        "Node new: no label says of which pool it is (gpus-l4 or gpus-tesla-t4), so nothing is "
        "written for it: see that discovery labels it and export again, or write a GPUNode",
    )


def test_a_cpu_node_with_the_taints_of_a_pool_is_told_of() -> None:
    shared = taint("dedicated", "ml")
    nodes = [node("gpu", {"pool": "ml"}, [shared], gpus(1)), node("cpu", {}, [shared])]
    adoption = adopted(nodes)
    assert said(adoption)[-1] == (
        True,
        "Node cpu: nothing says that it has a GPU, but it has every taint of pool gpu, and is "
        "taken for a node of it: give the GPU nodes a taint of their own",
    )


def test_a_node_that_looks_like_one_of_another_pool_is_declared() -> None:
    nodes = [
        node("a-1", {"gpu-type": "a"}, [PRESENT], gpus(1)),
        node("a-2", {"gpu-type": "a"}, [PRESENT, taint("x", "1"), taint("y", "1")], gpus(1)),
        node("b-1", {"gpu-type": "b"}, [PRESENT, taint("x", "1"), taint("y", "1")], gpus(1)),
    ]
    adoption = adopted(nodes)
    found = documents(adoption)
    assert members(nodes, found) == {"a": ["a-1", "a-2"], "b": ["b-1"]}
    assert [(each.name, each.pool) for each in found if isinstance(each, GPUNode)] == [("a-2", "a")]
    assert said(adoption)[0] == (
        True,
        "Node a-2: is of pool a by what it shares with its other nodes, but its labels and taints "
        "fit pool b: a GPUNode says so; see that it is right",
    )


def test_devices_that_no_list_knows_are_told_of() -> None:
    nodes = [node("nic", offers={"nvidia.com/hostdev": "4"}), *guide()]
    adoption = adopted(nodes)
    assert said(adoption) == [
        (
            True,
            "Node nic: offers nvidia.com/hostdev, which may be a GPU or not: if it is one, add it "
            "to spec.gpuResources of the GPUPolicy and to spec.resources of the pool",
        )
    ]


def test_gpus_of_other_makers_are_listed_in_the_policy() -> None:
    nodes = [node("mi300", {"amd.com/gpu.product-name": "MI300X"}, [], gpus(8, "amd.com/gpu"))]
    found = documents(adopted([*nodes, node("cpu")]))
    (policy,) = (each for each in found if isinstance(each, GPUPolicy))
    assert policy.gpu_resources[-1] == "amd.com/gpu"
    assert members(nodes, found) == {"mi300x": ["mi300"]}


def test_gpus_that_are_cut_otherwise_are_another_pool() -> None:
    common = {"kubernetes.azure.com/agentpool": "a100"} | discovered("NVIDIA-A100")
    nodes = [
        node("whole", common | {"nvidia.com/mig.config": "all-disabled"}, offers=gpus(8)),
        node(
            "cut",
            common | {"nvidia.com/mig.config": "all-1g.10gb"},
            offers=gpus(56, "nvidia.com/mig-1g.10gb"),
        ),
    ]
    found = documents(adopted(nodes))
    assert members(nodes, found) == {"a100-all-1g-10gb": ["cut"], "a100-all-disabled": ["whole"]}
    pools = [each.resources for each in found if isinstance(each, GPUNodePool)]
    assert pools == [("nvidia.com/mig-1g.10gb",), ("nvidia.com/gpu",)]


@pytest.mark.parametrize(
    ("used", "named", "comment"),
    [
        ({"research": 3}, "research", "Every GPU pod there has the priority research today."),
        (
            {"research": 3, "": 1},
            None,
            "Look at: GPU pods there have different priorities today: none (1), research (3).",
        ),
        ({"": 2}, None, "Without a priorityClassName pods keep their own priority."),
        ({}, None, "Without a priorityClassName pods keep their own priority."),
    ],
    ids=["one", "several", "none", "no pods"],
)
def test_a_class_has_the_priority_that_all_its_pods_have_today(
    used: dict[str, int], named: str | None, comment: str
) -> None:
    adoption = adopted(CLUSTERS["kind"](), priorities={"kind-worker2": used})
    (each,) = (one for one in documents(adoption) if isinstance(one, GPUClass))
    assert each.priority_class_name == named
    (derived,) = (one for one in adoption.documents if one.value["kind"] == "GPUClass")
    assert derived.comment[:2] == ("For the nodes of pool gpu alone.", comment)


def test_beside_documents_that_are_there_only_the_rest_is_derived() -> None:
    given = shipped().documents
    nodes = [*guide(), *gke()]
    for each in nodes:
        each["spec"].get("taints", []).clear()
    adoption = adopted(nodes, documents=given)
    read = [decode.read_object(each.value, "it")[0] for each in adoption.documents]
    assert [(type(each).__name__, each.name) for each in read if each] == [
        ("GPUNodePool", "h100"),
        ("GPUNodePool", "l4-spot"),
        ("GPUClass", "h100"),
        ("GPUClass", "l4-spot"),
    ]


def test_a_cluster_without_gpus_gives_no_document() -> None:
    adoption = adopted([node("cpu", taints=[taint("a")])])
    assert (adoption.documents, adoption.notes, adoption.nodes) == ((), (), 0)


def test_names_are_free_and_dns_labels() -> None:
    nodes = [
        node("a", {"gpu-type": "General"}, offers=gpus(1)),
        node("b", {"gpu-type": "general"}, offers=gpus(1)),
        node("c", {"gpu-type": "x" * 63}, offers=gpus(1)),
    ]
    found = documents(adopted(nodes))
    pools = [each.name for each in found if isinstance(each, GPUNodePool)]
    assert pools == ["general-2", "general-3", "x" * 63]
    assert [each.name for each in found if isinstance(each, GPUClass)][-1] == "general"
