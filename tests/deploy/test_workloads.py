"""deploy/workloads by `gpuclass review`: the class that each gets, and nothing to complain of."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.shipped import policy
from tests.cluster.binaries import Binaries
from tests.deploy.workloads import FOLDER, ROWS, Row
from webhook.cli import judging, manifests
from webhook.cli.finding import Finding
from webhook.cli.manifests import Manifest
from webhook.core.decision import Verdict
from webhook.core.paths import at

GPU = "nvidia.com/gpu"

DERIVED = {"affinity", "tolerations", "nodeSelector", "priorityClassName", "nodeName", "priority"}


def findings(path: Path) -> list[Finding]:
    """Judge every object of a file."""
    found = list(manifests.parse(path.read_text(encoding="utf-8"), str(path)))
    objects = [each for each in found if isinstance(each, Manifest)]
    assert len(objects) == len(found)
    judged = [judging.judge(each, policy()) for each in objects]
    good = [each for each in judged if isinstance(each, Finding)]
    assert len(good) == len(judged)
    return good


def workload(row: Row) -> Finding:
    (found,) = (
        each for each in findings(FOLDER / row.file)
        if (each.manifest.kind, each.manifest.name) == (row.kind, row.name)
    )  # fmt: skip
    return found


def templates(row: Row) -> list[dict[str, Any]]:
    value = workload(row).manifest.value
    found = []
    for path in row.templates:
        steps = path.replace("[", ".").replace("]", "").split(".")
        found.append(at(value, tuple(int(step) if step.isdigit() else step for step in steps)))
    return found  # type: ignore[return-value]


def test_every_file_is_told_of_and_tested() -> None:
    files = {
        str(path.relative_to(FOLDER))
        for path in FOLDER.rglob("*.yaml")
        if path.name != "kustomization.yaml"
    }
    assert files == {row.file for row in ROWS}
    page = (FOLDER / "README.md").read_text(encoding="utf-8")
    for row in ROWS:
        assert f"| [{row.file}]({row.file}) | " in page
        assert f"| `{row.gpu_class}` |" in page.split(f"[{row.file}]")[1].splitlines()[0]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_its_pods_get_its_class_and_nobody_warns(row: Row) -> None:
    found = workload(row)
    assert (found.verdict, found.gpu_class) == (Verdict.INJECT, row.gpu_class)
    assert found.reason == f"class {row.gpu_class}, from its annotation gpu-class"
    assert (found.warnings, found.violations) == ((), ())
    assert (found.would_change, found.would_refuse) == ((), ())


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_what_lies_beside_it_is_left_alone(row: Row) -> None:
    others = [each for each in findings(FOLDER / row.file) if each.manifest.name != row.name or
              each.manifest.kind != row.kind]  # fmt: skip
    assert {each.verdict for each in others} <= {Verdict.IGNORE}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_it_says_nothing_that_is_derived(row: Row) -> None:
    for template in templates(row):
        assert "annotations" not in template["metadata"]
        assert not DERIVED & set(template["spec"])


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_container_says_what_it_needs_and_what_it_may_take(row: Row) -> None:
    for template, gpus in zip(templates(row), row.gpus, strict=True):
        (container,) = template["spec"]["containers"]
        requests, limits = (container["resources"][each] for each in ("requests", "limits"))
        assert {"cpu", "memory"} <= set(requests) == set(limits)
        assert requests.get(GPU, "0") == limits.get(GPU, "0") == str(gpus)


def test_no_rollout_begins_with_a_gpu_too_many() -> None:
    (row,) = (each for each in ROWS if each.kind == "Deployment")
    value: Any = workload(row).manifest.value
    assert value["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": 0, "maxUnavailable": 1}
    assert "replicas" not in value["spec"]


@pytest.mark.cluster
@pytest.mark.parametrize("folder", ["", "multi-node"], ids=["all", "multi-node"])
def test_kustomize_builds_what_the_files_say(binaries: Binaries, folder: str) -> None:
    command = [str(binaries.kubectl), "kustomize", str(FOLDER / folder)]
    answer = subprocess.run(command, capture_output=True, check=True)
    assert answer.stderr == b""
    built = {(each["kind"], each["metadata"]["name"]) for each in yaml.safe_load_all(answer.stdout)}
    written = {
        (each.manifest.kind, each.manifest.name)
        for path in (FOLDER / folder).glob("*.yaml")
        if path.name != "kustomization.yaml"
        for each in findings(path)
    }
    assert built == written
