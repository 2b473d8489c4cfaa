"""One cluster that Argo CD fills, for all tests of this folder; skipped where it is not built."""

import os
from collections.abc import Iterator

import pytest

from tests.cluster.binaries import Binaries
from tests.cluster.conftest import binaries
from tests.cluster.gobuild import BinariesUnavailable
from tests.gitops import programs, repository
from tests.gitops.programs import Programs
from tests.gitops.repository import Repository
from tests.gitops.world import World, filled, root

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
    folder = tmp_path_factory.mktemp("argocd")
    with filled(binaries, argocd_programs, folder, git, root(git.url)) as made:
        yield made
