"""Whatever a decision would refuse, change or say about a pod is sent to be decided."""

import json
from collections.abc import Iterator, Mapping

import msgspec
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests.cli.shipped import policy
from tests.cluster.api import ApiError, Json
from tests.cluster.conditions import Gate, gates
from tests.cluster.controlplane import ControlPlane
from webhook.core.cluster import Cluster, Node
from webhook.core.decide import decide
from webhook.core.decision import Decision
from webhook.core.review import GroupVersionKind, Request, UserInfo
from webhook.core.subject.case import Stage

pytestmark = pytest.mark.cluster

MUTATE, VALIDATE, WARN = "Mutating/pods", "Validating/pods", "Validating/warnings"
INVALID = 422

keys = st.sampled_from(
    [
        "nvidia.com/gpu",
        "gpu-type",
        "node-role",
        "nvidia.com/gpu.present",
        "nvidia.com/gpu.product",
        "beta.amd.com/gpu.family",
        "disk",
    ]
)
values = st.sampled_from(
    ["present", "true", "training", "production", "gpu-worker", "cpu", "ssd", "1"]
)
nodes = st.sampled_from(["gpu-train-1", "gpu-worker-a", "cpu-1", "gpu"])
names = st.sampled_from(
    [
        "nvidia.com/gpu",
        "nvidia.com/gpu.shared",
        "nvidia.com/mig-1g.5gb",
        "nvidia.com/TU104GL",
        "amd.com/gpu",
        "deviceclass.resource.kubernetes.io/mig.nvidia.com",
        "example.com/fpga",
    ]
)
amounts = st.sampled_from([0, 1, "0", "2", "1k", "1e0"])
variables = st.fixed_dictionaries(
    {"name": st.sampled_from(["NVIDIA_VISIBLE_DEVICES", "OTHER"])},
    optional={"value": st.sampled_from(["", "none", "void", "all", "0"])},
)
containers = st.fixed_dictionaries(
    {"image": st.just("app:1")},
    optional={
        "resources": st.fixed_dictionaries({"limits": st.dictionaries(names, amounts)}),
        "env": st.lists(variables, max_size=2),
    },
)
tolerations = st.fixed_dictionaries(
    {},
    optional={
        "key": keys,
        "operator": st.sampled_from(["Exists", "Equal", "Gt", "Lt"]),
        "value": values,
        "effect": st.sampled_from(["NoSchedule", "NoExecute", "PreferNoSchedule"]),
    },
)
requirements = st.one_of(
    st.fixed_dictionaries(
        {
            "key": keys,
            "operator": st.sampled_from(["In", "NotIn"]),
            "values": st.lists(values, min_size=1, max_size=2),
        }
    ),
    st.fixed_dictionaries({"key": keys, "operator": st.sampled_from(["Exists", "DoesNotExist"])}),
    st.fixed_dictionaries(
        {"key": keys, "operator": st.sampled_from(["Gt", "Lt"]), "values": st.just(["1"])}
    ),
)
fields = st.fixed_dictionaries(
    {
        "key": st.just("metadata.name"),
        "operator": st.sampled_from(["In", "NotIn"]),
        "values": nodes.map(lambda name: [name]),
    }
)
terms = st.fixed_dictionaries(
    {},
    optional={
        "matchExpressions": st.lists(requirements, max_size=2),
        "matchFields": st.lists(fields, max_size=1),
    },
)
node_affinities = st.fixed_dictionaries(
    {},
    optional={
        "requiredDuringSchedulingIgnoredDuringExecution": st.fixed_dictionaries(
            {"nodeSelectorTerms": st.lists(terms, min_size=1, max_size=2)}
        ),
        "preferredDuringSchedulingIgnoredDuringExecution": st.lists(
            st.fixed_dictionaries({"weight": st.just(1), "preference": terms}), max_size=1
        ),
    },
)


def _named(items: list[Json], prefix: str) -> list[Json]:
    return [{**each, "name": f"{prefix}{index}"} for index, each in enumerate(items)]


specs = st.fixed_dictionaries(
    {
        "containers": st.lists(containers, min_size=1, max_size=2).map(
            lambda items: _named(items, "c")
        )
    },
    optional={
        "initContainers": st.lists(containers, max_size=1).map(lambda items: _named(items, "i")),
        "tolerations": st.lists(tolerations, max_size=2),
        "nodeSelector": st.dictionaries(keys, values, max_size=2),
        "nodeName": nodes,
        "affinity": st.fixed_dictionaries({}, optional={"nodeAffinity": node_affinities}),
        "priorityClassName": st.just("system-cluster-critical"),
        "resourceClaims": st.just([{"name": "a", "resourceClaimName": "b"}]),
    },
)
annotations = st.dictionaries(
    st.sampled_from(["gpu-class", "gpuclass.io/member", "other"]),
    st.sampled_from(["", "training", "trainng"]),
)
pods = st.builds(
    lambda spec, notes: {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"generateName": "p-", "annotations": notes},
        "spec": spec,
    },
    specs,
    annotations,
)


@pytest.fixture(scope="module")
def gate(control_plane: ControlPlane) -> Iterator[Mapping[str, Gate]]:
    with gates(control_plane, policy()) as found:
        yield found


def defaulted(control_plane: ControlPlane, manifest: Json) -> Json | None:
    """Give a pod as webhooks would see it, None where the API takes no such pod."""
    path = "/api/v1/namespaces/default/pods?dryRun=All"
    try:
        return control_plane.api.request("POST", path, manifest)
    except ApiError as error:
        if error.status != INVALID:
            raise
        return None


KNOWN = Cluster(
    nodes={
        "m1": Node(
            labels={
                "nvidia.com/gpu.present": "true",
                "gpu-type": "training",
                "nvidia.com/gpu.product": "ssd",
                "beta.amd.com/gpu.family": "1",
            }
        )
    }
)


def decided(pod: Json, stage: Stage) -> Decision:
    request = Request(
        uid="1",
        kind=GroupVersionKind(version="v1", kind="Pod"),
        namespace="default",
        operation="CREATE",
        user_info=UserInfo(username="admin", groups=("system:masters",)),
        object=msgspec.Raw(json.dumps(pod).encode()),
    )
    return decide(request, policy().knowing(KNOWN), stage)


@settings(
    max_examples=250,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(manifest=pods)
def test_what_a_decision_does_not_leave_alone_is_sent(
    control_plane: ControlPlane, gate: Mapping[str, Gate], manifest: Json
) -> None:
    pod = defaulted(control_plane, manifest)
    assume(pod is not None)
    assert pod is not None
    mutated, validated = decided(pod, Stage.MUTATE), decided(pod, Stage.VALIDATE)
    if mutated.patch:
        assert gate[MUTATE].sends_pod(manifest), mutated
    if mutated.violations or validated.violations:
        assert gate[VALIDATE].sends_pod(manifest), validated
    if mutated.warnings or validated.warnings:
        assert any(gate[name].sends_pod(manifest) for name in (MUTATE, VALIDATE, WARN)), validated
