"""What rings the leader's bell: every object that somebody else could change under its hands."""

import json
from collections.abc import Callable, Iterator, Mapping

import msgspec

from webhook.control import secrets
from webhook.control.api import Object
from webhook.control.configurations import RESOURCES
from webhook.core import registration
from webhook.core.names import API_GROUP, API_VERSION
from webhook.watch import wire
from webhook.watch.reflector import Api, Reflector
from webhook.watch.resource import Resource


class Bells:
    """Watches the Secrets, the configurations and the namespace, each by its name."""

    def __init__(self, api: Api, namespace: str, ring: Callable[[], None]) -> None:
        """Call `ring` after each change; nothing runs before `start`."""
        resources = _watched(namespace)
        self._reflectors = [Reflector(each, api, ring) for each in resources]

    def start(self) -> None:
        """Begin to follow."""
        for each in self._reflectors:
            each.start()


class PolicyWatch:
    """Follows the GPUPolicy objects as they are."""

    def __init__(self, api: Api, ring: Callable[[], None]) -> None:
        """Call `ring` after each change; nothing runs before `start`."""
        self._reflector = Reflector(_POLICIES, api, ring)

    def start(self) -> None:
        """Begin to follow."""
        self._reflector.start()

    def by_name(self) -> Mapping[str, Object] | None:
        """Give them by name; None until they were read."""
        if not self._reflector.is_synced:
            return None
        return {name: value for (_, name), value in self._reflector.items().items()}


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


_POLICIES = Resource(
    name="gpupolicies", path=f"/apis/{API_GROUP}/{API_VERSION}/gpupolicies", read=_object
)
