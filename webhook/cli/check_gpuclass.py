"""Checks of gpuclass itself: its kinds, documents, programs, registration, and an answer."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from webhook.cli.check import Check, Subject, Verdict, holds, items, judge
from webhook.control import configurations, leases
from webhook.control.api import Api, ApiFailed, Object
from webhook.core import registration
from webhook.core.names import API_GROUP, API_VERSION, CLASS_ANNOTATION, CLASS_LABEL
from webhook.core.policy import crd
from webhook.core.policy.documents import GPUNode, GPUPolicy, Mode
from webhook.core.policy.policy import Policy
from webhook.core.policy.status import DEGRADED, READY

STALE = timedelta(seconds=60)
"""A lease is renewed every few seconds; clocks may differ by a little."""

_DEPLOYMENTS = ("gpuclass", "gpuclass-controller")
_CONFIGURATIONS = tuple(configurations.RESOURCES.values())
_REFUSED = f".{API_GROUP}"


def kinds(name: str, subject: Subject) -> Check:
    """Ask whether our four kinds are served."""
    path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    wanted = [f"{plural}.{API_GROUP}" for plural in crd.RESOURCES]
    wrong = [each for each in wanted if not holds(subject.api.get(f"{path}/{each}"), "Established")]
    return judge(
        name,
        f"{len(wanted) - len(wrong)} of {len(wanted)} kinds are served",
        [f"{each} is not" for each in wrong],
        "kubectl apply --server-side -k deploy/crds",
    )


def documents(name: str, subject: Subject) -> Check:
    """Ask whether the documents are in force, and nothing is amiss with them."""
    stored = tuple(_stored(subject.api))
    wrong = [line for each in stored for line in _amiss(each)]
    if subject.policy is None:
        wrong.append("there is no GPUPolicy that goes together with its classes and pools")
    return judge(
        name,
        f"{len(stored)} documents",
        wrong,
        f"kubectl get {crd.CATEGORY}; kubectl apply --server-side -k policies",
    )


def _stored(api: Api) -> Iterable[Object]:
    for plural, resource in crd.RESOURCES.items():
        for each in items(api, f"/apis/{API_GROUP}/{API_VERSION}/{plural}"):
            yield {"kind": resource.kind.__name__, **each}


def _amiss(document: Object) -> Iterable[str]:
    """Say what a document's conditions say against it; a node that has not joined yet may come."""
    at = f"{document['kind'].lower()}/{document['metadata']['name']}"
    said = {each["type"]: each for each in (document.get("status") or {}).get("conditions") or ()}
    if document["kind"] == GPUNode.__name__ and READY in said:
        return
    ready, degraded = said.get(READY), said.get(DEGRADED)
    if ready is None:
        yield f"{at}: no controller has looked at it yet"
    elif ready["status"] != "True":
        yield f"{at}: {ready['reason']}: {ready['message']}"
    elif degraded is not None and degraded["status"] == "True":
        yield f"{at}: {degraded['reason']}: {degraded['message']}"


def programs(name: str, subject: Subject) -> Check:
    """Ask whether server and controller have the replicas that they should."""
    path = f"/apis/apps/v1/namespaces/{subject.namespace}/deployments"
    wrong = []
    for each in _DEPLOYMENTS:
        wanted, ready = _replicas(subject.api.get(f"{path}/{each}"))
        if ready < wanted or not wanted:
            wrong.append(f"{each}: {ready} of {wanted} replicas are available")
    return judge(
        name,
        "server and controller run",
        wrong,
        f"kubectl -n {subject.namespace} get pods; kubectl apply --server-side -k deploy/base",
    )


def _replicas(deployment: Object | None) -> tuple[int, int]:
    found = deployment or {}
    wanted = (found.get("spec") or {}).get("replicas", 0)
    return wanted, (found.get("status") or {}).get("availableReplicas", 0)


def lease(name: str, subject: Subject) -> Check:
    """Ask whether a controller leads."""
    path = f"/apis/coordination.k8s.io/v1/namespaces/{subject.namespace}/leases/{leases.NAME}"
    spec = (subject.api.get(path) or {}).get("spec") or {}
    holder, renewed = spec.get("holderIdentity"), spec.get("renewTime")
    wrong = []
    if not holder or not renewed:
        wrong.append("nobody holds it")
    elif subject.now - datetime.fromisoformat(renewed) > STALE:
        wrong.append(f"{holder} has not renewed it since {renewed}")
    return judge(
        name,
        f"{holder or 'nobody'} leads",
        wrong,
        f"kubectl -n {subject.namespace} logs deployment/gpuclass-controller",
    )


def webhooks(name: str, subject: Subject) -> Check:
    """Ask whether the webhooks are registered, or are not where the policy is off."""
    missing = [each for each in _CONFIGURATIONS if not _is_registered(subject.api, each)]
    if _mode(subject) is Mode.OFF:
        return judge(
            name,
            "mode Off: nothing is registered",
            [f"there is one of {each}" for each in _CONFIGURATIONS if each not in missing],
            "kubectl get gpupolicy cluster -o yaml",
        )
    return judge(
        name,
        "registered",
        [f"none of {each} is whole" for each in missing],
        f"kubectl -n {subject.namespace} logs deployment/gpuclass-controller; is it paused?",
    )


def _is_registered(api: Api, plural: str) -> bool:
    path = f"/apis/admissionregistration.k8s.io/v1/{plural}/{registration.NAME}"
    entries = (api.get(path) or {}).get("webhooks") or ()
    return bool(entries) and all(each["clientConfig"].get("caBundle") for each in entries)


def answer(name: str, subject: Subject) -> Check:
    """Ask for a GPU pod that is not kept: what comes back shows who had it in hand."""
    mode = _mode(subject)
    if subject.policy is None or not subject.policy.classes or mode in {Mode.OFF, Mode.AUDIT}:
        found = f"mode {mode}: pods are left as they are" if mode else "no policy to ask about"
        return Check(name=name, verdict=Verdict.ABSENT, found=found)
    wrong = []
    wanted = subject.policy.default_class or min(subject.policy.classes)
    try:
        path = "/api/v1/namespaces/default/pods"
        pod = subject.api.send("POST", path, _pod(wanted, subject.policy), query={"dryRun": "All"})
        if CLASS_LABEL not in (pod["metadata"].get("labels") or {}):
            wrong.append(f"a pod of class {wanted} came back as it was")
    except ApiFailed as failure:
        if not failure.status:
            raise
        if f'{_REFUSED}" denied the request' not in str(failure):
            wrong.append(str(failure))
    return judge(
        name,
        f"a pod of class {wanted} is placed (dry run)",
        wrong,
        f"kubectl -n {subject.namespace} logs deployment/gpuclass",
    )


def _pod(wanted: str, policy: Policy) -> Object:
    listed = [
        each
        for kind in policy.documents
        if isinstance(kind, GPUPolicy)
        for each in kind.gpu_resources
    ]
    resource = next((each for each in listed if "*" not in each), "nvidia.com/gpu")
    amounts = {"cpu": "1", "memory": "1Gi", resource: "1"}
    container = {"name": "probe", "image": "probe", "resources": {"limits": amounts}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "generateName": "gpuclass-verify-",
            "annotations": {CLASS_ANNOTATION: wanted},
        },
        "spec": {"containers": [container]},
    }


def _mode(subject: Subject) -> Mode | None:
    return subject.policy.mode if subject.policy else None
