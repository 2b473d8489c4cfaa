"""A repository that `gpuclass init` wrote, brought up by a real Argo CD from its own root.yaml.

A second cluster for the same proof in another layout: `make test-slow`.
"""

from collections.abc import Iterator

import pytest

from tests.cluster.binaries import Binaries
from tests.gitops import repository
from tests.gitops.programs import Programs
from tests.gitops.test_applications import FIRST, LAST, SECOND
from tests.gitops.waiting import eventually
from tests.gitops.world import World, filled
from webhook.cli import tree
from webhook.core.names import CLASS_LABEL

pytestmark = [pytest.mark.cluster, pytest.mark.slow]


@pytest.fixture(scope="module")
def written(
    binaries: Binaries, argocd_programs: Programs, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    """Give a cluster that the tree's own root Application has filled, as init says."""
    git = repository.written(tmp_path_factory.mktemp("written"))
    git.push("As written")
    root = (git.tree / tree.ROOT).read_text(encoding="utf-8")
    folder = tmp_path_factory.mktemp("argocd")
    with filled(binaries, argocd_programs, folder, git, root) as made:
        yield made


def test_everything_comes_up_from_its_root(written: World) -> None:
    assert sorted(written.argo.names()) == sorted(["root", *FIRST, *SECOND, *LAST])
    for name in (*FIRST, *SECOND):
        eventually(lambda name=name: written.is_well(name), f"{name} to be well")  # type: ignore[misc]
    made = written.pod("training")
    assert made["metadata"]["labels"][CLASS_LABEL] == "training"


def test_a_commit_to_its_policies_is_in_force(written: World) -> None:
    def edit(text: str) -> str:
        return text.replace("gpu-batch-priority", "gpu-high-priority")

    written.repository.edit("policies/classes/training.yaml", edit)
    written.push("Another priority", "gpu-policies")
    eventually(
        lambda: written.pod("training")["spec"]["priorityClassName"] == "gpu-high-priority",
        "the priority of the commit",
    )
