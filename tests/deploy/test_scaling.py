"""The samples of docs/scaling.md: sound beside the shipped policies, and what they make of pods."""

import io
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.shipped import POLICIES, policy
from tests.deploy.scaling import (
    AKS_SPOT,
    FOLDER,
    PAGE,
    SPOT,
    Template,
    command,
    documents,
    eks_group,
    karpenter,
    policies_of,
    templates,
    workloads_of,
)
from tests.deploy.workloads import FOLDER as WORKLOADS
from webhook.cli import judging, lint, manifests
from webhook.cli.finding import Finding
from webhook.cli.manifests import Manifest
from webhook.core.decision import Verdict
from webhook.core.policy.plan import labels_of
from webhook.core.policy.policy import Policy
from webhook.watch import policies

Json = dict[str, Any]

PROVIDERS = ("gke", "eks", "aks", "karpenter")

SAMPLES = {
    **{provider: (f"spot/pools/{provider}.yaml", "spot/class.yaml") for provider in PROVIDERS},
    "mixed": ("mixed.yaml",),
    "mig": ("mig.yaml",),
    "time-slicing": ("time-slicing.yaml",),
}
"""Policies that are added to the shipped ones together."""

TOLERATED = (
    "/pools/aks.yaml:18 spec.taints[2]: every pod of a class with this pool tolerates "
    "kubernetes.azure.com/scalesetpriority, also one whose image or purpose does not suit such "
    "nodes: set tolerate: false (warning)"
)
EXPECTED = {"aks": (TOLERATED,)}


def added(sample: str, folder: Path) -> Path:
    """Give the shipped policies with a sample among them."""
    target = folder / "policies"
    shutil.copytree(POLICIES, target)
    for name in SAMPLES[sample]:
        path = FOLDER / name
        place = target / "pools" / path.name
        if workloads_of(path):
            place.write_text(yaml.safe_dump_all(policies_of(path)), encoding="utf-8")
        else:
            shutil.copy(path, place)
    return target


def judged(path: Path, policy: Policy) -> dict[str, Finding]:
    """Judge the workloads of a file by name."""
    text = yaml.safe_dump_all(workloads_of(path))
    found = {}
    for each in manifests.parse(text, path.name):
        assert isinstance(each, Manifest)
        finding = judging.judge(each, policy)
        assert isinstance(finding, Finding)
        found[each.name] = finding
    return found


@pytest.mark.parametrize("sample", SAMPLES)
def test_beside_the_shipped_policies_it_is_sound(sample: str, tmp_path: Path) -> None:
    out, folder = io.StringIO(), added(sample, tmp_path)
    assert lint.run(folder, "text", out) == lint.CLEAN
    *warnings, _ = out.getvalue().splitlines()
    assert tuple(each.removeprefix(str(folder)) for each in warnings) == EXPECTED.get(sample, ())


WORKLOAD_ROWS = [
    *((provider, "spot/training.yaml", SPOT, SPOT) for provider in PROVIDERS),
    ("mig", "mig.yaml", "embeddings", "slice"),
    ("time-slicing", "time-slicing.yaml", "notebook-shared", "shared"),
    ("mixed", "undisturbed.yaml", "undisturbed", "training"),
]


@pytest.mark.parametrize(("sample", "file", "name", "gpu_class"), WORKLOAD_ROWS)
def test_its_workload_gets_its_class_and_nobody_warns(
    sample: str, file: str, name: str, gpu_class: str, tmp_path: Path
) -> None:
    found = judged(FOLDER / file, policies.load(added(sample, tmp_path)))[name]
    assert (found.verdict, found.gpu_class) == (Verdict.INJECT, gpu_class)
    assert (found.warnings, found.violations) == ((), ())


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_template_declares_what_the_pool_is_known_by(provider: str, tmp_path: Path) -> None:
    holds(templates()[provider], policies.load(added(provider, tmp_path)), SPOT)


