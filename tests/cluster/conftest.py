"""Fixtures for tests on the real control plane, which is started for the first test that asks.

Where it can not be had, tests are skipped and the summary's last line says that nothing was proved;
with REQUIRE_CONTROL_PLANE=1 (as in CI) they fail.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from tests.cluster import library
from tests.cluster.binaries import Binaries, find, find_kubeadm
from tests.cluster.controlplane import ControlPlane
from tests.cluster.gobuild import BinariesUnavailable, Progress
from tests.cluster.library import Library
from tests.cluster.namespaces import fresh_namespace
from tests.cluster.simulation import POOLS, PodRunner, create_pool
from tests.conftest import UNPROVED

REQUIRED_VARIABLE = "REQUIRE_CONTROL_PLANE"

T = TypeVar("T")


@pytest.fixture(scope="session")
def binaries(request: pytest.FixtureRequest) -> Binaries:
    """Give the programs of the control plane, built on the first use on a machine."""
    return _found(request, find)


@pytest.fixture(scope="session")
def kubeadm(request: pytest.FixtureRequest) -> Path:
    """Give kubeadm of the same release, built on the first use on a machine."""
    return _found(request, find_kubeadm)


@pytest.fixture(scope="session")
def scheduler_library(request: pytest.FixtureRequest) -> Iterator[Library]:
    """Give the scheduler's own library, asked by a program that is built as they are."""
    with library.running(_found(request, library.find)) as running:
        yield running


def _found(request: pytest.FixtureRequest, look: Callable[[Progress], T]) -> T:
    """Find programs or build them; where they can not be had, skip, or fail if they must be.

    A worker has no terminal to say on how far the build is: `make test` builds before it has any.
    """
    reporter = request.config.pluginmanager.get_plugin("terminalreporter")
    try:
        return look(reporter.write_line if reporter else lambda _: None)
    except BinariesUnavailable as reason:
        if os.environ.get(REQUIRED_VARIABLE) == "1":
            pytest.fail(f"{REQUIRED_VARIABLE}=1, but {reason}", pytrace=False)
        pytest.skip(f"{UNPROVED}{reason}")


@pytest.fixture(scope="session")
def control_plane(binaries: Binaries) -> Iterator[ControlPlane]:
    """Give the control plane of the session."""
    with ControlPlane(binaries) as running:
        yield running


@pytest.fixture(scope="session")
def nodes(control_plane: ControlPlane) -> tuple[str, ...]:
    """Give the names of simulated nodes, one of each pool."""
    return tuple(name for pool in POOLS for name in create_pool(control_plane.api, pool))


@pytest.fixture(scope="session")
def pod_runner(control_plane: ControlPlane, nodes: tuple[str, ...]) -> Iterator[PodRunner]:  # noqa: ARG001 - pods need nodes
    """Give the kubelets' stand-in, so that pods become Ready and go when deleted."""
    with PodRunner(control_plane.api) as runner:
        yield runner


@pytest.fixture
def namespace(control_plane: ControlPlane) -> Iterator[str]:
    """Give a fresh namespace in which pods can be created; it goes on its own afterwards."""
    with fresh_namespace(control_plane.api, "test") as name:
        yield name
