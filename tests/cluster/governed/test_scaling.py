"""The samples of docs/scaling.md on the real scheduler: replicas, spot, kinds and parts of GPUs.

A node here has what its provider's template declares and the provider adds, and no label of
discovery: what an autoscaler imagines before the node exists.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from tests.cluster.governed.cluster import Namespace, fresh_name
from tests.cluster.governed.manifests import pod
from tests.cluster.governed.test_placement import pool
from tests.cluster.governed.test_templates import bound
from tests.cluster.simulation import GPU, Capacity, create_node, delete_node
from tests.cluster.waiting import eventually
from tests.cluster.webhook import Webhook
from tests.deploy.scaling import FOLDER, SPOT, Template, policies_of, templates, workloads_of
from tests.deploy.workloads import FOLDER as WORKLOADS

pytestmark = pytest.mark.cluster


@contextmanager
def policies(team: Namespace, webhook: Webhook, gpu_class: str, *paths: Path) -> Iterator[None]:
    """Have the policies of samples in force, until the end."""
    target = webhook.policies / "pools" / "samples.yaml"
    documents = [each for path in paths for each in policies_of(path)]
    target.with_suffix(".part").write_text(yaml.safe_dump_all(documents), encoding="utf-8")
    target.with_suffix(".part").rename(target)
    try:
        eventually(lambda: accepts(team, gpu_class), f"the class {gpu_class}")
        yield
    finally:
        target.unlink()
        eventually(lambda: not accepts(team, gpu_class), f"the class {gpu_class} to be gone")


def accepts(team: Namespace, gpu_class: str) -> bool:
    manifest = json.dumps(pod("probe-", gpu_class))
    command = ("create", "--dry-run=server", "--filename", "-")
    return team.kubectl(*command, text=manifest, check=False).returncode == 0


@contextmanager
def node(team: Namespace, template: Template, extended: dict[str, str]) -> Iterator[str]:
    """Have a node made by a template, until the end."""
    api, name = team.control_plane.api, fresh_name("grown")
    labels = {**template.labels, **template.added_labels}
    taints = (*template.taints, *template.added_taints)
    create_node(api, name, labels=labels, taints=taints, capacity=Capacity(extended=extended))
    try:
        yield name
    finally:
        delete_node(api, name)


def template_of(path: Path, name: str) -> Template:
    """Give what nodes of a sample's pool register with."""
    (found,) = (each["spec"] for each in policies_of(path) if each["metadata"]["name"] == name
                and each["kind"] == "GPUNodePool")  # fmt: skip
    return Template(labels={**found["selector"], **found["labels"]}, taints=tuple(found["taints"]))


def node_of(team: Namespace, name: str) -> str:
    return str(team.bound(name)["spec"]["nodeName"])


def test_scaled_to_five_every_replica_is_of_its_class(team: Namespace) -> None:
    team.kubectl("apply", "--filename", str(WORKLOADS / "inference.yaml"))
    bound(team, "inference", 2)
    team.kubectl("scale", "deployment/inference", "--replicas=5")
    pods = bound(team, "inference", 5)
    assert {pool(each) for each in pods} == {"production"}
    assert {each["spec"]["priorityClassName"] for each in pods} == {"gpu-high-priority"}
    assert len({each["spec"]["nodeName"] for each in pods}) == 2


@pytest.mark.parametrize("provider", ["gke", "eks", "aks", "karpenter"])
def test_training_takes_the_spot_node_that_a_provider_s_template_makes(
    team: Namespace, webhook: Webhook, provider: str
) -> None:
    paths = (FOLDER / "spot" / "pools" / f"{provider}.yaml", FOLDER / "spot" / "class.yaml")
    with (
        policies(team, webhook, SPOT, *paths),
        node(team, templates()[provider], {GPU: "4"}) as spot,
    ):
        team.kubectl("apply", "--filename", str(FOLDER / "spot" / "training.yaml"))
        (found,) = bound(team, SPOT, 1)
        spec = found["spec"]
        assert (spec["nodeName"], spec["priority"]) == (spot, 50)
        assert spec["preemptionPolicy"] == "Never"
        team.create(pod("other", "training"), pod("cpu", gpus=None))
        assert node_of(team, "other") != spot
        assert node_of(team, "cpu").startswith("cpu-")


def test_without_a_spot_node_training_waits_for_none(team: Namespace, webhook: Webhook) -> None:
    paths = (FOLDER / "spot" / "pools" / "gke.yaml", FOLDER / "spot" / "class.yaml")
    with policies(team, webhook, SPOT, *paths):
        team.kubectl("apply", "--filename", str(FOLDER / "spot" / "training.yaml"))
        (found,) = bound(team, SPOT, 1)
        assert pool(found) == "training"


def test_a_flexible_pod_takes_the_cheap_gpu_and_then_the_dear_one(
    team: Namespace, webhook: Webhook
) -> None:
    path = FOLDER / "mixed.yaml"
    with (
        policies(team, webhook, "flexible", path),
        node(team, template_of(path, "l4"), {GPU: "1"}) as cheap,
        node(team, template_of(path, "h100"), {GPU: "2"}) as dear,
    ):
        team.create(pod("large", "large"))
        team.create(pod("first", "flexible"))
        assert (node_of(team, "large"), node_of(team, "first")) == (dear, cheap)
        team.create(pod("second", "flexible"))
        assert node_of(team, "second") == dear


@pytest.mark.parametrize(
    ("sample", "name", "gpu_class", "resource", "replicas"),
    [
        ("mig", "mig", "slice", "nvidia.com/mig-1g.10gb", 2),
        ("time-slicing", "shared", "shared", "nvidia.com/gpu.shared", 4),
    ],
)
def test_parts_of_a_gpu_go_to_those_who_ask_for_them(
    team: Namespace,
    webhook: Webhook,
    sample: str,
    name: str,
    gpu_class: str,
    resource: str,
    replicas: int,
) -> None:
    path = FOLDER / f"{sample}.yaml"
    with (
        policies(team, webhook, gpu_class, path),
        node(team, template_of(path, name), {resource: str(replicas)}) as parts,
    ):
        (manifest,) = workloads_of(path)
        team.create(manifest)
        found = bound(team, manifest["metadata"]["name"], replicas)
        assert {each["spec"]["nodeName"] for each in found} == {parts}
        team.create(pod("whole", gpu_class))
        message = eventually(lambda: unschedulable(team, "whole"), "the scheduler's answer")
        assert f"Insufficient {GPU}" in message


def unschedulable(team: Namespace, name: str) -> str:
    conditions = team.get("pod", name)["status"].get("conditions", [])
    return next((each["message"] for each in conditions if each["type"] == "PodScheduled"), "")
