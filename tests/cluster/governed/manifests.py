"""Manifests for the tests, as short as the API server takes them."""

from collections.abc import Mapping

from tests.cluster.api import Json

GPU = "nvidia.com/gpu"


def container(gpus: str | int | None = 1, name: str = "main") -> Json:
    """Give a container that asks for GPUs (None: no resource is named at all)."""
    made: Json = {"name": name, "image": "example.com/app:1"}
    if gpus is not None:
        made["resources"] = {"limits": {GPU: gpus}, "requests": {"cpu": "10m", "memory": "16Mi"}}
    return made


def pod_spec(gpus: str | int | None = 1, **more: object) -> Json:
    """Give a pod spec of one container; `more` are further fields of it."""
    return {"containers": [container(gpus)], **more}


def pod(
    name: str, gpu_class: str | None = None, gpus: str | int | None = 1, **more: object
) -> Json:
    """Give a bare pod; a name that ends with a dash is a generateName."""
    key = "generateName" if name.endswith("-") else "name"
    metadata: Json = {key: name}
    if gpu_class is not None:
        metadata["annotations"] = {"gpu-class": gpu_class}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "spec": pod_spec(gpus, **more),
    }


_GROUPS: Mapping[str, str] = {
    "Deployment": "apps/v1",
    "StatefulSet": "apps/v1",
    "ReplicaSet": "apps/v1",
    "DaemonSet": "apps/v1",
    "ReplicationController": "v1",
    "Job": "batch/v1",
    "CronJob": "batch/v1",
}
KINDS = tuple(_GROUPS)
"""Every built-in kind that has a pod template."""


def workload(
    kind: str,
    name: str,
    gpu_class: str | None = None,
    gpus: str | int | None = 1,
    **more: object,
) -> Json:
    """Give a workload of any built-in kind; `more` are further fields of its pod spec."""
    metadata: Json = {"name": name}
    if gpu_class is not None:
        metadata["annotations"] = {"gpu-class": gpu_class}
    return {
        "apiVersion": _GROUPS[kind],
        "kind": kind,
        "metadata": metadata,
        "spec": _spec(kind, name, pod_spec(gpus, **more)),
    }


def _spec(kind: str, name: str, spec: Json) -> Json:
    if kind in {"Job", "CronJob"}:
        job = {"template": {"spec": {**spec, "restartPolicy": "Never"}}}
        return job if kind == "Job" else {"schedule": "0 3 * * *", "jobTemplate": {"spec": job}}
    labels = {"app": name}
    selector = labels if kind == "ReplicationController" else {"matchLabels": labels}
    made: Json = {"selector": selector, "template": {"metadata": {"labels": labels}, "spec": spec}}
    if kind == "StatefulSet":
        made["serviceName"] = name
    if kind == "Deployment":
        made["strategy"] = {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}
    return made
