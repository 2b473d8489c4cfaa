"""Rule `requests`: a container that holds a GPU requests cpu and memory too."""

import pytest

from tests.core.given import Json, cpu_pod, gpu_pod, mutate, policy, refusals, request, validate
from webhook.core.cluster import Cluster

PATH = "spec.containers[0].resources.requests"
BOTH = (
    "no cpu and no memory beside the GPU, so the scheduler counts none and the pod is evicted "
    "first; request both (a limit counts)"
)
MEMORY = BOTH.replace("no cpu and no", "no").replace("request both", "request it")
CPU = MEMORY.replace("no memory", "no cpu")
GPU = {"nvidia.com/gpu": "1"}
ENOUGH = {"cpu": "1", "memory": "1Gi"}
CLAIMED = Cluster(claims={("team-a", "c"): frozenset({"gpu.nvidia.com"})})


def container(name: str = "c", limits: Json | None = None, requests: Json | None = None) -> Json:
    resources = {"limits": {**GPU, **(limits or {})}, "requests": requests}
    return {"name": name, "resources": resources}


def advice(document: Json) -> list[str]:
    decision = mutate(document)
    assert decision.allowed
    assert decision.warnings == validate({**document}).warnings
    return list(decision.warnings)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (container(), [BOTH]),
        (container(requests={"cpu": "0", "memory": 0}), [BOTH]),
        (container(limits={"cpu": "1"}), [MEMORY]),
        (container(requests={"memory": "1Gi"}), [CPU]),
        (container(limits={"memory": "1Gi"}, requests={"cpu": "500m"}), []),
        (container(limits=ENOUGH), []),
        (container(limits=ENOUGH, requests={"cpu": "0"}), [CPU]),
        (container(requests=ENOUGH), []),
        (container(requests={**ENOUGH, "memory": None}), [MEMORY]),
    ],
    ids=[
        "nothing",
        "zero",
        "cpu-limit",
        "memory-request",
        "one-of-each",
        "limits",
        "request-of-zero-below-a-limit",
        "requests",
        "null",
    ],
)
def test_gpu_pod_is_told_what_it_requests_none_of(given: Json, expected: list[str]) -> None:
    found = advice(gpu_pod("development", priority=0, containers=[given]))
    assert found == [f"{PATH}: {each}" for each in expected]


def test_containers_that_ask_for_a_gpu_are_meant_and_no_others() -> None:
    document = gpu_pod("development", priority=0)
    document["spec"]["containers"] = [{"name": "sidecar"}, container()]
    document["spec"]["initContainers"] = [container()]
    assert advice(document) == [
        f"spec.containers[1].resources.requests: {BOTH}",
        f"spec.initContainers[0].resources.requests: {BOTH}",
    ]


def test_requests_of_the_whole_pod_are_of_its_containers() -> None:
    def sent(resources: Json) -> Json:
        return gpu_pod("development", priority=0, containers=[container()], resources=resources)

    assert advice(sent({"requests": ENOUGH})) == []
    assert advice(sent({"limits": {"cpu": "4"}})) == [f"{PATH}: {MEMORY}"]


def test_each_container_of_a_pod_with_a_claim_is_meant() -> None:
    claims = [{"name": "gpu", "resourceClaimName": "c"}]
    decision = mutate(
        cpu_pod(resourceClaims=claims, containers=[{"name": "a"}, container("b", ENOUGH)][:1]),
        policy().knowing(CLAIMED),
    )
    assert decision.warnings == (f"{PATH}: {BOTH}",)


def test_pod_without_gpus_is_told_nothing() -> None:
    assert mutate(cpu_pod()).warnings == ()


def test_enforced_it_refuses_together_with_all_else() -> None:
    by = policy(cluster="defaultClass: general, rules: {requests: Enforce}")
    asked = gpu_pod("development", containers=[container()], nodeName="gpu-dev-1")
    assert [rule for rule, _, _ in refusals(mutate(asked, by))] == ["node-name", "requests"]
    asked = gpu_pod("nothing", containers=[container()])
    assert [rule for rule, _, _ in refusals(mutate(asked, by))] == ["class", "requests"]
    assert refusals(mutate(gpu_pod("development", containers=[container()]), by)) == [
        ("requests", PATH, BOTH)
    ]


def test_author_of_a_workload_is_told_at_its_template() -> None:
    template = {"spec": {"containers": [container()]}}
    document = {
        "metadata": {"name": "d", "namespace": "team-a"},
        "spec": {"template": template, "selector": {}},
    }
    decision = validate(request(document, kind="Deployment"))
    assert decision.warnings == (f"spec.template.{PATH}: {BOTH}",)
