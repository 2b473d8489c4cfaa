"""What asks for a GPU: names against lists, amounts above zero."""

import pytest

from tests.core.given import Json, cpu_pod, pod
from webhook.core.cluster import Cluster
from webhook.core.policy.resources import Asked, GPUResources, Need

RESOURCES = GPUResources(
    ("nvidia.com/gpu", "nvidia.com/gpu.shared", "nvidia.com/mig-*", "example.com/fpga"),
    ("gpu.nvidia.com",),
)


def asking(amounts: Json, part: str = "limits", where: str = "containers") -> Json:
    return cpu_pod(None, **{where: [{"name": "c"}, {"name": "d", "resources": {part: amounts}}]})


def asked(document: Json) -> Asked:
    return RESOURCES.asked(pod(document))


@pytest.mark.parametrize(
    "name",
    [
        "nvidia.com/gpu",
        "nvidia.com/gpu.shared",
        "nvidia.com/mig-1g.10gb.me",
        "nvidia.com/mig-1g.5gb.shared",
        "example.com/fpga",
        "deviceclass.resource.kubernetes.io/gpu.nvidia.com",
    ],
)
@pytest.mark.parametrize("part", ["limits", "requests"])
@pytest.mark.parametrize("where", ["containers", "initContainers"])
def test_listed_name_in_any_container_asks_for_a_gpu(name: str, part: str, where: str) -> None:
    document = asking({"cpu": "1", name: 1}, part, where)
    assert asked(document) == Asked(need=Need.GPU, name=name)
    assert RESOURCES.is_asked(pod(document))


@pytest.mark.parametrize("amount", [1, "1", "1e0", "1k", "500m", 2.0], ids=repr)
def test_any_amount_above_zero_asks(amount: object) -> None:
    assert asked(asking({"nvidia.com/gpu": amount})).need is Need.GPU


@pytest.mark.parametrize("amount", [0, "0", "0m", "-0", None, -1], ids=repr)
def test_amount_of_nothing_asks_for_nothing(amount: object) -> None:
    assert asked(asking({"nvidia.com/gpu": amount})) == Asked(need=Need.NOTHING)


@pytest.mark.parametrize(
    "name",
    ["nvidia.com/TU104GL_Tesla_T4", "amd.com/gpu", "gpu.intel.com/i915", "habana.ai/gaudi"],
)
def test_name_of_a_vendor_that_no_list_has_is_unknown(name: str) -> None:
    assert asked(asking({name: "1"})) == Asked(need=Need.UNKNOWN, name=name)
    assert asked(asking({name: "0"})) == Asked(need=Need.NOTHING)


def test_gpu_outweighs_what_is_unknown() -> None:
    assert asked(asking({"amd.com/gpu": 1, "nvidia.com/gpu": 1})).name == "nvidia.com/gpu"


@pytest.mark.parametrize(
    "name",
    [
        "cpu",
        "memory",
        "gpu",
        "hugepages-2Mi",
        "nvidia.com",
        "example.com/gpu",
        "mynvidia.com/gpu",
        "deviceclass.resource.kubernetes.io/nic.example.com",
    ],
)
def test_other_names_ask_for_nothing(name: str) -> None:
    assert asked(asking({name: "8"})) == Asked(need=Need.NOTHING)


def test_resource_claim_is_unknown() -> None:
    document = cpu_pod(resourceClaims=[{"name": "gpu", "resourceClaimName": "x"}])
    assert asked(document) == Asked(need=Need.UNKNOWN)


@pytest.mark.parametrize(
    "document",
    [
        cpu_pod(containers=None),
        cpu_pod(initContainers=None, resourceClaims=None),
        cpu_pod(containers=[{"name": "c", "resources": None}], resourceClaims=[]),
        cpu_pod(containers=[{"name": "c", "resources": {"limits": None, "requests": None}}]),
        cpu_pod(ephemeralContainers=[{"resources": {"limits": {"nvidia.com/gpu": 1}}}]),
        cpu_pod(resources={"limits": {"nvidia.com/gpu": 1}}),
    ],
    ids=["no-containers", "null-lists", "null-resources", "null-amounts", "ephemeral", "pod-level"],
)
def test_what_can_carry_no_gpu_asks_for_nothing(document: Json) -> None:
    assert asked(document) == Asked(need=Need.NOTHING)


CLUSTER = Cluster(
    claims={
        ("team-a", "gpu"): frozenset({"gpu.nvidia.com"}),
        ("team-a", "nic"): frozenset({"nic.example.com"}),
        ("team-a", "watching"): frozenset(),
    },
    claim_templates={("team-a", "gpu"): frozenset({"nic.example.com", "gpu.nvidia.com"})},
    extended_resources={"example.com/gpu": "gpu.nvidia.com", "example.com/nic": "nic.example.com"},
)
A_GPU = Asked(need=Need.GPU, name="gpu.nvidia.com")


def claiming(*claims: Json) -> Json:
    return cpu_pod(resourceClaims=[{"name": f"c{i}", **each} for i, each in enumerate(claims)])


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ([{"resourceClaimName": "gpu"}], A_GPU),
        ([{"resourceClaimTemplateName": "gpu"}], A_GPU),
        ([{"resourceClaimName": "nic"}, {"resourceClaimName": "gpu"}], A_GPU),
        ([{"resourceClaimName": "late"}, {"resourceClaimName": "gpu"}], A_GPU),
        ([{"resourceClaimName": "nic"}], Asked(need=Need.NOTHING)),
        ([{"resourceClaimName": "watching"}], Asked(need=Need.NOTHING)),
        ([{"resourceClaimName": "late"}], Asked(need=Need.UNKNOWN)),
        ([{"resourceClaimTemplateName": "nic"}], Asked(need=Need.UNKNOWN)),
        ([{}], Asked(need=Need.UNKNOWN)),
    ],
    ids=[
        "claim",
        "template",
        "second-of-two",
        "beside-an-unknown-one",
        "other-device",
        "admin-access",
        "unknown-claim",
        "unknown-template",
        "names-neither",
    ],
)
def test_claim_asks_for_what_its_device_class_is(claims: list[Json], expected: Asked) -> None:
    assert RESOURCES.asked(pod(claiming(*claims)), "team-a", CLUSTER) == expected


def test_claim_of_the_same_name_in_another_namespace_is_another() -> None:
    document = pod(claiming({"resourceClaimName": "gpu"}))
    assert RESOURCES.asked(document, "team-b", CLUSTER).need is Need.UNKNOWN


@pytest.mark.parametrize(
    ("name", "need"), [("example.com/gpu", Need.GPU), ("example.com/nic", Need.NOTHING)]
)
def test_name_that_a_device_class_chose_means_what_the_class_is(name: str, need: Need) -> None:
    document = pod(asking({name: 1}))
    assert RESOURCES.asked(document, "team-a", CLUSTER).need is need
    assert RESOURCES.asked(document).need is Need.NOTHING
    assert RESOURCES.of_device_classes(CLUSTER) == ("example.com/gpu",)
