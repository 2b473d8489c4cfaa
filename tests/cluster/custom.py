"""Custom kinds of the shapes that the shipped policy lists: small CRDs, and objects of each.

A schema has what decides whether an annotation is kept and whether a template may change, as the
makers' own has it (controller-gen with embedded object metadata); what else a pod spec may hold is
left open.
"""

import json
from dataclasses import dataclass

from tests.cluster.api import Json
from tests.cluster.controlplane import ControlPlane
from tests.cluster.governed.manifests import pod_spec
from tests.cluster.waiting import eventually

TEXTS: Json = {
    "type": "object",
    "maxProperties": 16,
    "additionalProperties": {"type": "string", "maxLength": 256},
}
OPEN: Json = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
METADATA: Json = {
    "type": "object",
    "nullable": True,
    "properties": {
        "name": {"type": "string", "maxLength": 63},
        "labels": TEXTS,
        "annotations": {**TEXTS, "nullable": True},
    },
}
TEMPLATE: Json = {"type": "object", "properties": {"metadata": METADATA, "spec": OPEN}}


def fields(**properties: Json) -> Json:
    """Give the schema of an object of some fields."""
    return {"type": "object", "properties": properties}


def items(schema: Json) -> Json:
    """Give the schema of a list."""
    return {"type": "array", "maxItems": 8, "items": schema}


def entries(schema: Json) -> Json:
    """Give the schema of a map."""
    return {"type": "object", "additionalProperties": schema}


_INLINED: Json = {**OPEN, "properties": {"annotations": TEXTS}}
_JOBS = items(fields(name={"type": "string"}, template=fields(spec=fields(template=TEMPLATE))))
_HEAD = {"headGroupSpec": fields(template=TEMPLATE)}
_RAY = {**_HEAD, "workerGroupSpecs": items(fields(groupName={"type": "string"}, template=TEMPLATE))}
_KUBEFLOW = {"runPolicy": fields(suspend={"type": "boolean"}, schedulingPolicy=OPEN)}

