"""What audit looks at, taken once from an API server or a dump: nodes, agents, claims, and pods.

Pods are a stream: a page is read when those before it were looked at. What somebody may not read
of the rest is not known, which findings take into account.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol, TypeVar

import msgspec

from webhook.core.audit.inventory import (
    DaemonSet,
    Inventory,
    StoredPod,
    read_daemon_set,
    read_pod,
)
from webhook.core.cluster import Cluster
from webhook.core.node_filter import Candidate, read_candidate
from webhook.watch.listing import RefusedError
from webhook.watch.objects import OBSERVED
from webhook.watch.resource import Resource
from webhook.watch.wire import Key

T = TypeVar("T")


def _read_node(raw: msgspec.Raw) -> Candidate:
    return read_candidate(msgspec.json.decode(raw))


NODES: Resource[Candidate] = Resource(name="nodes", path="/api/v1/nodes", read=_read_node)
PODS: Resource[StoredPod] = Resource(
    name="pods", path="/api/v1/pods", read=read_pod, is_namespaced=True
)
DAEMON_SETS: Resource[DaemonSet] = Resource(
    name="daemonsets", path="/apis/apps/v1/daemonsets", read=read_daemon_set, is_namespaced=True
)
_, NAMESPACES, CLAIMS, CLAIM_TEMPLATES, DEVICE_CLASSES = OBSERVED

RESOURCES: tuple[Resource[Any], ...] = (
    NODES,
    NAMESPACES,
    DAEMON_SETS,
    CLAIMS,
    CLAIM_TEMPLATES,
    DEVICE_CLASSES,
    PODS,
)
"""Everything that is read: the rights that audit needs."""


class Source(Protocol):
    """What is asked: an API server (`listing.Listing`), or a dump."""

    def each(self, resource: Resource[T]) -> Iterable[tuple[Key, T]]:
        """Give the objects of a resource; RefusedError where it gives none."""


def take(source: Source) -> Inventory:
    """Read all but the pods, which the inventory gives as it is asked for them.

    Raises RefusedError where nodes can not be read, and while pods are asked for.
    """
    extended = (_known(source, DEVICE_CLASSES) or {}).items()
    return Inventory(
        nodes=tuple(node for _, node in source.each(NODES)),
        pods=_pods(source),
        daemon_sets=_known(source, DAEMON_SETS),
        cluster=Cluster(
            namespaces={
                name: annotations
                for (_, name), annotations in (_known(source, NAMESPACES) or {}).items()
            },
            claims=_known(source, CLAIMS) or {},
            claim_templates=_known(source, CLAIM_TEMPLATES) or {},
            extended_resources={resource: name for (_, name), resource in extended if resource},
        ),
    )


def _pods(source: Source) -> Iterator[StoredPod]:
    for _, pod in source.each(PODS):
        yield pod


def _known(source: Source, resource: Resource[T]) -> Mapping[Key, T] | None:
    """Give what can be read; None where the right is missing, or the kind is not served."""
    try:
        return dict(source.each(resource))
    except RefusedError as error:
        if error.is_absence:
            return None
        raise
