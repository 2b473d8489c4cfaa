"""What the API server says beside the policy's documents: nodes, namespaces, claims for devices.

A `Cluster` is a value that never changes; whoever watches hands out a new one. Objects are read to
just the fields that decisions look at. Where nobody watches (files only) it is empty, and every
question about it is answered as "not known". It decides nothing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar

import msgspec

T = TypeVar("T")

NamespacedName: TypeAlias = tuple[str, str]
"""Namespace and name."""


class _Object(msgspec.Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """A JSON object of the Kubernetes API; lists and maps may be absent or null."""


class Taint(_Object, frozen=True):
    """core/v1 Taint."""

    key: str
    value: str = ""
    effect: str = ""


class Node(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """core/v1 Node: by what pods are let on it or kept off."""

    labels: Mapping[str, str] = {}
    taints: tuple[Taint, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """What is known; each part by name.

    `namespaces` has their annotations; `claims` and `claim_templates` the DeviceClasses that a
    ResourceClaim or ResourceClaimTemplate asks for (resource.k8s.io, KEP-4381);
    `extended_resources` the DeviceClass of each `spec.extendedResourceName` (KEP-5004).
    `is_whole` says that all of it is watched: what is not here is not there, or for a moment only.
    """

    nodes: Mapping[str, Node] = field(default_factory=dict)
    namespaces: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    claims: Mapping[NamespacedName, frozenset[str]] = field(default_factory=dict)
    claim_templates: Mapping[NamespacedName, frozenset[str]] = field(default_factory=dict)
    extended_resources: Mapping[str, str] = field(default_factory=dict)
    is_whole: bool = False

    def annotation(self, namespace: str, key: str) -> str | None:
        """Give an annotation of a namespace; None where it has none or is not known."""
        return self.namespaces.get(namespace, {}).get(key)


UNKNOWN = Cluster()
"""Nothing is known."""


class _ObjectMeta(_Object, frozen=True):
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None


class _NodeSpec(_Object, frozen=True):
    taints: tuple[Taint, ...] | None = None


class _Node(_Object, frozen=True):
    metadata: _ObjectMeta = _ObjectMeta()
    spec: _NodeSpec = _NodeSpec()


class _Namespace(_Object, frozen=True):
    metadata: _ObjectMeta = _ObjectMeta()


class _DeviceRequest(_Object, frozen=True):
    """A request for devices: `exactly` or `firstAvailable` (v1), or the fields here (v1beta1)."""

    device_class_name: str = ""
    admin_access: bool | None = None
    exactly: "_DeviceRequest | None" = None
    first_available: "tuple[_DeviceRequest, ...] | None" = None


class _Devices(_Object, frozen=True):
    requests: tuple[_DeviceRequest, ...] | None = None


class _ClaimSpec(_Object, frozen=True):
    devices: _Devices = _Devices()


class _Claim(_Object, frozen=True):
    spec: _ClaimSpec = _ClaimSpec()


class _ClaimTemplate(_Object, frozen=True):
    spec: _Claim = _Claim()


class _DeviceClassSpec(_Object, frozen=True):
    extended_resource_name: str | None = None


class _DeviceClass(_Object, frozen=True):
    spec: _DeviceClassSpec = _DeviceClassSpec()


def read_node(value: object) -> Node:
    """Read a Node, out of JSON or of what it was decoded to; the same holds for those below.

    Raises msgspec.ValidationError for one that no API server has.
    """
    found = _read(value, _Node)
    return Node(labels=found.metadata.labels or {}, taints=found.spec.taints or ())


def read_namespace(value: object) -> Mapping[str, str]:
    """Read the annotations of a Namespace; errors as `read_node`."""
    return _read(value, _Namespace).metadata.annotations or {}


def read_claim(value: object) -> frozenset[str]:
    """Read which DeviceClasses a ResourceClaim asks for; errors as `read_node`.

    A request with adminAccess watches devices and takes none (KEP-5018).
    """
    return _device_classes(_read(value, _Claim))


def read_claim_template(value: object) -> frozenset[str]:
    """Read which DeviceClasses the claims of a ResourceClaimTemplate ask for."""
    return _device_classes(_read(value, _ClaimTemplate).spec)


def read_device_class(value: object) -> str | None:
    """Read the extended resource name by which pods may ask for a DeviceClass, if it has one."""
    return _read(value, _DeviceClass).spec.extended_resource_name


def _read(value: object, kind: type[T]) -> T:
    if isinstance(value, msgspec.Raw):
        return msgspec.json.decode(value, type=kind)
    return msgspec.convert(value, kind)


def _device_classes(claim: _Claim) -> frozenset[str]:
    asked = (
        each for request in claim.spec.devices.requests or () for each in _alternatives(request)
    )
    return frozenset(each.device_class_name for each in asked if not each.admin_access)


def _alternatives(request: _DeviceRequest) -> Iterator[_DeviceRequest]:
    """Give what a request would take, any of it."""
    if request.first_available:
        yield from request.first_available
    elif request.exactly or request.device_class_name:
        yield request.exactly or request
