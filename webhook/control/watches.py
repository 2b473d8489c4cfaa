"""What the controller follows: what rings the leader's bell, and what its duties look at."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

import msgspec

from webhook.control import secrets
from webhook.control.api import Object
from webhook.control.configurations import RESOURCES
from webhook.control.inventory import NODES, PODS, Inventory, Machine
from webhook.core import registration
from webhook.core.names import API_GROUP, API_VERSION
from webhook.core.policy import crd
from webhook.watch import wire
from webhook.watch.reflector import Api, Reflector
from webhook.watch.resource import Resource

T = TypeVar("T")

_OWN = f"/apis/{API_GROUP}/{API_VERSION}"
_POLICIES = "gpupolicies"


class Watches:
    """Some reflectors that begin and end together."""

    def __init__(self, reflectors: Iterable[Reflector[Any]]) -> None:
        """Take them; nothing runs before `start`."""
        self._all = tuple(reflectors)

    def start(self) -> None:
        """Begin to follow."""
        for each in self._all:
            each.start()

    def stop(self) -> None:
        """End every thread."""
        for each in self._all:
            each.stop()
        for each in self._all:
            each.join()


class Bells(Watches):
    """Watches the Secrets, the configurations and the namespace, each by its name."""

    def __init__(self, api: Api, namespace: str, ring: Callable[[], None]) -> None:
        """Call `ring` after each change."""
        super().__init__(Reflector(each, api, ring) for each in _watched(namespace))


class ObjectWatch(Watches):
    """Follows the objects of our own kinds as they are."""

    def __init__(self, api: Api, ring: Callable[[], None]) -> None:
        """Call `ring` after each change."""
        self._reflectors = {
            name: Reflector(Resource(name=name, path=f"{_OWN}/{name}", read=_object), api, ring)
            for name in crd.RESOURCES
        }
        super().__init__(self._reflectors.values())

    def policies(self) -> Mapping[str, Object] | None:
        """Give the GPUPolicies by name; None until they were read, whatever else was not."""
        return _by_name(self._reflectors[_POLICIES])

    def objects(self) -> Mapping[str, Mapping[str, Object]] | None:
        """Give all by resource and name; None until they were read."""
        found = {name: _by_name(each) for name, each in self._reflectors.items()}
        read = {name: each for name, each in found.items() if each is not None}
        return read if len(read) == len(found) else None


class InventoryWatch(Watches):
    """Follows nodes and the pods that hold GPUs."""

    def __init__(self, api: Api, ring: Callable[[], None]) -> None:
        """Call `ring` after each change."""
        self._nodes, self._pods = Reflector(NODES, api, ring), Reflector(PODS, api, ring)
        super().__init__((self._nodes, self._pods))

    def machines(self) -> Mapping[str, Machine] | None:
        """Give the nodes by name; None until they were read, whatever else was not."""
        return _by_name(self._nodes)

    def inventory(self) -> Inventory | None:
        """Give what there is; None until it was read."""
        machines = self.machines()
        if machines is None or not self._pods.is_synced:
            return None
        tenants = (each for each in self._pods.items().values() if each.node)
        return Inventory(machines=machines, tenants=tuple(tenants))


def _by_name(reflector: Reflector[T]) -> Mapping[str, T] | None:
    """Give what a reflector of cluster-scoped objects has; None until it was read."""
    if not reflector.is_synced:
        return None
    return {name: value for (_, name), value in reflector.items().items()}


def _watched(namespace: str) -> Iterator[Resource[str]]:
    secret_path = f"/api/v1/namespaces/{namespace}/secrets"
    for name in (secrets.LEAF, secrets.AUTHORITY):
        yield _named("secrets", secret_path, name)
    for resource in RESOURCES.values():
        path = f"/apis/admissionregistration.k8s.io/v1/{resource}"
        yield _named(resource, path, registration.NAME)
    yield _named("namespaces", "/api/v1/namespaces", namespace)


def _named(resource: str, path: str, name: str) -> Resource[str]:
    return Resource(name=resource, path=path, read=_version, field_selector=f"metadata.name={name}")


def _version(raw: msgspec.Raw) -> str:
    return wire.read_object(raw).metadata.resource_version


def _object(raw: msgspec.Raw) -> Object:
    found: Object = json.loads(bytes(raw))
    return found
