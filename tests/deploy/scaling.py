"""deploy/scaling and docs/scaling.md as the tests see them: samples, and providers' templates.

A template is what an autoscaler knows of a node before it exists; `added` is what the provider
sets besides.
"""

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "scaling"
PAGE = ROOT / "docs" / "scaling.md"

Json = dict[str, Any]

SPOT = "training-spot"
AKS_SPOT = {
    "key": "kubernetes.azure.com/scalesetpriority",
    "value": "spot",
    "effect": "NoSchedule",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """What a provisioner declares of the nodes of a group, and what the provider adds."""

    labels: Mapping[str, str]
    taints: tuple[Json, ...]
    added_labels: Mapping[str, str] = field(default_factory=dict)
    added_taints: tuple[Json, ...] = ()


def documents(path: Path) -> list[Json]:
    """Give the documents of a file."""
    return [each for each in yaml.safe_load_all(path.read_text(encoding="utf-8")) if each]


def policies_of(path: Path) -> list[Json]:
    """Give the documents of gpuclass in a file."""
    return [each for each in documents(path) if each["apiVersion"].startswith("gpuclass.io/")]


def workloads_of(path: Path) -> list[Json]:
    """Give the other documents of a file."""
    return [each for each in documents(path) if each not in policies_of(path)]


def karpenter(name: str) -> Template:
    """Give the template of a NodePool of Karpenter."""
    (found,) = (
        each["spec"]["template"]
        for each in documents(FOLDER / "provisioners" / "karpenter.yaml")
        if each["metadata"]["name"] == name
    )
    return Template(
        labels=found["metadata"]["labels"],
        taints=tuple(found["spec"]["taints"]),
        added_labels={"karpenter.sh/capacity-type": "spot", "karpenter.sh/nodepool": name},
    )


def eks_group() -> Json:
    """Give the node group of eksctl."""
    (cluster,) = documents(FOLDER / "provisioners" / "eks.yaml")
    (group,) = cluster["managedNodeGroups"]
    return dict(group)


def templates() -> dict[str, Template]:
    """Give the template of a spot node by provider."""
    gcloud, azure = command("gcloud"), command("az")
    group = eks_group()
    return {
        "gke": Template(
            labels=_pairs(gcloud["--node-labels"][0].split(",")),
            taints=tuple(_taints(gcloud["--node-taints"][0])),
            added_labels={
                "cloud.google.com/gke-spot": "true",
                "cloud.google.com/gke-accelerator": "nvidia-l4",
            },
        ),
        "eks": Template(
            labels=group["labels"],
            taints=tuple(group["taints"]),
            added_labels={"eks.amazonaws.com/capacityType": "SPOT"},
        ),
        "aks": Template(
            labels=_pairs(azure["--labels"]),
            taints=tuple(_taints(azure["--node-taints"][0])),
            added_labels={
                "kubernetes.azure.com/scalesetpriority": "spot",
                "kubernetes.azure.com/accelerator": "nvidia",
            },
            added_taints=(AKS_SPOT,),
        ),
        "karpenter": karpenter(SPOT),
    }


def command(program: str) -> dict[str, list[str]]:
    """Give the flags of a provider's command on the page, each with its values."""
    page = PAGE.read_text(encoding="utf-8")
    (found,) = re.findall(rf"```sh\n({program} .*?)```", page, re.DOTALL)
    flags: dict[str, list[str]] = {}
    name = ""
    for word in shlex.split(found.replace("\\\n", " ")):
        if word.startswith("--"):
            name, equals, value = word.partition("=")
            flags[name] = [value] if equals else []
        elif name:
            flags[name].append(word)
    return flags


def _pairs(words: list[str]) -> dict[str, str]:
    pairs = (word.partition("=") for word in words)
    return {key: value for key, _, value in pairs}


def _taints(text: str) -> Iterator[Json]:
    for each in text.split(","):
        pair, _, effect = each.partition(":")
        key, _, value = pair.partition("=")
        yield {"key": key, "value": value, "effect": effect}
