"""Whether what gpuclass governs is healthy, check by check; each asks the API server and judges.

Nothing is written: the webhooks are asked with a pod in a dry run. What a person may not read is a
check that failed; that nobody answers at all ends the command, and is raised.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from webhook.control import leases
from webhook.control.api import Api, ApiFailed, Object
from webhook.core import cluster, join, registration
from webhook.core.names import API_GROUP, API_VERSION, CLASS_ANNOTATION, CLASS_LABEL
from webhook.core.policy import crd
from webhook.core.policy.documents import GPUNode, GPUPolicy, Mode
from webhook.core.policy.membership import declared_by, pools_of
from webhook.core.policy.policy import Policy
from webhook.core.policy.status import DEGRADED, READY

STALE = timedelta(seconds=60)
"""A lease is renewed every few seconds; clocks may differ by a little."""

_DEPLOYMENTS = ("gpuclass", "gpuclass-controller")
_CONFIGURATIONS = ("mutatingwebhookconfigurations", "validatingwebhookconfigurations")
_PLUGINS = ("app.kubernetes.io/name=nvidia-device-plugin", "app=nvidia-device-plugin-daemonset")
"""Of NVIDIA's own chart, and of its operator."""
_REFUSED = f".{API_GROUP}"


class Verdict(StrEnum):
    """How a check ended."""

    OK = "ok"
    FAILED = "FAILED"
    ABSENT = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check: what was found, what of it is wrong in detail, and what to do."""

    name: str
    verdict: Verdict
    found: str
    details: tuple[str, ...] = ()
    next: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is checked: a cluster, its policy (None: none is sound), where gpuclass runs, now."""

    api: Api
    policy: Policy | None
    namespace: str
    now: datetime


def examine(subject: Subject) -> tuple[Check, ...]:
    """Run every check."""
    return tuple(_run(name, check, subject) for name, check in CHECKS.items())


def _run(name: str, check: Callable[[str, Subject], Check], subject: Subject) -> Check:
    try:
        return check(name, subject)
    except ApiFailed as failure:
        if not failure.status:
            raise
        return Check(
            name=name,
            verdict=Verdict.FAILED,
            found=f"can not be asked: {failure}",
            next="ask with the rights of an administrator",
        )


def _kinds(name: str, subject: Subject) -> Check:
    path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    wanted = [f"{plural}.{API_GROUP}" for plural in crd.RESOURCES]
    wrong = [
        each for each in wanted if not _holds(subject.api.get(f"{path}/{each}"), "Established")
    ]
    return _check(
        name,
        f"{len(wanted) - len(wrong)} of {len(wanted)} kinds are served",
        [f"{each} is not" for each in wrong],
        "kubectl apply --server-side -k deploy/crds",
    )


def _documents(name: str, subject: Subject) -> Check:
    stored = tuple(_stored(subject.api))
    wrong = [line for each in stored for line in _amiss(each)]
    if subject.policy is None:
        wrong.append("there is no GPUPolicy that goes together with its classes and pools")
    return _check(
        name,
        f"{len(stored)} documents",
        wrong,
        f"kubectl get {crd.CATEGORY}; kubectl apply --server-side -k policies",
    )


def _stored(api: Api) -> Iterable[Object]:
    for plural, resource in crd.RESOURCES.items():
        for each in _items(api, f"/apis/{API_GROUP}/{API_VERSION}/{plural}"):
            yield {"kind": resource.kind.__name__, **each}


def _amiss(document: Object) -> Iterable[str]:
    """Say what a document's conditions say against it; a node that has not joined yet may come."""
    place = f"{document['kind'].lower()}/{document['metadata']['name']}"
    said = {each["type"]: each for each in (document.get("status") or {}).get("conditions") or ()}
    if document["kind"] == GPUNode.__name__ and READY in said:
        return
    ready, degraded = said.get(READY), said.get(DEGRADED)
    if ready is None:
        yield f"{place}: no controller has looked at it yet"
    elif ready["status"] != "True":
        yield f"{place}: {ready['reason']}: {ready['message']}"
    elif degraded is not None and degraded["status"] == "True":
        yield f"{place}: {degraded['reason']}: {degraded['message']}"


def _programs(name: str, subject: Subject) -> Check:
    path = f"/apis/apps/v1/namespaces/{subject.namespace}/deployments"
    wrong = []
    for each in _DEPLOYMENTS:
        wanted, ready = _replicas(subject.api.get(f"{path}/{each}"))
        if ready < wanted or not wanted:
            wrong.append(f"{each}: {ready} of {wanted} replicas are available")
    return _check(
        name,
        "server and controller run",
        wrong,
        f"kubectl -n {subject.namespace} get pods; kubectl apply --server-side -k deploy/base",
    )


def _replicas(deployment: Object | None) -> tuple[int, int]:
    found = deployment or {}
    wanted = (found.get("spec") or {}).get("replicas", 0)
    return wanted, (found.get("status") or {}).get("availableReplicas", 0)


