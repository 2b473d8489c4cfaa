"""Workload kinds: where their pods' annotations lie, and when those may change.

The built-in ones stand here as one table; a policy adds its own. An object is plain JSON here:
only workloads whose annotation matters ever reach this code.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TypeAlias

import msgspec

from webhook.core.errors import RequestError
from webhook.core.names import CLASS_ANNOTATION, DAEMON_SET_CONTROLLER
from webhook.core.patch import JSON
from webhook.core.paths import EACH, JSONObject, Path, at, expand, written
from webhook.core.pod import Pod
from webhook.core.review import GroupVersionKind, Request, UserInfo
from webhook.core.template import Template, template

POD_KIND = GroupVersionKind(version="v1", kind="Pod")

OPERATOR = "gpuclass:operator"
"""Stands for whoever creates the pods of a custom kind."""

_CONTAINERS = "containers"


class Update(StrEnum):
    """When the pod templates of a kind may still change."""

    ALWAYS = "Always"
    WHILE_SUSPENDED = "WhileSuspended"
    NEVER = "Never"
    ON_NEW_NAME = "OnNewName"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkloadKind:
    """One kind: where its pod templates lie, and whose annotation counts.

    `nearer` are objects between the workload and its template whose own annotation comes first
    (a CronJob's jobTemplate). `run_once` kinds keep their annotation as the truth whoever controls
    them; any other kind that has a controller is its controller's. `creator` sends its pods.
    `suspend` is the field that suspends it, `started` one that is there once it has run, `priority`
    are patterns of fields from which the priority of a gang of its pods is read.
    """

    group: str
    kind: str
    resource: str = ""
    versions: tuple[str, ...] = ("v1",)
    templates: tuple[Template, ...] = (template(("spec", "template")),)
    nearer: tuple[Path, ...] = ()
    update: Update = Update.ALWAYS
    suspend: Path = ("spec", "suspend")
    started: Path | None = None
    run_once: bool = False
    creator: str = OPERATOR
    priority: tuple[Path, ...] = ()

    @property
    def plural(self) -> str:
        """The name of its resource in the API's paths."""
        return self.resource or f"{self.kind.lower()}s"

    @property
    def is_mixed(self) -> bool:
        """Tell whether its pods may be of several sorts, some without a GPU."""
        return len(self.templates) > 1 or any(
            each.is_mixed or EACH in each.path for each in self.templates
        )


Listed: TypeAlias = Mapping[tuple[str, str], WorkloadKind]
"""Kinds by group and name."""


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
        started=("status", "startTime"),
        run_once=True,
        creator=_controller("job-controller"),
    ),
    WorkloadKind(
        group="batch",
        kind="CronJob",
        templates=(template(("spec", "jobTemplate", "spec", "template")),),
        nearer=(("spec", "jobTemplate"),),
        creator=_controller("job-controller"),
    ),
)

BUILT_IN: Listed = {(each.group, each.kind): each for each in KINDS}
NONE_LISTED: Listed = MappingProxyType({})


def find(kind: GroupVersionKind, listed: Listed = NONE_LISTED) -> WorkloadKind | None:
    """Give the row of a kind, built in or listed; None where no pod template of it is known."""
    key = (kind.group, kind.kind)
    return BUILT_IN.get(key) or listed.get(key)


def is_listed(kind: WorkloadKind) -> bool:
    """Tell whether a kind is one that a policy lists."""
    return (kind.group, kind.kind) not in BUILT_IN


def read(raw: msgspec.Raw) -> JSONObject | None:
    """Decode an object whole; None where the request has none (`null`)."""
    value: JSON = msgspec.json.decode(raw)
    if value is not None and not isinstance(value, dict):
        raise RequestError(f"expected an object, found {type(value).__name__}")
    return value


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


def templates(kind: WorkloadKind, document: JSON) -> tuple[Template, ...]:
    """Give the pod templates that an object has."""
    return tuple(
        each.bound(path)
        for each in kind.templates
        for path in expand(document, each.path)
        if isinstance(at(document, path), dict)
    )


def is_seen(template: Template, document: JSON) -> bool:
    """Tell whether an object shows what pods it makes: one that hides it has no containers."""
    return bool(at(document, (*template.spec, _CONTAINERS)))


def template_pod(template: Template, document: JSON) -> Pod:
    """Give a pod template, taken as a pod."""
    return msgspec.json.decode(_pod(template, document), type=Pod)


def _pod(template: Template, document: JSON) -> bytes:
    """Write a pod template as a pod, with metadata and spec even where it has none."""
    return msgspec.json.encode(
        {"metadata": template.metadata(document), "spec": at(document, template.spec) or {}}
    )


def pod_request(
    kind: WorkloadKind, template: Template, request: Request, document: JSON
) -> Request:
    """Give the request by which a workload's controller would create one of its pods."""
    return Request(
        uid=request.uid,
        kind=POD_KIND,
        namespace=request.namespace,
        operation="CREATE",
        user_info=UserInfo(username=kind.creator, groups=("system:serviceaccounts",)),
        object=msgspec.Raw(_pod(template, document)),
        dry_run=request.dry_run,
    )


def texts(document: JSON, patterns: tuple[Path, ...]) -> Iterator[tuple[str, str]]:
    """Give the texts that stand at some patterns, each with its path as messages write it."""
    for pattern in patterns:
        for path in expand(document, pattern):
            value = at(document, path)
            if isinstance(value, str) and value:
                yield written(path), value