def test_the_template_for_production_does_too() -> None:
    holds(karpenter("production"), policy(), "production")


def holds(template: Template, policy: Policy, name: str) -> None:
    """Hold a template against its pool: all labels; its taints and the provider's, no others."""
    (pool,) = (each for each in policy.pools if each.name == name)
    assert dict(labels_of(pool)).items() <= dict(template.labels).items()
    taints = [(each.key, each.value, each.effect.value) for each in pool.taints]
    declared = [*template.taints, *template.added_taints]
    assert [(each["key"], each["value"], each["effect"]) for each in declared] == taints
    said = {**template.labels, **template.added_labels}
    if pool.claims.match_labels:
        assert dict(pool.claims.match_labels).items() <= said.items()


def test_no_class_requires_a_label_that_only_discovery_sets(tmp_path: Path) -> None:
    declared = {key for template in templates().values() for key in template.labels}
    for sample in PROVIDERS:
        for pool in policies.load(added(sample, tmp_path / sample)).pools:
            assert set(pool.selector) <= declared


def test_tags_of_an_empty_group_repeat_what_its_nodes_will_have() -> None:
    group, start = eks_group(), "k8s.io/cluster-autoscaler/node-template"
    taints = {each["key"]: f"{each['value']}:{each['effect']}" for each in group["taints"]}
    assert group["propagateASGTags"] is True
    assert group["tags"] == {
        **{f"{start}/label/{key}": value for key, value in group["labels"].items()},
        **{f"{start}/taint/{key}": value for key, value in taints.items()},
        f"{start}/resources/nvidia.com/gpu": "4",
    }


def test_every_group_starts_at_no_node() -> None:
    assert (command("gcloud")["--num-nodes"], command("gcloud")["--min-nodes"]) == (["0"], ["0"])
    assert (command("az")["--node-count"], command("az")["--min-count"]) == (["0"], ["0"])
    assert (eks_group()["minSize"], eks_group()["desiredCapacity"]) == (0, 0)


def test_only_the_class_for_spot_takes_spot_nodes(tmp_path: Path) -> None:
    found = added("aks", tmp_path)
    classes = [
        each
        for path in (*found.glob("classes/*.yaml"), *found.glob("pools/*.yaml"))
        for each in documents(path)
        if each["kind"] == "GPUClass"
    ]
    takers = {
        each["metadata"]["name"]
        for each in classes
        if SPOT in {pool["name"] for pool in each["spec"]["pools"]}
    }
    assert len(classes) == len(policies.load(found).classes)
    assert takers == {SPOT}
    assert AKS_SPOT in templates()["aks"].added_taints


def test_autoscalers_add_nodes_for_batch_and_batch_evicts_nobody() -> None:
    classes = {
        each["metadata"]["name"]: each for each in documents(POLICIES / "priorityclasses.yaml")
    }
    assert all(each["value"] >= -10 for each in classes.values())
    assert classes["gpu-batch-priority"]["preemptionPolicy"] == "Never"


def test_what_keeps_a_node_is_said_of_the_pods() -> None:
    found = judged(FOLDER / "undisturbed.yaml", policy())["undisturbed"]
    after: Any = found.after
    assert after["spec"]["template"]["metadata"]["annotations"] == {
        "cluster-autoscaler.kubernetes.io/safe-to-evict": "false",
        "karpenter.sh/do-not-disrupt": "true",
        "gpu-class": "training",
    }


def test_nothing_shipped_keeps_a_node_by_local_storage() -> None:
    for path in (*WORKLOADS.rglob("*.yaml"), *FOLDER.rglob("*.yaml")):
        text = path.read_text(encoding="utf-8")
        assert "hostPath" not in text
        for each in re.findall(r"emptyDir: *(.*)", text):
            assert "medium: Memory" in each, path


def test_every_sample_is_told_of() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for path in FOLDER.rglob("*.yaml"):
        assert f"(../deploy/scaling/{path.relative_to(FOLDER)})" in page, path
