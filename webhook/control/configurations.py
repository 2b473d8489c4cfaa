"""The two webhook configurations in the API server: read, written, deleted.

What they are to say is the business of `registration`.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import TypeAlias

from cryptography.x509 import Certificate

from webhook.control.api import JSON_PATCH, Api, ApiFailed, Object
from webhook.control.certificates import read_all
from webhook.core import registration

RESOURCES: Mapping[str, str] = {
    "MutatingWebhookConfiguration": "mutatingwebhookconfigurations",
    "ValidatingWebhookConfiguration": "validatingwebhookconfigurations",
}

Live: TypeAlias = Mapping[str, Object | None]
"""Both configurations by kind; None where there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundles:
    """What the live entries trust: in some entry, and in every one."""

    any: tuple[Certificate, ...]
    every: tuple[Certificate, ...]
    entries: int


class Configurations:
    """The configurations named `gpuclass`; every method raises ApiFailed."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def read(self) -> Live:
        """Give both as they are."""
        return {kind: self._api.get(path_of(kind)) for kind in RESOURCES}

    def apply(self, wanted: Object) -> Object:
        """Write one, and take from it what somebody else added; give what became of it.

        Server-side apply leaves the fields and entries of other field managers where they are. What
        then differs is replaced: removed fields are owned by nobody afterwards.
        """
        path = path_of(wanted["kind"])
        found = self._api.apply(path, wanted)
        if by_name(found) == by_name(wanted):
            return found
        version = found["metadata"]["resourceVersion"]
        operations = [
            {"op": "test", "path": "/metadata/resourceVersion", "value": version},
            {"op": "replace", "path": "/webhooks", "value": wanted["webhooks"]},
        ]
        return self._api.send("PATCH", path, operations, content_type=JSON_PATCH)

    def delete(self, found: Object) -> None:
        """Delete one; that it is gone already is no failure."""
        try:
            self._api.send("DELETE", path_of(found["kind"]), None)
        except ApiFailed as failure:
            if failure.status != HTTPStatus.NOT_FOUND:
                raise


def path_of(kind: str) -> str:
    """Give the path of a configuration."""
    return f"/apis/admissionregistration.k8s.io/v1/{RESOURCES[kind]}/{registration.NAME}"


def by_name(configuration: Object) -> dict[str, Object]:
    """Give the entries of a configuration: their order says nothing."""
    return {entry["name"]: entry for entry in configuration.get("webhooks") or ()}


def bundles(live: Live) -> Bundles:
    """Give what the live entries trust."""
    trusted = [
        _bundle(entry)
        for each in live.values()
        if each is not None
        for entry in by_name(each).values()
    ]
    every = [ca for ca in trusted[0] if all(ca in each for each in trusted)] if trusted else []
    return Bundles(
        any=tuple(dict.fromkeys(ca for each in trusted for ca in each)),
        every=tuple(every),
        entries=len(trusted),
    )


def encode(pem: bytes) -> str:
    """Write a bundle as a caBundle."""
    return base64.b64encode(pem).decode("ascii")


def _bundle(entry: Object) -> tuple[Certificate, ...]:
    text = (entry.get("clientConfig") or {}).get("caBundle") or ""
    try:
        return read_all(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        return ()
