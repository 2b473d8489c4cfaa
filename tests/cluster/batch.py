"""Batches of random pods that an API server takes, of the words that the shipped policies use.

The same seed gives the same pods. What shall come of them is not said here.
"""

from random import Random

from tests.cluster.api import Json
from tests.cluster.governed.manifests import GPU, pod
from tests.cluster.simulation import ZONE

CLASSES = (None, None, "general", "development", "production", "training")
LABELS: dict[str, tuple[str, ...]] = {
    "gpu-type": ("training", "development", "production", "none"),
    "node-role": ("gpu-worker", "gpu-training", "gpu-dev", "cpu"),
    "nvidia.com/gpu.present": ("true", "false"),
    "nvidia.com/gpu.product": ("H100", "A100"),
    ZONE: ("zone-a", "zone-b"),
    "disk": ("ssd",),
}
TOLERATIONS: tuple[Json, ...] = (
    {"operator": "Exists"},
    {"operator": "Exists", "effect": "NoSchedule"},
    {"operator": "Exists", "effect": "NoExecute"},
    {"key": GPU, "operator": "Exists"},
    {"key": GPU, "value": "present", "effect": "NoSchedule"},
    {"key": GPU, "value": "true"},
    {"key": "gpu-type", "operator": "Exists"},
    {"key": "gpu-type", "value": "training", "effect": "NoSchedule"},
    {"key": "gpu-type", "value": "other"},
    {"key": "maintenance", "operator": "Exists"},
)


def pods(seed: int, count: int, nodes: tuple[str, ...]) -> list[Json]:
    """Give pods; half of them ask for a GPU. Some name one of the nodes."""
    chance = Random(seed)  # noqa: S311 # the same pods again, no secret
    return [_pod(chance, f"p{number}", nodes) for number in range(count)]


def _pod(chance: Random, name: str, nodes: tuple[str, ...]) -> Json:
    spec: Json = {"tolerations": chance.sample(TOLERATIONS, chance.choice((0, 0, 1, 2)))}
    match chance.choice(("", "", "selector", "affinity", "affinity", "nodeName")):
        case "selector":
            key = chance.choice(tuple(LABELS))
            spec["nodeSelector"] = {key: chance.choice(LABELS[key])}
        case "affinity":
            terms = [_term(chance, nodes) for _ in range(chance.choice((1, 2)))]
            required = {"nodeSelectorTerms": terms}
            spec["affinity"] = {
                "nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}
            }
        case "nodeName" if chance.random() < 1 / 2:
            spec["nodeName"] = chance.choice(nodes)
    return pod(name, chance.choice(CLASSES), chance.choice((None, 1)), **spec)


def _term(chance: Random, nodes: tuple[str, ...]) -> Json:
    if chance.random() < 1 / 6:
        name = {"key": "metadata.name", "operator": chance.choice(("In", "NotIn"))}
        return {"matchFields": [{**name, "values": [chance.choice(nodes)]}]}
    if chance.random() < 1 / 10:
        return {}
    return {"matchExpressions": [_requirement(chance) for _ in range(chance.choice((1, 1, 2)))]}


def _requirement(chance: Random) -> Json:
    key = chance.choice(tuple(LABELS))
    operator = chance.choice(("In", "In", "In", "NotIn", "Exists", "DoesNotExist"))
    if operator not in {"In", "NotIn"}:
        return {"key": key, "operator": operator}
    values = chance.sample(LABELS[key], chance.randint(1, len(LABELS[key])))
    return {"key": key, "operator": operator, "values": values}
