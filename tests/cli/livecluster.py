"""A fake API server with the shipped documents: two nodes, and what a test puts there."""

from typing import Any, TypeAlias

import yaml

from tests.cli.shipped import POLICIES
from tests.control.apiserver import HttpApi
from webhook.core.names import API_GROUP, API_VERSION

Json: TypeAlias = dict[str, Any]

OWN = f"/apis/{API_GROUP}/{API_VERSION}"
COLLECTIONS = {
    "GPUNodePool": f"{OWN}/gpunodepools",
    "GPUClass": f"{OWN}/gpuclasses",
    "GPUPolicy": f"{OWN}/gpupolicies",
    "PriorityClass": "/apis/scheduling.k8s.io/v1/priorityclasses",
}
TRAIN = "/api/v1/namespaces/team/pods/train"
TAINTS = [
    {"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"},
    {"key": "gpu-type", "value": "training", "effect": "NoSchedule"},
]
LABELS = {"nvidia.com/gpu.present": "true", "gpu-type": "training"}


def node(name: str, labels: Json, taints: list[Json], gpus: int) -> Json:
    """Give a node that offers GPUs."""
    return {
        "metadata": {"name": name, "labels": labels},
        "spec": {"taints": taints},
        "status": {"allocatable": {"nvidia.com/gpu": str(gpus)}},
    }


def put(api: HttpApi, path: str, value: Json) -> None:
    """Store an object as somebody else would."""
    api.api.put(path, value)


def fill(api: HttpApi) -> None:
    """Put the documents, two nodes and a namespace."""
    for path in [each for each in POLICIES.rglob("*.yaml") if each.parent.name != "cases"]:
        for each in yaml.safe_load_all(path.read_text()):
            _put_document(api, each)
    put(api, "/api/v1/nodes/cpu-1", node("cpu-1", {}, [], 0))
    put(api, "/api/v1/nodes/gpu-1", node("gpu-1", LABELS, TAINTS, 8))
    put(api, "/api/v1/namespaces/team", {"metadata": {"name": "team"}})


def _put_document(api: HttpApi, document: Json) -> None:
    collection = COLLECTIONS.get(document.get("kind", ""))
    if collection:
        put(api, f"{collection}/{document['metadata']['name']}", document)
