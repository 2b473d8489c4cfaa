"""The reviews that both servers are asked: GPU pods as an API server sends them.

Each is a whole pod with what admission has filled in, about 4 KB. They differ in what a decision
has to do: from nothing but adding, to joining with affinity and tolerations of the pod's own.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

from webhook.core import final_state
from webhook.core.patch import JSON

Object: TypeAlias = dict[str, object]

UNLIKE = 3 * final_state.MOST

_EXISTS: Object = {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}
_SECONDS = [
    {"key": f"node.kubernetes.io/{key}", "operator": "Exists", "effect": "NoExecute"}
    for key in ("not-ready", "unreachable")
]
_DEFAULTED: list[object] = [{**each, "tolerationSeconds": 300} for each in _SECONDS]


def reviews() -> dict[str, bytes]:
    """Give the AdmissionReviews by name, as bytes."""
    pods = {
        "training": pod("training", {}),
        "training-trainer": pod("training", {"priorityClassName": "batch-low"}),
        "production-two-terms": pod("production", {"affinity": _affinity()}),
        "development-tolerates": pod(
            "development", {"tolerations": [_EXISTS, *_DEFAULTED], "nodeSelector": {"zone": "a"}}
        ),
        "default": pod(None, {"tolerations": [{"key": "zone", "value": "a"}, *_DEFAULTED]}),
    }
    return {name: review(number, each) for number, (name, each) in enumerate(pods.items())}


def unlike() -> dict[str, bytes]:
    """Give more reviews than a policy remembers final states, no two alike in what places a pod."""
    own = ({"key": "run", "operator": "Equal", "value": f"fit-{each}"} for each in range(UNLIKE))
    pods = (pod("training", {"tolerations": [toleration, *_DEFAULTED]}) for toleration in own)
    return {f"{number:04}": review(number % 10, each) for number, each in enumerate(pods)}


def write(folder: Path, reviews: Mapping[str, bytes]) -> None:
    """Write reviews into a new folder, as the load generator reads them."""
    folder.mkdir()
    for name, review in reviews.items():
        (folder / f"{name}.json").write_bytes(review)


def pod_of(review: bytes) -> JSON:
    """Give the pod that a review is about."""
    pod: JSON = json.loads(review)["request"]["object"]
    return pod


def review(number: int, sent: Object, **others: object) -> bytes:
    """Put a pod into the review that an API server would send, `others` over its request."""
    kind = {"group": "", "version": "v1", "kind": "Pod"}
    resource = {"group": "", "version": "v1", "resource": "pods"}
    request = {
        "uid": f"705ab4f5-6393-11e8-b7cc-42010a80000{number}",
        "kind": kind,
        "resource": resource,
        "requestKind": kind,
        "requestResource": resource,
        "namespace": "team-blue",
        "operation": "CREATE",
        "userInfo": {
            "username": "system:serviceaccount:kube-system:job-controller",
            "uid": "1a2b3c4d-0000-4000-8000-000000000001",
            "groups": ["system:serviceaccounts", "system:serviceaccounts:kube-system"],
        },
        "object": sent,
        "oldObject": None,
        "dryRun": False,
        "options": {"kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1"},
        **others,
    }
    whole = {"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": request}
    return json.dumps(whole, separators=(",", ":")).encode()


def pod(gpu_class: str | None, spec: Object) -> Object:
    """Give a pod of a Job that asks for a GPU, with `spec` over what it has by default."""
    annotations: Object = {"team.example.com/cost-centre": "4711"}
    if gpu_class is not None:
        annotations["gpu-class"] = gpu_class
    labels = {
        "app.kubernetes.io/name": "fit",
        "batch.kubernetes.io/controller-uid": "c6b4a1a2-4f7c-4b07-9c4b-6a3d5a0f7d11",
        "batch.kubernetes.io/job-name": "fit-resnet",
    }
    metadata: Object = {
        "generateName": "fit-resnet-",
        "namespace": "team-blue",
        "creationTimestamp": None,
        "labels": labels,
        "annotations": annotations,
        "ownerReferences": [
            {
                "apiVersion": "batch/v1",
                "kind": "Job",
                "name": "fit-resnet",
                "uid": "c6b4a1a2-4f7c-4b07-9c4b-6a3d5a0f7d11",
                "controller": True,
                "blockOwnerDeletion": True,
            }
        ],
        "managedFields": [_managed()],
    }
    whole: Object = {
        "volumes": [_token(), {"name": "data", "persistentVolumeClaim": {"claimName": "imagenet"}}],
        "containers": [container("fit", "8"), container("metrics", None)],
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": 30,
        "dnsPolicy": "ClusterFirst",
        "serviceAccountName": "default",
        "serviceAccount": "default",
        "securityContext": {"runAsNonRoot": True, "fsGroup": 1000},
        "schedulerName": "default-scheduler",
        "tolerations": _DEFAULTED,
        "priority": 0,
        "enableServiceLinks": True,
        "preemptionPolicy": "PreemptLowerPriority",
    }
    return {"kind": "Pod", "apiVersion": "v1", "metadata": metadata, "spec": {**whole, **spec}}


def container(name: str, gpus: str | None) -> Object:
    """Give a container of a pod, with GPUs or (None) without."""
    amounts: Object = {"cpu": "8", "memory": "64Gi"}
    if gpus:
        amounts["nvidia.com/gpu"] = gpus
    mount = "/var/run/secrets/kubernetes.io/serviceaccount"
    return {
        "name": name,
        "image": f"registry.example/{name}:3",
        "command": ["python", "-m", name],
        "args": ["--epochs=90", "--batch=256", "--data=/data"],
        "env": [
            {"name": "NCCL_DEBUG", "value": "WARN"},
            {"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        ],
        "resources": {"limits": amounts, "requests": {**amounts}},
        "volumeMounts": [
            {"name": "data", "mountPath": "/data"},
            {"name": "kube-api-access-x7v2p", "readOnly": True, "mountPath": mount},
        ],
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        "imagePullPolicy": "IfNotPresent",
    }


def _token() -> Object:
    token = {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}}
    items = [{"key": "ca.crt", "path": "ca.crt"}]
    authority = {"configMap": {"name": "kube-root-ca.crt", "items": items}}
    return {
        "name": "kube-api-access-x7v2p",
        "projected": {"sources": [token, authority], "defaultMode": 420},
    }


def _managed() -> Object:
    containers: Object = {
        'k:{"name":"fit"}': {".": {}, "f:image": {}, "f:resources": {"f:limits": {}}}
    }
    fields = {
        "f:metadata": {"f:labels": {".": {}, "f:app.kubernetes.io/name": {}}},
        "f:spec": {"f:containers": containers, "f:restartPolicy": {}},
    }
    return {
        "manager": "kube-controller-manager",
        "operation": "Update",
        "apiVersion": "v1",
        "time": "2026-01-01T00:00:00Z",
        "fieldsType": "FieldsV1",
        "fieldsV1": fields,
    }


def _affinity() -> Object:
    terms = [
        {"matchExpressions": [{"key": "zone", "operator": "In", "values": [zone]}]}
        for zone in ("a", "b")
    ]
    spread = {
        "weight": 10,
        "preference": {"matchExpressions": [{"key": "disk", "operator": "Exists"}]},
    }
    return {
        "nodeAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms},
            "preferredDuringSchedulingIgnoredDuringExecution": [spread],
        }
    }
