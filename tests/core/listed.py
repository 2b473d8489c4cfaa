"""Objects of kinds that a policy lists, in each shape, and requests about them."""

import msgspec

from tests.core.given import Json, cpu_pod, gpu_pod
from tests.core.given import request as request_for
from webhook.core.review import GroupVersionKind, Request

GROUPS = {
    "InferenceService": "serving.kserve.io",
    "JobSet": "jobset.x-k8s.io",
    "LeaderWorkerSet": "leaderworkerset.x-k8s.io",
    "MPIJob": "kubeflow.org",
    "Notebook": "kubeflow.org",
    "PyTorchJob": "kubeflow.org",
    "RayCluster": "ray.io",
    "Service": "serving.knative.dev",
    "TrainJob": "trainer.kubeflow.org",
    "VolcanoJob": "batch.volcano.sh",
    "Workflow": "argoproj.io",
}
OWNER = [{"kind": "TrainJob", "name": "finetune", "controller": True}]


def request(kind: str, new: Json, old: Json | None = None) -> Request:
    """Give the request that writes an object of a listed kind."""
    found = GroupVersionKind(group=GROUPS[kind], version="v1", kind=kind.removeprefix("Volcano"))
    return msgspec.structs.replace(request_for(new, old=old), kind=found)


def of(named: str | None, spec: Json, **metadata: object) -> Json:
    """Give an object that names a class."""
    annotations = {"annotations": {"gpu-class": named}} if named else {}
    return {"metadata": {"name": "w", **annotations, **metadata}, "spec": spec}


def template(gpu: bool = True, annotations: Json | None = None) -> Json:  # noqa: FBT002
    """Give a pod template, without metadata unless it has annotations."""
    spec = (gpu_pod() if gpu else cpu_pod())["spec"]
    return (
        {"metadata": {"annotations": annotations}, "spec": spec} if annotations else {"spec": spec}
    )


def job_set(
    named: str | None = None, *shown: Json | None, suspend: object = None, **metadata: object
) -> Json:
    """Give a JobSet of a driver without GPUs and workers with some; `shown` are annotations."""
    driver, workers = (*shown, None, None)[:2]
    jobs = [
        {"name": "driver", "template": {"spec": {"template": template(False, driver)}}},  # noqa: FBT003
        {"name": "workers", "template": {"spec": {"template": template(True, workers)}}},  # noqa: FBT003
    ]
    return of(named, {"replicatedJobs": jobs, "suspend": suspend}, **metadata)
