"""Conditions have a cost limit, and beyond it an error refuses the pod: large pods stay within."""

import copy
from collections.abc import Iterator, Mapping

import pytest

from tests.cli.shipped import policy
from tests.cluster.api import Json
from tests.cluster.conditions import Gate, gates
from tests.cluster.controlplane import ControlPlane
from tests.cluster.test_pod_conditions import MUTATE, VALIDATE, WARN, pod
from tests.core import many
from webhook.core.policy.policy import compile_policy

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def gate(control_plane: ControlPlane) -> Iterator[Mapping[str, Gate]]:
    with gates(control_plane, policy()) as found:
        yield found


@pytest.fixture(scope="module")
def gate_of_many(control_plane: ControlPlane) -> Iterator[Mapping[str, Gate]]:
    """Register for a policy of 1,000 classes and pools."""
    with gates(control_plane, compile_policy(many.documents(1000))) as found:
        yield found


def requiring(terms: int, expressions: int, values: int, key: str = "node-role") -> Json:
    expression: Json = {
        "key": key,
        "operator": "In",
        "values": [f"role-{number}" for number in range(values)],
    }
    term: Json = {"matchExpressions": [expression] * expressions}
    required: Json = {"nodeSelectorTerms": [term] * terms}
    return pod(
        affinity={"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}}
    )


def of_containers(count: int, resources: int) -> Json:
    limits = {f"example.com/device-{number}": 1 for number in range(resources)}
    return pod(
        containers=[
            {"name": f"c{number}", "image": "app:1", "resources": {"limits": limits}}
            for number in range(count)
        ]
    )


def of_variables(count: int, variables: int) -> Json:
    env = [{"name": f"NVIDIA_VISIBLE_{number}", "value": "all"} for number in range(variables)]
    return pod(
        containers=[{"name": f"c{number}", "image": "app:1", "env": env} for number in range(count)]
    )


@pytest.mark.parametrize(
    "manifest",
    [
        pytest.param(
            pod(tolerations=[{"key": "a", "operator": "Exists"}] * 20_000), id="20,000 tolerations"
        ),
        pytest.param(of_containers(400, 40), id="400 containers of 40 resources"),
        pytest.param(of_variables(100, 200), id="20,000 environment variables"),
        pytest.param(
            pod(nodeSelector={f"key-{number}": "value" for number in range(5_000)}),
            id="a nodeSelector of 5,000 labels",
        ),
        pytest.param(requiring(100, 10, 10), id="10,000 values in required terms"),
    ],
)
@pytest.mark.parametrize("name", [MUTATE, VALIDATE, WARN])
def test_a_large_pod_that_is_nobodys_business_passes(
    gate: Mapping[str, Gate], name: str, manifest: Json
) -> None:
    assert not gate[name].sends_pod(manifest)


@pytest.mark.parametrize(
    "more",
    [
        pytest.param(pod(), id="itself"),
        pytest.param(
            pod(tolerations=[{"key": "a", "operator": "Exists"}] * 20_000), id="20,000 tolerations"
        ),
        pytest.param(of_containers(60, 40), id="60 containers of 40 resources"),
        pytest.param(of_containers(400, 40), id="400 containers of 40 resources"),
        pytest.param(requiring(16, 10, 60), id="as many terms as are looked through"),
        pytest.param(requiring(100, 10, 10), id="10,000 values in required terms"),
    ],
)
def test_a_large_pod_of_a_class_is_judged(gate: Mapping[str, Gate], more: Json) -> None:
    manifest = copy.deepcopy(more)
    manifest["metadata"]["annotations"] = {"gpu-class": "training"}
    asking = {"name": "gpu", "image": "app:1", "resources": {"limits": {"nvidia.com/gpu": 1}}}
    manifest["spec"]["containers"].append(asking)
    assert gate[VALIDATE].sends_pod(manifest)


@pytest.mark.parametrize("name", [MUTATE, VALIDATE, WARN])
def test_beside_a_thousand_pools_a_large_pod_passes_and_one_that_selects_a_pool_is_judged(
    gate_of_many: Mapping[str, Gate], name: str
) -> None:
    gate = gate_of_many[name]
    assert not gate.sends_pod(requiring(100, 10, 10))
    assert not gate.sends_pod(requiring(100, 10, 10, key="gpu-type"))
    selecting = pod(nodeSelector={"gpu-type": many.name(999)})
    assert gate.sends_pod(selecting) is (name == VALIDATE)