def _lease(name: str, subject: Subject) -> Check:
    path = f"/apis/coordination.k8s.io/v1/namespaces/{subject.namespace}/leases/{leases.NAME}"
    spec = (subject.api.get(path) or {}).get("spec") or {}
    holder, renewed = spec.get("holderIdentity"), spec.get("renewTime")
    wrong = []
    if not holder or not renewed:
        wrong.append("nobody holds it")
    elif subject.now - datetime.fromisoformat(renewed) > STALE:
        wrong.append(f"{holder} has not renewed it since {renewed}")
    return _check(
        name,
        f"{holder or 'nobody'} leads",
        wrong,
        f"kubectl -n {subject.namespace} logs deployment/gpuclass-controller",
    )


def _webhooks(name: str, subject: Subject) -> Check:
    missing = [each for each in _CONFIGURATIONS if not _is_registered(subject.api, each)]
    if _mode(subject) is Mode.OFF:
        return _check(
            name,
            "mode Off: nothing is registered",
            [f"there is one of {each}" for each in _CONFIGURATIONS if each not in missing],
            "kubectl get gpupolicy cluster -o yaml",
        )
    return _check(
        name,
        "registered",
        [f"none of {each} is whole" for each in missing],
        f"kubectl -n {subject.namespace} logs deployment/gpuclass-controller; is it paused?",
    )


def _is_registered(api: Api, plural: str) -> bool:
    path = f"/apis/admissionregistration.k8s.io/v1/{plural}/{registration.NAME}"
    entries = (api.get(path) or {}).get("webhooks") or ()
    return bool(entries) and all(each["clientConfig"].get("caBundle") for each in entries)


def _answer(name: str, subject: Subject) -> Check:
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
    return _check(
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


def _nodes(name: str, subject: Subject) -> Check:
    policy = subject.policy
    if policy is None:
        return Check(name=name, verdict=Verdict.ABSENT, found="no policy says which are GPU nodes")
    declared = declared_by(policy.documents)
    governed, wrong = 0, []
    for node in _items(subject.api, "/api/v1/nodes"):
        place = node["metadata"]["name"]
        marks = cluster.read_node(msgspec.Raw(msgspec.json.encode(node)))
        pools = pools_of(place, marks, policy.pools, declared)
        governed += bool(pools)
        if len(pools) > 1:
            names = ", ".join(each.name for each in pools)
            wrong.append(f"{place}: several pools have it: {names}")
        elif pools:
            wrong += [f"{place}: {each}" for each in join.shortcomings(pools[0], node)]
            wrong += [] if _holds(node, "Ready") else [f"{place}: not Ready"]
    return _check(
        name,
        f"{governed} GPU nodes" if governed else "no GPU node yet",
        wrong,
        "kubectl describe node NAME; the controller labels and taints what a pool claims",
    )


def _plugin(name: str, subject: Subject) -> Check:
    found = [
        each
        for selector in _PLUGINS
        for each in _items(subject.api, f"/apis/apps/v1/daemonsets?labelSelector={selector}")
    ]
    if not found:
        return Check(
            name=name, verdict=Verdict.ABSENT, found="no NVIDIA device plugin is installed"
        )
    counts = {_place(each): _scheduled(each) for each in found}
    wrong = [
        f"{place}: {ready} of {wanted} pods are ready"
        for place, (wanted, ready) in counts.items()
        if ready < wanted
    ]
    return _check(
        name,
        f"{', '.join(counts)} runs",
        wrong,
        "kubectl get pods -A -l " + " or -l ".join(_PLUGINS),
    )


def _scheduled(daemon_set: Object) -> tuple[int, int]:
    status = daemon_set.get("status") or {}
    return status.get("desiredNumberScheduled", 0), status.get("numberReady", 0)


def _applications(name: str, subject: Subject) -> Check:
    listed = subject.api.get("/apis/argoproj.io/v1alpha1/applications")
    if listed is None:
        return Check(name=name, verdict=Verdict.ABSENT, found="no Argo CD is installed")
    wrong = []
    for each in listed.get("items") or ():
        status = each.get("status") or {}
        sync = (status.get("sync") or {}).get("status", "Unknown")
        health = (status.get("health") or {}).get("status", "Unknown")
        if (sync, health) != ("Synced", "Healthy"):
            wrong.append(f"{_place(each)}: {sync}, {health}")
    return _check(
        name,
        f"{len(listed.get('items') or ())} Applications",
        wrong,
        "kubectl describe application -n NAMESPACE NAME",
    )


def _place(found: Object) -> str:
    return f"{found['metadata']['namespace']}/{found['metadata']['name']}"


def _items(api: Api, path: str) -> list[Object]:
    items: list[Object] = (api.get(path) or {}).get("items") or []
    return items


def _holds(found: Object | None, condition: str) -> bool:
    """Tell whether a condition of an object is True."""
    conditions = ((found or {}).get("status") or {}).get("conditions") or ()
    return any(each["type"] == condition and each["status"] == "True" for each in conditions)


def _check(name: str, found: str, wrong: Iterable[str], then: str) -> Check:
    details = tuple(wrong)
    if not details:
        return Check(name=name, verdict=Verdict.OK, found=found)
    return Check(name=name, verdict=Verdict.FAILED, found=found, details=details, next=then)


CHECKS: Mapping[str, Callable[[str, Subject], Check]] = {
    "kinds": _kinds,
    "documents": _documents,
    "programs": _programs,
    "lease": _lease,
    "webhooks": _webhooks,
    "answer": _answer,
    "nodes": _nodes,
    "device-plugin": _plugin,
    "argocd": _applications,
}
"""Each check by its name, in the order in which one thing needs another."""
