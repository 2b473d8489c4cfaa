"""Rule `offer`: a GPU pod asks for what the pools of its class offer."""

import pytest

from tests.core.given import (
    Json,
    gpu_class,
    gpu_pod,
    mutate,
    policy,
    pool,
    refusals,
    validate,
)
from webhook.core.policy.policy import Policy

GPU, MIG, SHARED = "nvidia.com/gpu", "nvidia.com/mig-1g.5gb", "nvidia.com/gpu.shared"
PATH = 'spec.containers[0].resources.limits["{}"]'
MESSAGE = (
    "no node of class {} offers it (pools {}), so the pod waits for ever; ask for what they offer{}"
)


def asking(name: str, gpu_class: str) -> Json:
    """Give a pod that asks for one of a resource, and for enough besides."""
    limits = {"cpu": "1", "memory": "1Gi", name: "1"}
    containers = [{"name": "c", "resources": {"limits": limits}}]
    return gpu_pod(gpu_class, containers=containers, priority=0)


def tainted(name: str, resources: str) -> str:
    """Give a pool with a taint of its own."""
    more = f"resources: [{resources}]" if resources else ""
    taint = f"{{key: kind, value: {name}, effect: NoSchedule}}"
    return pool(name, f"gpu: x, kind: {name}", taint, more)


def world(*, c: str = GPU, **resources: str) -> Policy:
    """Give pools a, b and c, a class of each, and one that only rather has a than b."""
    pools = {"a": GPU, "b": GPU, **resources, "c": c}
    return policy(
        "".join(tainted(name, offered) for name, offered in pools.items())
        + "".join(gpu_class(name, f"{{name: {name}}}") for name in pools)
        + gpu_class("rather", "{name: a, weight: 9}, {name: b, weight: 1}", "placement: Preferred"),
        "defaultClass: a",
    )


def advice(document: Json, by: Policy) -> list[str]:
    decision = mutate(document, by)
    assert decision.allowed
    assert decision.warnings == validate(document, by).warnings
    return list(decision.warnings)


@pytest.mark.parametrize(
    ("name", "named", "by"),
    [
        (GPU, "a", world()),
        (MIG, "a", world(a='"nvidia.com/mig-*"')),
        (MIG, "a", world(a="")),
        (MIG, "rather", world(b=MIG)),
        (MIG, "rather", world(b="")),
        ("amd.com/gpu", "a", world()),
    ],
    ids=["offered", "by-a-glob", "a-pool-that-does-not-say", "by-one", "one-does-not-say", "else"],
)
def test_what_may_be_offered_is_not_spoken_of(name: str, named: str, by: Policy) -> None:
    assert [each for each in advice(asking(name, named), by) if "offers" in each] == []


@pytest.mark.parametrize(
    ("name", "named", "by", "expected"),
    [
        (MIG, "a", world(), MESSAGE.format("a", "a: nvidia.com/gpu", "")),
        (
            SHARED,
            "a",
            world(b=SHARED, c='"nvidia.com/*"'),
            MESSAGE.format("a", "a: nvidia.com/gpu", ", or name a class that has it: b, c, rather"),
        ),
        (
            MIG,
            "rather",
            world(b=f"{GPU}, {SHARED}", c=MIG),
            MESSAGE.format(
                "rather",
                f"a: nvidia.com/gpu; b: {GPU}, {SHARED}",
                ", or name a class that has it: c",
            ),
        ),
    ],
    ids=["nowhere", "elsewhere", "of-several"],
)
def test_what_no_pool_of_the_class_offers_is_told(
    name: str, named: str, by: Policy, expected: str
) -> None:
    assert advice(asking(name, named), by) == [f"{PATH.format(name)}: {expected}"]


def test_pools_that_a_preferred_class_reaches_besides_count_too() -> None:
    tolerations = [{"key": "kind", "operator": "Equal", "value": "c", "effect": "NoSchedule"}]
    free = asking(MIG, "rather")
    free["spec"]["tolerations"] = tolerations
    assert advice(free, world(c=MIG)) == []
    assert advice(free, world(c="")) == []
    assert len(advice(free, world())) == 1
    free["spec"]["nodeSelector"] = {"kind": "a"}
    assert len(advice(free, world(c=MIG))) == 1


def test_requests_and_init_containers_are_looked_at_too() -> None:
    enough = {"cpu": "1", "memory": "1Gi"}
    document = asking(GPU, "a")
    document["spec"]["initContainers"] = [
        {"name": "i", "resources": {"requests": {**enough, MIG: 1}, "limits": {MIG: 1}}},
        {"name": "j", "resources": {"requests": {**enough, MIG: 1}}},
        {"name": "k", "resources": {"requests": {**enough, MIG: "0"}}},
    ]
    places = [each.partition(": ")[0] for each in advice(document, world())]
    assert places == [
        f'spec.initContainers[0].resources.limits["{MIG}"]',
        f'spec.initContainers[1].resources.requests["{MIG}"]',
    ]


def test_policy_may_refuse_it() -> None:
    by = policy(cluster="defaultClass: general, rules: {offer: Enforce}")
    message = MESSAGE.format("general", "worker: nvidia.com/gpu", "")
    decision = mutate(asking(MIG, "general"), by)
    assert refusals(decision) == [("offer", PATH.format(MIG), message)]
