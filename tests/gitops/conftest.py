"""One cluster that Argo CD fills, for all tests of this folder; skipped where it is not built."""

import os
from collections.abc import Iterator

import pytest

from tests.cluster.binaries import Binaries
from tests.cluster.conftest import binaries
from tests.cluster.controlplane import ControlPlane
from tests.cluster.gobuild import BinariesUnavailable
from tests.cluster.simulation import POOLS, PodRunner, create_pool
from tests.gitops import programs, repository
from tests.gitops.argocd import ArgoCD
from tests.gitops.programs import Programs
from tests.gitops.repository import Repository
from tests.gitops.waiting import eventually
from tests.gitops.world import Synced, World, root

__all__ = ["binaries"]

GITOPS_VARIABLE = "REQUIRE_ARGOCD"


@pytest.fixture(scope="package")
def argocd_programs() -> Programs:
    """Give Argo CD where it is built already; with REQUIRE_ARGOCD=1 (`make gitops`) it must be."""
    try:
        return programs.find()
    except BinariesUnavailable as reason:
        if os.environ.get(GITOPS_VARIABLE) == "1":
            pytest.fail(f"{GITOPS_VARIABLE}=1, but {reason}", pytrace=False)
        pytest.skip(f"no Argo CD: {reason}")


@pytest.fixture(scope="package")
def git(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """Give the repository, with our tree as its first commit."""
    made = repository.shipped(tmp_path_factory.mktemp("git"))
    made.push("As shipped")
    return made


@pytest.fixture(scope="package")
def world(
    binaries: Binaries,
    argocd_programs: Programs,
    git: Repository,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[World]:
    """Give a cluster that the root Application has filled, without anything done by hand."""
    with ControlPlane(binaries) as plane, PodRunner(plane.api):
        for pool in POOLS:
            create_pool(plane.api, pool)
        with ArgoCD(plane, argocd_programs, tmp_path_factory.mktemp("argocd")) as argo:
            plane.kubectl("apply", "--server-side", "--filename", "-", input=root(git.url))
            with Synced(plane) as ours:
                made = World(plane=plane, argo=argo, repository=git, ours=ours)
                eventually(lambda: made.is_well("root"), "everything to be Synced and Healthy")
                yield made
