"""Workload kinds as one table, and the way to a pod template inside an object.

An object is plain JSON here: only workloads whose annotation matters ever reach this code. Values
are replaced, never changed in place, and parents that are missing are made.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

import msgspec

from webhook.core.errors import RequestError
from webhook.core.names import CLASS_ANNOTATION, DAEMON_SET_CONTROLLER
from webhook.core.patch import JSON
from webhook.core.pod import Pod
from webhook.core.review import GroupVersionKind, Request, UserInfo

JSONObject: TypeAlias = dict[str, JSON]
Path: TypeAlias = tuple[str, ...]

POD_KIND = GroupVersionKind(version="v1", kind="Pod")


class Update(Enum):
    """When the pod template of a kind may still change."""

    ALWAYS = "always"
    WHILE_SUSPENDED = "while suspended, before the first start"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkloadKind:
    """One kind: where its pod template lies, and whose annotation counts.

    `nearer` are objects between the workload and its template whose own annotation comes first
    (a CronJob's jobTemplate). `run_once` kinds keep their annotation as the truth whoever controls
    them; any other kind that has a controller is its controller's. `creator` sends its pods.
    """

    group: str
    kind: str
    template: Path = ("spec", "template")
    nearer: tuple[Path, ...] = ()
    update: Update = Update.ALWAYS
    run_once: bool = False
    creator: str


def _controller(name: str) -> str:
    return f"system:serviceaccount:kube-system:{name}"


KINDS = (
    WorkloadKind(group="apps", kind="Deployment", creator=_controller("replicaset-controller")),
    WorkloadKind(group="apps", kind="ReplicaSet", creator=_controller("replicaset-controller")),
    WorkloadKind(group="apps", kind="StatefulSet", creator=_controller("statefulset-controller")),
    WorkloadKind(group="apps", kind="DaemonSet", creator=DAEMON_SET_CONTROLLER),
    WorkloadKind(
        group="",
        kind="ReplicationController",
        creator=_controller("replication-controller"),
    ),
    WorkloadKind(
        group="batch",
        kind="Job",
        update=Update.WHILE_SUSPENDED,
        run_once=True,
        creator=_controller("job-controller"),
    ),
    WorkloadKind(
        group="batch",
        kind="CronJob",
        template=("spec", "jobTemplate", "spec", "template"),
        nearer=(("spec", "jobTemplate"),),
        creator=_controller("job-controller"),
    ),
)

_TABLE: Mapping[tuple[str, str], WorkloadKind] = {(each.group, each.kind): each for each in KINDS}


def find(kind: GroupVersionKind) -> WorkloadKind | None:
    """Give the row of a kind, None where it has no pod template that we know."""
    return _TABLE.get((kind.group, kind.kind))


def read(raw: msgspec.Raw) -> JSONObject | None:
    """Decode an object whole; None where the request has none (`null`)."""
    value: JSON = msgspec.json.decode(raw)
    if value is not None and not isinstance(value, dict):
        raise RequestError(f"expected an object, found {type(value).__name__}")
    return value


def at(document: JSON, path: Path) -> JSON:
    """Give the value at a path, None where it or a parent of it is absent."""
    for step in path:
        if not isinstance(document, dict):
            return None
        document = document.get(step)
    return document


def put(document: JSON, path: Path, value: JSON) -> JSONObject:
    """Give the document with a value at a path; missing and null parents are made."""
    step, *rest = path
    fields = dict(document) if isinstance(document, dict) else {}
    fields[step] = put(fields.get(step), tuple(rest), value) if rest else value
    return fields


def drop(document: JSON, path: Path) -> JSONObject:
    """Give the document without the value at a path, nor the map that held nothing else."""
    step, *rest = path
    fields = dict(document) if isinstance(document, dict) else {}
    left = drop(fields.get(step), tuple(rest)) if len(rest) > 1 else at(fields.get(step), ())
    if len(rest) == 1 and isinstance(left, dict):
        left = {key: value for key, value in left.items() if key != rest[0]}
    fields[step] = left
    return fields if left else {key: value for key, value in fields.items() if key != step}


def annotation(document: JSON, owner: Path = (), key: str = CLASS_ANNOTATION) -> str | None:
    """Give an annotation of the object at a path; None where it has none."""
    value = at(document, (*owner, "metadata", "annotations", key))
    return value if isinstance(value, str) else None


def controller(document: JSON) -> str | None:
    """Give `Kind name` of the controller that owns an object, None where it has none."""
    owners = at(document, ("metadata", "ownerReferences"))
    for owner in owners if isinstance(owners, list) else ():
        if isinstance(owner, dict) and owner.get("controller") is True:
            return f"{owner.get('kind')} {owner.get('name')}"
    return None


def template_pod(kind: WorkloadKind, document: JSONObject) -> Pod:
    """Give the pod template of a workload, taken as a pod."""
    return msgspec.json.decode(_pod(kind, document), type=Pod)


def _pod(kind: WorkloadKind, document: JSONObject) -> bytes:
    """Write the pod template as a pod, with metadata and spec even where it has none."""
    template = at(document, kind.template)
    fields = template if isinstance(template, dict) else {}
    parts = {part: fields.get(part) or {} for part in ("metadata", "spec")}
    return msgspec.json.encode(parts)


def pod_request(kind: WorkloadKind, request: Request, document: JSONObject) -> Request:
    """Give the request by which a workload's controller would create one of its pods."""
    return Request(
        uid=request.uid,
        kind=POD_KIND,
        namespace=request.namespace,
        operation="CREATE",
        user_info=UserInfo(username=kind.creator, groups=("system:serviceaccounts",)),
        object=msgspec.Raw(_pod(kind, document)),
        dry_run=request.dry_run,
    )
