"""What decisions read of nodes, namespaces and claims, as the API server has them."""

import msgspec
import pytest

from tests.core.given import Json
from webhook.core.cluster import (
    Cluster,
    Node,
    Taint,
    read_claim,
    read_claim_template,
    read_device_class,
    read_namespace,
    read_node,
)

TAINT = {"key": "gpu-type", "value": "training", "effect": "NoSchedule", "timeAdded": None}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (
            {"metadata": {"labels": {"a": "b"}, "name": "n"}, "spec": {"taints": [TAINT]}},
            Node(
                labels={"a": "b"},
                taints=(Taint(key="gpu-type", value="training", effect="NoSchedule"),),
            ),
        ),
        ({"metadata": {"labels": None}, "spec": {"taints": None}}, Node()),
        ({}, Node()),
    ],
    ids=["whole", "nulls", "empty"],
)
def test_node_is_its_labels_and_taints(value: Json, expected: Node) -> None:
    assert read_node(value) == expected


def test_node_that_no_api_server_has_is_refused_with_the_place() -> None:
    with pytest.raises(msgspec.ValidationError, match=r"Expected `str`, got `int` - at `\$.spec"):
        read_node({"spec": {"taints": [{"key": 5}]}})


def test_namespace_is_its_annotations() -> None:
    found = read_namespace({"metadata": {"annotations": {"gpu-class": "training"}}})
    cluster = Cluster(namespaces={"team-a": found})
    assert cluster.annotation("team-a", "gpu-class") == "training"
    assert cluster.annotation("team-a", "other") is None
    assert cluster.annotation("team-b", "gpu-class") is None
    assert read_namespace({"metadata": {}}) == {}


def exactly(name: str, **more: object) -> Json:
    return {"name": "r", "exactly": {"deviceClassName": name, **more}}


@pytest.mark.parametrize(
    ("requests", "expected"),
    [
        ([exactly("gpu.nvidia.com")], {"gpu.nvidia.com"}),
        ([exactly("gpu.nvidia.com", adminAccess=True)], set()),
        ([exactly("a"), exactly("b")], {"a", "b"}),
        (
            [{"firstAvailable": [{"deviceClassName": "a"}, {"deviceClassName": "b"}]}],
            {"a", "b"},
        ),
        ([{"name": "r", "deviceClassName": "a"}], {"a"}),
        ([{"name": "r", "deviceClassName": "a", "adminAccess": True}], set()),
        ([{"name": "r"}], set()),
        (None, set()),
    ],
    ids=[
        "exactly",
        "admin-access",
        "two-requests",
        "first-available",
        "v1beta1",
        "v1beta1-admin-access",
        "request-without-class",
        "none",
    ],
)
def test_claim_is_the_device_classes_that_it_takes(requests: object, expected: set[str]) -> None:
    spec = {"devices": {"requests": requests}}
    assert read_claim({"spec": spec}) == expected
    assert read_claim_template({"spec": {"spec": spec}}) == expected


@pytest.mark.parametrize("name", ["example.com/gpu", None])
def test_device_class_may_have_an_extended_resource_name(name: str | None) -> None:
    assert read_device_class({"spec": {"extendedResourceName": name}}) == name
    assert read_device_class({"spec": {}}) is None
