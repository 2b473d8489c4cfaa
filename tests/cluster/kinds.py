"""The kinds that the shipped policy lists, in the shape that each maker gives them."""

from dataclasses import replace

from tests.cluster.api import Json
from tests.cluster.custom import (
    CPU,
    GPU,
    METADATA,
    OPEN,
    TEMPLATE,
    TEXTS,
    Custom,
    entries,
    fields,
    items,
)
from tests.cluster.governed.manifests import pod_spec

_INLINED: Json = {**OPEN, "properties": {"annotations": TEXTS}}
_JOB: Json = {**OPEN, "properties": {"template": TEMPLATE}}
_JOBS = items(fields(name={"type": "string"}, template=fields(spec=_JOB)))
_HEAD = {"headGroupSpec": fields(template=TEMPLATE)}
_RAY = {**_HEAD, "workerGroupSpecs": items(fields(groupName={"type": "string"}, template=TEMPLATE))}
_KUBEFLOW = {"runPolicy": fields(suspend={"type": "boolean"}, schedulingPolicy=OPEN)}

JOB_SET = Custom(
    group="jobset.x-k8s.io",
    kind="JobSet",
    version="v1alpha2",
    schema=fields(
        replicatedJobs=_JOBS, suspend={"type": "boolean"}, failurePolicy=OPEN, network=OPEN
    ),
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


def _kubeflow_job(kind: str, replicas: str, first: str, version: str = "v1") -> Custom:
    """Give a kind of the Training Operator: a map of replica specs by role."""
    return Custom(
        group="kubeflow.org",
        kind=kind,
        version=version,
        schema=fields(**{replicas: entries(fields(template=TEMPLATE))}, **_KUBEFLOW),
        spec={
            "runPolicy": {"suspend": True},
            replicas: {first: {"template": CPU}, "Worker": {"template": GPU}},
        },
        annotations=tuple(
            f"spec.{replicas}.{role}.template.metadata.annotations"
            for role in dict.fromkeys((first, "Worker"))
        ),
        cpu="" if first == "Worker" else f"spec.{replicas}.{first}.template",
        gpu=f"spec.{replicas}.Worker.template",
    )


PYTORCH_JOB = _kubeflow_job("PyTorchJob", "pytorchReplicaSpecs", "Master")
TF_JOB = _kubeflow_job("TFJob", "tfReplicaSpecs", "Chief")
XGBOOST_JOB = _kubeflow_job("XGBoostJob", "xgbReplicaSpecs", "Master")
PADDLE_JOB = _kubeflow_job("PaddleJob", "paddleReplicaSpecs", "Master")
JAX_JOB = _kubeflow_job("JAXJob", "jaxReplicaSpecs", "Worker")
MPI_JOB = _kubeflow_job("MPIJob", "mpiReplicaSpecs", "Launcher", "v2beta1")
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
    spec={
        "predictor": {"model": {"storageUri": "s3://m"}},
        "transformer": pod_spec(None),
        "explainer": pod_spec(None),
    },
    annotations=(
        "spec.predictor.annotations",
        "spec.transformer.annotations",
        "spec.explainer.annotations",
    ),
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

RAY_JOB = Custom(
    group="ray.io",
    kind="RayJob",
    schema=fields(
        suspend={"type": "boolean"}, rayClusterSpec=fields(**_RAY), submitterPodTemplate=TEMPLATE
    ),
    spec={"suspend": True, "rayClusterSpec": RAY_CLUSTER.spec, "submitterPodTemplate": CPU},
    annotations=(
        "spec.rayClusterSpec.headGroupSpec.template.metadata.annotations",
        "spec.rayClusterSpec.workerGroupSpecs.0.template.metadata.annotations",
        "spec.submitterPodTemplate.metadata.annotations",
    ),
    cpu="spec.submitterPodTemplate",
    gpu="spec.rayClusterSpec.workerGroupSpecs.0.template",
)
RAY_SERVICE = Custom(
    group="ray.io",
    kind="RayService",
    schema=fields(rayClusterConfig=fields(**_RAY)),
    spec={"rayClusterConfig": RAY_CLUSTER.spec},
    annotations=(
        "spec.rayClusterConfig.headGroupSpec.template.metadata.annotations",
        "spec.rayClusterConfig.workerGroupSpecs.0.template.metadata.annotations",
    ),
    cpu="spec.rayClusterConfig.headGroupSpec.template",
    gpu="spec.rayClusterConfig.workerGroupSpecs.0.template",
)
CRON_WORKFLOW = Custom(
    group="argoproj.io",
    kind="CronWorkflow",
    version="v1alpha1",
    schema=fields(schedules=items({"type": "string"}), workflowSpec=WORKFLOW.schema),
    spec={"schedules": ["0 0 * * *"], "workflowSpec": WORKFLOW.spec},
    annotations=("spec.workflowSpec.podMetadata.annotations",),
)
_SPARK_POD = fields(
    annotations=TEXTS,
    cores={"type": "integer"},
    gpu=fields(name={"type": "string"}, quantity={"type": "integer"}),
    # As its own schema has it: what is not checked is kept.
    template=OPEN,
)
SPARK_APPLICATION = Custom(
    group="sparkoperator.k8s.io",
    kind="SparkApplication",
    version="v1beta2",
    schema=fields(driver=_SPARK_POD, executor=_SPARK_POD),
    spec={
        "driver": {"cores": 1},
        "executor": {"cores": 4, "gpu": {"name": "nvidia.com/gpu", "quantity": 1}},
    },
    annotations=("spec.driver.annotations", "spec.executor.annotations"),
)

CHANGING = (
    JOB_SET,
    RAY_CLUSTER,
    RAY_JOB,
    RAY_SERVICE,
    PYTORCH_JOB,
    TF_JOB,
    XGBOOST_JOB,
    PADDLE_JOB,
    JAX_JOB,
    MPI_JOB,
    LEADER_WORKER_SET,
    INFERENCE_SERVICE,
    KNATIVE_SERVICE,
    TRAIN_JOB,
    CRON_WORKFLOW,
    SPARK_APPLICATION,
)
"""Kinds whose templates may change, or may while they are suspended, as these objects are."""

CUSTOM = (*CHANGING, WORKFLOW, VOLCANO_JOB, NOTEBOOK)
"""Every kind that the shipped policy lists."""

_PATCH = fields(
    manager={"type": "string"},
    time={"type": "string"},
    trainingRuntimeSpec=fields(template=fields(metadata=METADATA, spec=OPEN)),
)
PATCHED_TRAIN_JOB = replace(
    TRAIN_JOB,
    schema=fields(
        runtimeRef=OPEN,
        suspend={"type": "boolean"},
        runtimePatches={
            **items({**_PATCH, "required": ["manager"]}),
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["manager"],
        },
    ),
    annotations=("spec.runtimePatches.0.trainingRuntimeSpec.template.metadata.annotations",),
    # As its own webhook has it.
    rules=(
        "(has(oldSelf.suspend) && oldSelf.suspend) || "
        "has(self.runtimePatches) == has(oldSelf.runtimePatches) && "
        "(!has(self.runtimePatches) || self.runtimePatches == oldSelf.runtimePatches)",
    ),
)
"""A TrainJob of Trainer 2.2 or later, whose spec has no annotations; of the same API version."""

OURS: Json = {
    "manager": "gpuclass.io/webhook",
    "trainingRuntimeSpec": {"template": {"metadata": {"annotations": {"gpu-class": "training"}}}},
}
"""What it then has of us."""
