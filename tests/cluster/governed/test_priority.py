"""The priority of a class, against the real Priority admission plug-in."""

from collections.abc import Iterator

import pytest

from tests.cluster import audit
from tests.cluster.api import Json
from tests.cluster.governed.cluster import Namespace
from tests.cluster.governed.manifests import pod

pytestmark = pytest.mark.cluster

CLASSES = "/apis/scheduling.k8s.io/v1/priorityclasses"


def priority(found: Json) -> tuple[str | None, int, str]:
    spec = found["spec"]
    return spec.get("priorityClassName"), spec["priority"], spec["preemptionPolicy"]


def priority_class(name: str, value: int, **more: object) -> Json:
    return {
        "apiVersion": "scheduling.k8s.io/v1",
        "kind": "PriorityClass",
        "metadata": {"name": name},
        "value": value,
        **more,
    }


@pytest.fixture
def global_default(team: Namespace) -> Iterator[None]:
    """Have a global default class in the cluster for one test."""
    api = team.control_plane.api
    api.request("POST", CLASSES, priority_class("standard", 10, globalDefault=True))
    yield
    api.request("DELETE", f"{CLASSES}/standard")


def test_the_class_s_priority_wins_over_the_author_s_with_a_warning(team: Namespace) -> None:
    warnings = team.warnings(pod("x", "training", priorityClassName="own"))
    assert (
        "spec.priorityClassName: own is replaced by gpu-batch-priority "
        "(class training does not list it in allowedPriorityClassNames)"
    ) in warnings
    assert priority(team.bound("x")) == ("gpu-batch-priority", 50, "Never")


def test_a_class_without_priority_leaves_the_author_s(team: Namespace) -> None:
    assert team.warnings(pod("x", "development", priorityClassName="own")) == []
    assert priority(team.bound("x")) == ("own", 77, "PreemptLowerPriority")


def test_an_author_who_names_the_class_s_priority_gets_it(team: Namespace) -> None:
    assert team.warnings(pod("x", "training", priorityClassName="gpu-batch-priority")) == []
    assert priority(team.bound("x")) == ("gpu-batch-priority", 50, "Never")


@pytest.mark.parametrize("name", ["system-node-critical", "system-cluster-critical"])
def test_the_cluster_s_own_priority_is_refused_to_tenants(team: Namespace, name: str) -> None:
    message = team.refused(pod("x", "production", priorityClassName=name))
    assert (
        f"spec.priorityClassName: {name} is for the cluster's own components; leave it out; "
        "class production sets gpu-high-priority"
    ) in message


@pytest.mark.usefixtures("global_default")
def test_a_global_default_counts_as_not_chosen_where_it_is_unknown_too(team: Namespace) -> None:
    team.create(pod("x", "training"))
    assert priority(team.bound("x")) == ("gpu-batch-priority", 50, "Never")
    team.create(pod("y", "development"))
    assert priority(team.bound("y")) == ("standard", 10, "PreemptLowerPriority")


def test_a_pod_that_names_a_missing_priority_class_hears_it_from_the_api_server(
    team: Namespace,
) -> None:
    message = team.refused(pod("x", "training", priorityClassName="nowhere"))
    assert "no PriorityClass with name nowhere was found" in message


def test_creating_a_gpu_pod_calls_the_mutating_webhook_once(team: Namespace) -> None:
    team.create(pod("x", "training"))
    (event,) = audit.of(team.control_plane.audit_events(), "pods", team.name, "create")
    calls = audit.mutations(event)
    assert [(each.configuration, each.webhook, each.round) for each in calls] == [
        ("gpuclass", "pods.gpuclass.io", 0)
    ]
    assert calls[0].mutated