CPU: Json = {"spec": pod_spec(None)}
GPU: Json = {"spec": pod_spec(1)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Custom:
    """A kind, the schema of its spec, an object's spec whose templates may change, and where.

    `cpu` and `gpu` are the templates of its pods by path; a path is dotted, with indices.
    """

    group: str
    kind: str
    schema: Json
    spec: Json
    annotations: tuple[str, ...]
    version: str = "v1"
    rules: tuple[str, ...] = ()
    cpu: str = ""
    gpu: str = ""
    is_mixed: bool = True

    @property
    def plural(self) -> str:
        """The name of its resource."""
        return f"{self.kind.lower()}s"

    @property
    def resource(self) -> str:
        """What kubectl calls it."""
        return f"{self.plural}.{self.group}"

    def crd(self) -> Json:
        """Give the CustomResourceDefinition."""
        validations = [{"rule": rule, "message": "field is immutable"} for rule in self.rules]
        spec = {**self.schema, **({"x-kubernetes-validations": validations} if validations else {})}
        return {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": self.resource},
            "spec": {
                "group": self.group,
                "scope": "Namespaced",
                "names": {"kind": self.kind, "plural": self.plural},
                "versions": [
                    {
                        "name": self.version,
                        "served": True,
                        "storage": True,
                        "schema": {"openAPIV3Schema": fields(spec=spec, status=OPEN)},
                    }
                ],
            },
        }

    def named(self, name: str, gpu_class: str | None = None, spec: Json | None = None) -> Json:
        """Give an object; of a class, where one is given."""
        annotations = {"annotations": {"gpu-class": gpu_class}} if gpu_class else {}
        return {
            "apiVersion": f"{self.group}/{self.version}",
            "kind": self.kind,
            "metadata": {"name": name, **annotations},
            "spec": spec or self.spec,
        }


JOB_SET = Custom(
    group="jobset.x-k8s.io",
    kind="JobSet",
    version="v1alpha2",
    schema=fields(replicatedJobs=_JOBS, suspend={"type": "boolean"}),
    spec={
        "suspend": True,
        "replicatedJobs": [
            {"name": "driver", "template": {"spec": {"template": CPU}}},
            {"name": "workers", "template": {"spec": {"template": GPU}}},
        ],
    },
    annotations=(
        "spec.replicatedJobs.0.template.spec.template.metadata.annotations",
        "spec.replicatedJobs.1.template.spec.template.metadata.annotations",
    ),
    # As its own webhook has it: templates are free while it is suspended, and fixed after.
    rules=(
        "(has(oldSelf.suspend) && oldSelf.suspend) || "
        "self.replicatedJobs == oldSelf.replicatedJobs",
    ),
    cpu="spec.replicatedJobs.0.template.spec.template",
    gpu="spec.replicatedJobs.1.template.spec.template",
)
RAY_CLUSTER = Custom(
    group="ray.io",
    kind="RayCluster",
    schema=fields(**_RAY),
    spec={
        "headGroupSpec": {"template": CPU},
        "workerGroupSpecs": [{"groupName": "a", "template": GPU}],
    },
    annotations=(
        "spec.headGroupSpec.template.metadata.annotations",
        "spec.workerGroupSpecs.0.template.metadata.annotations",
    ),
    cpu="spec.headGroupSpec.template",
    gpu="spec.workerGroupSpecs.0.template",
)
PYTORCH_JOB = Custom(
    group="kubeflow.org",
    kind="PyTorchJob",
    schema=fields(pytorchReplicaSpecs=entries(fields(template=TEMPLATE)), **_KUBEFLOW),
    spec={
        "runPolicy": {"suspend": True},
        "pytorchReplicaSpecs": {"Master": {"template": CPU}, "Worker": {"template": GPU}},
    },
    annotations=(
        "spec.pytorchReplicaSpecs.Master.template.metadata.annotations",
        "spec.pytorchReplicaSpecs.Worker.template.metadata.annotations",
    ),
    cpu="spec.pytorchReplicaSpecs.Master.template",
    gpu="spec.pytorchReplicaSpecs.Worker.template",
)
MPI_JOB = Custom(
    group="kubeflow.org",
    kind="MPIJob",
    version="v2beta1",
    schema=fields(mpiReplicaSpecs=entries(fields(template=TEMPLATE)), **_KUBEFLOW),
    spec={
        "runPolicy": {"suspend": True},
        "mpiReplicaSpecs": {"Launcher": {"template": CPU}, "Worker": {"template": GPU}},
    },
    annotations=(
        "spec.mpiReplicaSpecs.Launcher.template.metadata.annotations",
        "spec.mpiReplicaSpecs.Worker.template.metadata.annotations",
    ),
    cpu="spec.mpiReplicaSpecs.Launcher.template",
    gpu="spec.mpiReplicaSpecs.Worker.template",
)
LEADER_WORKER_SET = Custom(
    group="leaderworkerset.x-k8s.io",
    kind="LeaderWorkerSet",
    schema=fields(
        leaderWorkerTemplate=fields(leaderTemplate=TEMPLATE, workerTemplate=TEMPLATE),
        replicas={"type": "integer"},
    ),
    spec={"replicas": 1, "leaderWorkerTemplate": {"leaderTemplate": CPU, "workerTemplate": GPU}},
    annotations=(
        "spec.leaderWorkerTemplate.leaderTemplate.metadata.annotations",
        "spec.leaderWorkerTemplate.workerTemplate.metadata.annotations",
    ),
    cpu="spec.leaderWorkerTemplate.leaderTemplate",
    gpu="spec.leaderWorkerTemplate.workerTemplate",
)
INFERENCE_SERVICE = Custom(
    group="serving.kserve.io",
    kind="InferenceService",
    version="v1beta1",
    schema=fields(predictor=_INLINED, transformer=_INLINED, explainer=_INLINED),
    spec={"predictor": {"model": {"storageUri": "s3://m"}}, "transformer": pod_spec(None)},
    annotations=("spec.predictor.annotations", "spec.transformer.annotations"),
)
KNATIVE_SERVICE = Custom(
    group="serving.knative.dev",
    kind="Service",
    schema=fields(template=TEMPLATE),
    spec={"template": GPU},
    annotations=("spec.template.metadata.annotations",),
    gpu="spec.template",
    is_mixed=False,
)
TRAIN_JOB = Custom(
    group="trainer.kubeflow.org",
    kind="TrainJob",
    version="v1alpha1",
    schema=fields(runtimeRef=OPEN, suspend={"type": "boolean"}, annotations=TEXTS),
    spec={"suspend": True, "runtimeRef": {"name": "torch-distributed"}},
    annotations=("spec.annotations",),
    is_mixed=False,
)
WORKFLOW = Custom(
    group="argoproj.io",
    kind="Workflow",
    version="v1alpha1",
    schema={**OPEN, "properties": {"podMetadata": fields(annotations=TEXTS, labels=TEXTS)}},
    spec={"entrypoint": "main", "templates": [{"name": "main", "container": {"image": "app:1"}}]},
    annotations=("spec.podMetadata.annotations",),
)
VOLCANO_JOB = Custom(
    group="batch.volcano.sh",
    kind="Job",
    version="v1alpha1",
    schema=fields(
        tasks=items(fields(name={"type": "string"}, template=TEMPLATE)),
        priorityClassName={"type": "string"},
    ),
    spec={"tasks": [{"name": "a", "template": CPU}, {"name": "b", "template": GPU}]},
    annotations=(
        "spec.tasks.0.template.metadata.annotations",
        "spec.tasks.1.template.metadata.annotations",
    ),
    cpu="spec.tasks.0.template",
    gpu="spec.tasks.1.template",
)
NOTEBOOK = Custom(
    group="kubeflow.org",
    kind="Notebook",
    schema=fields(template=fields(spec=OPEN)),
    spec={"template": GPU},
    annotations=(),
    is_mixed=False,
)

CHANGING = (
    JOB_SET,
    RAY_CLUSTER,
    PYTORCH_JOB,
    MPI_JOB,
    LEADER_WORKER_SET,
    INFERENCE_SERVICE,
    KNATIVE_SERVICE,
    TRAIN_JOB,
)
"""Kinds whose templates may change, or may while they are suspended, as these objects are."""

CUSTOM = (*CHANGING, WORKFLOW, VOLCANO_JOB, NOTEBOOK)


def install(control_plane: ControlPlane, kinds: tuple[Custom, ...]) -> None:
    """Install kinds, and wait until objects of each are served."""
    for each in kinds:
        control_plane.kubectl("apply", "--filename", "-", input=json.dumps(each.crd()))
    for each in kinds:
        path = f"/apis/{each.group}/{each.version}/{each.plural}"
        eventually(lambda path=path: control_plane.api.is_ready(path), each.resource)  # type: ignore[misc]


def at(document: object, path: str) -> object:
    """Give what stands at a dotted path; None where it is not there."""
    for step in path.split("."):
        if isinstance(document, list):
            document = document[int(step)]
        else:
            document = document.get(step) if isinstance(document, dict) else None
    return document
