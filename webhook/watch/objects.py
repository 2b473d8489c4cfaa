"""Which resources of the API server are watched, and what is kept of their objects.

What an object means is the core's business; here stand the paths, and the way from bytes to it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from sys import intern
from typing import Any

import msgspec

from webhook.core import cluster
from webhook.core.cluster import Node
from webhook.core.errors import Fault
from webhook.core.names import API_GROUP, API_VERSION
from webhook.core.policy import decode
from webhook.core.policy.choices import PreemptionPolicy
from webhook.core.policy.crd.definitions import RESOURCES as OWN_RESOURCES
from webhook.core.policy.documents import Document, PriorityClass
from webhook.watch.resource import Resource

LINGER_SECONDS = 0.5
"""How long a document that was deleted may take to come back before it is missed."""
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A document as it is in the API server, or what is wrong with it."""

    document: Document | None
    faults: tuple[Fault, ...] = ()


class _PriorityClass(msgspec.Struct, frozen=True, rename="camel"):
    """scheduling.k8s.io/v1 PriorityClass, whose fields the API server has checked."""

    class Metadata(msgspec.Struct, frozen=True):
        """Its metadata."""

        name: str

    metadata: Metadata
    value: int
    global_default: bool = False
    preemption_policy: PreemptionPolicy = PreemptionPolicy.PREEMPT_LOWER_PRIORITY


_read_object = msgspec.json.Decoder(dict[str, object]).decode
_read_priority_class = msgspec.json.Decoder(_PriorityClass).decode


def read_document(raw: msgspec.Raw) -> Written:
    """Read an object of our own kinds; faults name it as kubectl does, `gpuclass/training`."""
    value = _read_object(raw)
    metadata = value.get("metadata")
    name = metadata.get("name") if isinstance(metadata, Mapping) else None
    document, faults = decode.read_object(value, f"{str(value.get('kind')).lower()}/{name}")
    return Written(document=document, faults=faults)


def read_priority_class(raw: msgspec.Raw) -> Written:
    """Read a PriorityClass; Kubernetes' own are nothing that a GPUClass may name."""
    found = _read_priority_class(raw)
    name = found.metadata.name
    if name.startswith("system-"):
        return Written(document=None)
    document = PriorityClass(
        name=name,
        value=found.value,
        global_default=found.global_default,
        preemption_policy=found.preemption_policy,
        source=f"priorityclass/{name}",
    )
    return Written(document=document)


def read_node(raw: msgspec.Raw) -> Node:
    """Read a Node; what thousands of nodes say alike is kept once."""
    found = cluster.read_node(raw)
    return Node(labels=_interned(found.labels), taints=found.taints)


def read_namespace(raw: msgspec.Raw) -> Mapping[str, str]:
    """Read the annotations of a Namespace but the copy of itself that kubectl leaves."""
    found = cluster.read_namespace(raw)
    return _interned({key: value for key, value in found.items() if key != LAST_APPLIED})


def _interned(values: Mapping[str, str]) -> dict[str, str]:
    return {intern(key): intern(value) for key, value in values.items()}


_OWN = f"/apis/{API_GROUP}/{API_VERSION}"


def _devices(name: str, version: str = "v1") -> str:
    return f"/apis/resource.k8s.io/{version}/{name}"


def _older_devices(name: str) -> tuple[str, ...]:
    """Give where Kubernetes 1.33 and 1.32 have them, if the feature is turned on there."""
    return (_devices(name, "v1beta2"), _devices(name, "v1beta1"))


DOCUMENTS: tuple[Resource[Written], ...] = (
    *(
        Resource(name=name, path=f"{_OWN}/{name}", read=read_document, linger=LINGER_SECONDS)
        for name in OWN_RESOURCES
    ),
    Resource(
        name="priorityclasses",
        path="/apis/scheduling.k8s.io/v1/priorityclasses",
        read=read_priority_class,
        linger=LINGER_SECONDS,
    ),
)
"""The resources that a policy is compiled from."""

DEVICE_CLASSES = Resource(
    name="deviceclasses",
    path=_devices("deviceclasses"),
    older=_older_devices("deviceclasses"),
    read=cluster.read_device_class,
    is_optional=True,
)

OBSERVED: tuple[Resource[Any], ...] = (
    Resource(name="nodes", path="/api/v1/nodes", read=read_node),
    Resource(name="namespaces", path="/api/v1/namespaces", read=read_namespace),
    Resource(
        name="resourceclaims",
        path=_devices("resourceclaims"),
        older=_older_devices("resourceclaims"),
        read=cluster.read_claim,
        is_optional=True,
        is_namespaced=True,
    ),
    Resource(
        name="resourceclaimtemplates",
        path=_devices("resourceclaimtemplates"),
        older=_older_devices("resourceclaimtemplates"),
        read=cluster.read_claim_template,
        is_optional=True,
        is_namespaced=True,
    ),
    DEVICE_CLASSES,
)
"""What else decisions look at; claims for devices are served from Kubernetes 1.32 on, in 1.32 and
1.33 where their feature gate is on."""

RESOURCES: tuple[Resource[Any], ...] = (*DOCUMENTS, *OBSERVED)
"""Everything that is watched."""
