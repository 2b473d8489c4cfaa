"""Fixtures for tests on a control plane that gpuclass governs, by the registration it renders."""

import json
from collections.abc import Iterator, Mapping

import pytest

from tests.cluster.binaries import Binaries
from tests.cluster.controlplane import ControlPlane
from tests.cluster.governed.cluster import GPU_POOLS, Namespace, create_in_zone
from tests.cluster.namespaces import fresh_namespace
from tests.cluster.simulation import PodRunner
from tests.cluster.webhook import Webhook

ZONES: Mapping[str, str] = {
    **dict.fromkeys(GPU_POOLS, "ab"),
    "cpu-a": "a",
    "cpu-b": "b",
    "cpu-c": "c",
}
"""Nodes by pool, a letter each: GPUs in zones a and b, CPUs in zone c too."""

AUTHORS_OWN = {
    "apiVersion": "scheduling.k8s.io/v1",
    "kind": "PriorityClass",
    "metadata": {"name": "own"},
    "value": 77,
}


@pytest.fixture(scope="session")
def governed(binaries: Binaries) -> Iterator[ControlPlane]:
    """Give a control plane of its own, with nodes, kubelets' stand-in and a priority class."""
    with ControlPlane(binaries) as running, PodRunner(running.api):
        running.kubectl("apply", "--filename", "-", input=json.dumps(AUTHORS_OWN))
        yield running


@pytest.fixture(scope="session")
def webhook(governed: ControlPlane) -> Iterator[Webhook]:
    """Give gpuclass in front of it."""
    with Webhook(governed) as running:
        yield running


@pytest.fixture(scope="session")
def nodes_of_cluster(governed: ControlPlane) -> tuple[str, ...]:
    """Give the names of all nodes."""
    names = []
    for pool, zones in ZONES.items():
        for number, zone in enumerate(zones, start=1):
            names.append(f"{pool}-{number}")
            create_in_zone(governed.api, pool, names[-1], zone)
    return tuple(names)


@pytest.fixture
def team(
    governed: ControlPlane,
    webhook: Webhook,  # noqa: ARG001 # teams work in a governed cluster
    nodes_of_cluster: tuple[str, ...],  # noqa: ARG001 # that has nodes
) -> Iterator[Namespace]:
    """Give a fresh namespace of somebody who works there."""
    with fresh_namespace(governed.api, "team") as name:
        yield Namespace(control_plane=governed, name=name)
