"""The pods that are sent, as a client writes them: those of the reviews, before admission."""

import json
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path

from benchmarks import samples
from benchmarks.samples import Object

GPU, CPU, REFUSED = "gpu", "cpu", "refused"
"""What is sent; each is a folder of bodies."""

LEFT_TO_ADMISSION: Mapping[str, tuple[str, ...]] = {
    "metadata": ("namespace", "creationTimestamp", "managedFields"),
    "spec": ("priority", "preemptionPolicy"),
}
"""Fields that an API server fills in."""

SCHEDULER = "nobody"
"""No scheduler looks at the pods: they are there to be created."""


def bodies() -> dict[str, dict[str, Object]]:
    """Give the pods of each folder by name."""
    pods = {name: _authored(review) for name, review in samples.reviews().items()}
    return {
        GPU: pods,
        CPU: {"cpu": _without_gpus(pods["default"])},
        REFUSED: {"no-such-class": _of_class(pods["training"], "trainign")},
    }


def write(folder: Path) -> None:
    """Write the bodies as the load generator reads them."""
    for name, pods in bodies().items():
        samples.write(folder / name, {pod: json.dumps(body).encode() for pod, body in pods.items()})


def _authored(review: bytes) -> Object:
    pod: Object = json.loads(json.dumps(samples.pod_of(review)))
    for part, fields in LEFT_TO_ADMISSION.items():
        for field in fields:
            _object(pod[part]).pop(field, None)
    _object(pod["spec"])["schedulerName"] = SCHEDULER
    return pod


def _without_gpus(pod: Object) -> Object:
    found = deepcopy(pod)
    containers = _object(found["spec"])["containers"]
    for container in containers if isinstance(containers, list) else ():
        for amounts in container["resources"].values():
            amounts.pop("nvidia.com/gpu", None)
    return found


def _of_class(pod: Object, name: str) -> Object:
    found = deepcopy(pod)
    _object(_object(found["metadata"])["annotations"])["gpu-class"] = name
    return found


def _object(value: object) -> Object:
    """Give a value that is an object."""
    if not isinstance(value, dict):
        raise TypeError(f"no object: {value!r}")
    return value
