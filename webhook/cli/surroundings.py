"""What given manifests say of the cluster: nodes, namespaces, claims for devices.

`review` never asks a cluster. Where the manifests themselves hold a Namespace with its annotation,
a Node, or a ResourceClaim, decisions know of it as they would in the cluster.
"""

from collections.abc import Callable, Iterable
from typing import TypeVar

import msgspec

from webhook.cli import fields
from webhook.cli.manifests import Manifest
from webhook.core.cluster import (
    Cluster,
    read_claim,
    read_claim_template,
    read_device_class,
    read_namespace,
    read_node,
)
from webhook.core.errors import Fault

T = TypeVar("T")

_DEVICES = "resource.k8s.io"


def find(manifests: Iterable[Manifest]) -> tuple[Cluster, tuple[Fault, ...]]:
    """Give what manifests say of the cluster, and a fault for each that can not be read."""
    reader = _Reader(tuple(manifests))
    chosen = reader.each(_DEVICES, "DeviceClass", read_device_class)
    cluster = Cluster(
        nodes={name: node for (_, name), node in reader.each("", "Node", read_node).items()},
        namespaces={
            name: given for (_, name), given in reader.each("", "Namespace", read_namespace).items()
        },
        claims=reader.each(_DEVICES, "ResourceClaim", read_claim),
        claim_templates=reader.each(_DEVICES, "ResourceClaimTemplate", read_claim_template),
        extended_resources={name: each for (_, each), name in chosen.items() if name},
    )
    return cluster, tuple(reader.faults)


class _Reader:
    """Reads manifests kind by kind and keeps what is wrong with them."""

    def __init__(self, manifests: tuple[Manifest, ...]) -> None:
        self.faults: list[Fault] = []
        self._manifests = manifests

    def each(self, group: str, kind: str, read: Callable[[object], T]) -> dict[tuple[str, str], T]:
        """Read the manifests of one kind, by namespace and name."""
        found: dict[tuple[str, str], T] = {}
        for manifest in self._manifests:
            of_group = manifest.api_version.rpartition("/")[0] == group
            if not of_group or manifest.kind != kind:
                continue
            try:
                found[manifest.namespace, manifest.name] = read(manifest.value)
            except msgspec.ValidationError as error:
                path, message = fields.explain(str(error), manifest.value)
                self.faults.append(manifest.fault(path, message))
        return found
