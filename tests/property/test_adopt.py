"""Whatever nodes a cluster has: derived pools take each GPU node once, or it is said."""

from collections.abc import Sequence
from typing import Any, TypeAlias

from hypothesis import given
from hypothesis import strategies as st

from webhook.core.adopt.adoption import Given, adopt
from webhook.core.node_filter import Candidate, read_candidate
from webhook.core.policy import decode
from webhook.core.policy.check import check
from webhook.core.policy.documents import Document, GPUNodePool
from webhook.core.policy.membership import membership_of

Json: TypeAlias = dict[str, Any]

LABELS: dict[str, tuple[str, ...]] = {
    "gpu-type": ("a", "b", "General"),
    "node-role": ("gpu-a", "cpu"),
    "cloud.google.com/gke-nodepool": ("one", "two"),
    "karpenter.sh/nodepool": ("one",),
    "nvidia.com/gpu.present": ("true", "false"),
    "nvidia.com/gpu.product": ("L4", "H100"),
    "karpenter.k8s.aws/instance-gpu-name": ("l4", "h100"),
    "nvidia.com/mig.config": ("all-1g.10gb",),
    "nvidia.com/gfd.timestamp": ("1", "2"),
    "team": ("a", "b"),
    "topology.kubernetes.io/zone": ("z1", "z2"),
}
TAINTS = tuple(
    {"key": key, "value": value, "effect": effect}
    for effect in ("NoSchedule", "NoExecute", "PreferNoSchedule")
    for key, value in (
        ("nvidia.com/gpu", "present"),
        ("nvidia.com/gpu", "true"),
        ("gpu-type", "a"),
        ("team", "a"),
        ("team", "b"),
        ("kubernetes.azure.com/scalesetpriority", "spot"),
        ("node.kubernetes.io/not-ready", ""),
    )
)
OFFERS: tuple[Json, ...] = (
    {},
    {"nvidia.com/gpu": "1"},
    {"nvidia.com/mig-1g.10gb": "7"},
    {"nvidia.com/nic": "1"},
)

labels = st.fixed_dictionaries(
    {}, optional={key: st.sampled_from(values) for key, values in LABELS.items()}
)
taints = st.lists(
    st.sampled_from(TAINTS), max_size=3, unique_by=lambda each: (each["key"], each["effect"])
)


@st.composite
def clusters(draw: st.DrawFn) -> list[Json]:
    """Give up to eight nodes, of few kinds, so that many are alike."""
    kinds = draw(
        st.lists(st.tuples(labels, taints, st.sampled_from(OFFERS)), min_size=1, max_size=4)
    )
    picked = draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=8))
    return [
        {
            "metadata": {"name": f"node-{number}", "labels": marks},
            "spec": {"taints": keeping},
            "status": {"allocatable": offers},
        }
        for number, (marks, keeping, offers) in enumerate(picked)
    ]


@given(clusters(), st.booleans())
def test_each_gpu_node_is_of_one_pool_or_told_of(nodes: list[Json], is_each: bool) -> None:
    candidates = [read_candidate(each) for each in nodes]
    asked = Given(nodes=candidates, is_each_declared=is_each)
    adoption = adopt(asked)
    found = sound([each.value for each in adoption.documents])
    told = {each.subject for each in adoption.notes if each.is_open}
    for node in candidates:
        pools = of(node, found)
        is_right = len(pools) == 1 if asked.sign(node) else not pools
        assert is_right or f"Node {node.name}" in told


@given(clusters())
def test_order_of_nodes_does_not_matter(nodes: list[Json]) -> None:
    candidates = [read_candidate(each) for each in nodes]
    one, other = adopt(Given(nodes=candidates)), adopt(Given(nodes=candidates[::-1]))
    assert one == other


@given(clusters())
def test_adopted_once_there_is_nothing_left_to_adopt(nodes: list[Json]) -> None:
    candidates = [read_candidate(each) for each in nodes]
    adoption = adopt(Given(nodes=candidates))
    found = sound([each.value for each in adoption.documents])
    again = adopt(Given(nodes=candidates, documents=found))
    told = {each.subject for each in adoption.notes if each.is_open}
    left = [each for each in candidates if asked_again(each, found)]
    assert again.nodes == len(left)
    assert {f"Node {each.name}" for each in left} <= told


def asked_again(node: Candidate, found: Sequence[Document]) -> bool:
    return bool(Given(nodes=[node]).sign(node)) and not of(node, found)


def sound(values: Sequence[Json]) -> tuple[Document, ...]:
    """Read documents, which must be without a fault each and together."""
    read = [decode.read_object(each, each["metadata"]["name"]) for each in values]
    assert [fault for _, faults in read for fault in faults] == []
    found = tuple(each for each, _ in read if each is not None)
    assert not found or [each for each in check(found) if each.severity == "error"] == []
    return found


def of(node: Candidate, found: Sequence[Document]) -> tuple[GPUNodePool, ...]:
    return membership_of(found).of(node.name, node.marks)
