"""`kubectl edit` of a workload's annotation: its pods roll as they do after `kubectl annotate`."""

import subprocess
from pathlib import Path

import pytest

from tests.cluster.governed.cluster import Namespace
from tests.cluster.governed.manifests import workload

pytestmark = pytest.mark.cluster

OWN = "    gpu-class: "
"""The annotation of the object itself: its template's is indented further."""


class Editor:
    """Edits the Deployment `x` as somebody would by hand."""

    def __init__(self, team: Namespace, folder: Path) -> None:
        self._team = team
        self._program = folder / "editor"

    def __call__(self, script: str, *, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Edit by a script of sed, and save."""
        self._program.write_text(f"#!/bin/sh\nexec sed --in-place '{script}' \"$1\"\n")
        self._program.chmod(0o755)
        return self._team.control_plane.kubectl(
            *("--namespace", self._team.name, "edit", "deployment", "x"),
            editor=self._program,
            check=check,
        )


@pytest.fixture
def edit(team: Namespace, tmp_path: Path) -> Editor:
    """Give an editor in a namespace that has a Deployment without a class."""
    team.create(workload("Deployment", "x"))
    return Editor(team, tmp_path)


def placed(team: Namespace) -> tuple[str, str, str | None]:
    """Give the uid, the pool and the template's class of the Deployment's one pod."""
    pod = team.rolled("x")
    annotations = team.get("deployment", "x")["spec"]["template"]["metadata"].get("annotations", {})
    uid, node = pod["metadata"]["uid"], pod["spec"]["nodeName"]
    return uid, node.rpartition("-")[0], annotations.get("gpu-class")


def test_adding_changing_and_removing_the_annotation_roll_the_pods_each_time(
    team: Namespace, edit: Editor
) -> None:
    first, *rest = placed(team)
    assert rest == ["worker", None]

    edit(f"s/^  annotations:$/&\\n{OWN}production/")
    second, *rest = placed(team)
    assert rest == ["production", "production"]

    edit(f"s/^{OWN}production$/{OWN}development/")
    third, *rest = placed(team)
    assert rest == ["development", "development"]

    edit(f"/^{OWN}/d")
    fourth, *rest = placed(team)
    assert rest == ["worker", None]
    assert len({first, second, third, fourth}) == 4


def test_an_edit_that_changes_nothing_rolls_nothing(team: Namespace, edit: Editor) -> None:
    before = placed(team)
    assert "Edit cancelled, no changes made." in edit("").stderr
    assert placed(team) == before


def test_an_unknown_class_is_refused_and_what_was_typed_is_kept(
    team: Namespace, edit: Editor
) -> None:
    answer = edit(f"s/^  annotations:$/&\\n{OWN}trainin/", check=False)
    assert answer.returncode == 1
    assert 'there is no class "trainin"; did you mean training?' in answer.stderr
    assert "to try this update again" in answer.stderr
    assert placed(team)[1:] == ("worker", None)
