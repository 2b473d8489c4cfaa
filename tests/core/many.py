"""A policy of any size: as many classes as pools, each class of two pools that follow one another.

Pools have a label and a taint of their own beside those that all GPU nodes share, as the shipped
ones do; every second class is Preferred, every third is for some namespaces only.
"""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from tests.cluster.api import Json
from webhook.core.policy import decode
from webhook.core.policy.documents import Document

API = "gpuclass.io/v1alpha1"
PRIORITIES = 10


def objects(count: int) -> Iterator[Json]:
    """Give the documents of a policy of `count` classes and pools, those first that others name."""
    yield from (_priority(number) for number in range(PRIORITIES))
    yield from (_document("GPUNodePool", name(number), _pool(number)) for number in range(count))
    yield from (_document("GPUClass", name(each), _class(each, count)) for each in range(count))
    yield _document("GPUPolicy", "cluster", {"defaultClass": name(0)})


def documents(count: int) -> tuple[Document, ...]:
    """Give the documents of such a policy as an API server's are read."""
    read = (decode.read_object(each, f"{each['kind'].lower()}/x") for each in objects(count))
    return tuple(document for document, _ in read if document is not None)


def write(folder: Path, count: int) -> None:
    """Write such a policy to a new folder, a file each."""
    folder.mkdir(parents=True)
    for each in objects(count):
        file = folder / f"{each['kind'].lower()}-{each['metadata']['name']}.yaml"
        file.write_bytes(msgspec.json.format(msgspec.json.encode(each)))


def name(number: int) -> str:
    """Name a pool and the class that has it first."""
    return f"kind-{number:04}"


def _document(kind: str, called: str, spec: Json) -> Json:
    return {"apiVersion": API, "kind": kind, "metadata": {"name": called}, "spec": spec}


def _pool(number: int) -> Json:
    called = name(number)
    return {
        "selector": {"nvidia.com/gpu.present": "true", "gpu-type": called},
        "labels": {"node-role": f"gpu-{called}"},
        "taints": [
            {"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"},
            {"key": "gpu-type", "value": called, "effect": "NoSchedule"},
        ],
        "resources": ["nvidia.com/gpu"],
        "claims": {"names": [f"gpu-{called}-*"]},
    }


def _class(number: int, count: int) -> Json:
    pools = dict.fromkeys((name(number), name((number + 1) % count)))
    return {
        "pools": [{"name": each, "weight": 100} for each in pools],
        "placement": "Preferred" if number % 2 else "Required",
        "priorityClassName": f"priority-{number % PRIORITIES}",
        "allowedNamespaces": ["*"] if number % 3 else ["team-*", "research-*"],
    }


def _priority(number: int) -> Json:
    return {
        "apiVersion": "scheduling.k8s.io/v1",
        "kind": "PriorityClass",
        "metadata": {"name": f"priority-{number}"},
        "value": number * 1000,
    }
