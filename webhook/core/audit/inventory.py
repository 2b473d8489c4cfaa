"""What is looked at, as values: nodes, namespaces, DaemonSets, and pods one by one.

Of an object just what findings need is kept. Pods may be a stream: a cluster has ten thousands of
them, and each is looked at once. Field names are those of the API.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

import msgspec

from webhook.core.cluster import UNKNOWN, Cluster, NamespacedName
from webhook.core.node_filter import Candidate
from webhook.core.pod import ENDED, Pod

T = TypeVar("T")


class _Wire(msgspec.Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """A JSON object of the Kubernetes API; lists and maps may be absent or null."""


class Owner(_Wire, frozen=True):
    """meta/v1 OwnerReference, with what tells an object from a later one of its name."""

    kind: str = ""
    name: str = ""
    uid: str = ""
    controller: bool | None = None


class _Metadata(_Wire, frozen=True):
    name: str = ""
    namespace: str = ""
    uid: str = ""
    creation_timestamp: datetime | None = None
    deletion_timestamp: str | None = None
    annotations: dict[str, str] | None = None
    owner_references: tuple[Owner, ...] | None = None


class _Condition(_Wire, frozen=True):
    type: str = ""
    status: str = ""
    reason: str = ""
    message: str = ""


class _PodStatus(_Wire, frozen=True):
    phase: str = ""
    conditions: tuple[_Condition, ...] | None = None


class _Pod(_Wire, frozen=True):
    metadata: _Metadata = _Metadata()
    status: _PodStatus = _PodStatus()


class _DaemonSetSpec(_Wire, frozen=True):
    template: Pod = Pod()


class _DaemonSet(_Wire, frozen=True):
    metadata: _Metadata = _Metadata()
    spec: _DaemonSetSpec = _DaemonSetSpec()


class StoredPod(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A pod of the cluster: its spec, who controls it, and how it fares.

    `unscheduled` is the reason and the message of the scheduler, where it has said something.
    """

    pod: Pod
    name: str
    namespace: str
    owner: Owner | None = None
    is_over: bool = False
    created: datetime | None = None
    unscheduled: tuple[str, str] = ("", "")


class DaemonSet(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An apps/v1 DaemonSet: its template taken as a pod, and its own annotations."""

    uid: str
    template: Pod
    annotations: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """A cluster. `daemon_sets` is None where they could not be read.

    `cluster` has namespaces and claims for devices; its nodes are those of `nodes`.
    """

    nodes: tuple[Candidate, ...]
    pods: Iterable[StoredPod] = ()
    daemon_sets: Mapping[NamespacedName, DaemonSet] | None = field(default_factory=dict)
    cluster: Cluster = UNKNOWN


def read_pod(value: object) -> StoredPod:
    """Read a Pod, out of JSON or of what it was decoded to; the same holds for those below.

    Raises msgspec.ValidationError for one that no API server has.
    """
    found, pod = _read(value, _Pod), _read(value, Pod)
    metadata, status = found.metadata, found.status
    owners = metadata.owner_references or ()
    return StoredPod(
        pod=pod,
        name=metadata.name,
        namespace=metadata.namespace,
        owner=next((each for each in owners if each.controller), None),
        is_over=status.phase in ENDED or metadata.deletion_timestamp is not None,
        created=metadata.creation_timestamp,
        unscheduled=next(
            (
                (each.reason, each.message)
                for each in status.conditions or ()
                if each.type == "PodScheduled" and each.status == "False"
            ),
            ("", ""),
        ),
    )


def read_daemon_set(value: object) -> DaemonSet:
    """Read a DaemonSet; errors as `read_pod`."""
    found = _read(value, _DaemonSet)
    return DaemonSet(
        uid=found.metadata.uid,
        template=found.spec.template,
        annotations=found.metadata.annotations or {},
    )


def _read(value: object, kind: type[T]) -> T:
    if isinstance(value, msgspec.Raw):
        return msgspec.json.decode(value, type=kind)
    return msgspec.convert(value, kind)
