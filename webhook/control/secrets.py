"""The two Secrets of the certificates: what is in them, and how they are written.

`gpuclass-tls` (kubernetes.io/tls) is what the server mounts; the CA's key is in a Secret of its
own, which no pod mounts. What can not be read is as good as absent: it is made anew.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.x509 import Certificate

from webhook.control.api import Api, Object
from webhook.control.certificates import (
    Pair,
    hosts_of,
    is_issued_by,
    read_all,
    read_pair,
    write_all,
)
from webhook.control.rotation import Authority

LEAF = "gpuclass-tls"
AUTHORITY = "gpuclass-ca"
CERTIFICATE, KEY, CA, OLDER = "tls.crt", "tls.key", "ca.crt", "older.crt"
"""Keys of `data`; `older.crt` holds the CAs that are trusted beside the one that signs."""

LEAF_TYPE, AUTHORITY_TYPE = "kubernetes.io/tls", "Opaque"

CERT_MANAGER = "cert-manager.io/"
"""The prefix of the annotations that cert-manager writes on a Secret of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """The Secret of the server: its certificate if it can be served, and the CAs beside it."""

    certificate: Certificate | None
    authorities: tuple[Certificate, ...]
    is_by_cert_manager: bool


class Secrets:
    """The two Secrets of one namespace; every method raises ApiFailed."""

    def __init__(self, api: Api, namespace: str, hosts: tuple[str, ...]) -> None:
        """Take where they are, and the names that a leaf has to be for."""
        self.hosts = hosts
        self.reference: Object = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": LEAF, "namespace": namespace},
        }
        self._api = api
        self._namespace = namespace
        self._path = f"/api/v1/namespaces/{namespace}/secrets"

    def authority(self) -> Authority | None:
        """Give the CA; None where it is absent or can not be read."""
        data = _data(self._api.get(f"{self._path}/{AUTHORITY}"))
        pair = read_pair(data.get(CERTIFICATE, b""), data.get(KEY, b""))
        if pair is None or not is_issued_by(pair.certificate, pair.certificate):
            return None
        return Authority(pair=pair, older=read_all(data.get(OLDER, b"")))

    def leaf(self) -> Leaf:
        """Give the leaf."""
        found = self._api.get(f"{self._path}/{LEAF}")
        data = _data(found)
        pair = read_pair(data.get(CERTIFICATE, b""), data.get(KEY, b""))
        annotations = (found or {}).get("metadata", {}).get("annotations") or {}
        return Leaf(
            certificate=pair.certificate if pair and self._is_ours(pair) else None,
            authorities=read_all(data.get(CA, b"")),
            is_by_cert_manager=any(key.startswith(CERT_MANAGER) for key in annotations),
        )

    def write_authority(self, authority: Authority) -> None:
        """Write the CA."""
        data = {
            CERTIFICATE: authority.pair.certificate_pem(),
            KEY: authority.pair.key_pem(),
            OLDER: write_all(authority.older),
        }
        self._write(AUTHORITY, AUTHORITY_TYPE, data)

    def write_leaf(self, leaf: Pair, ca: Certificate) -> None:
        """Write the leaf and the CA that signed it."""
        data = {
            CERTIFICATE: leaf.certificate_pem(),
            KEY: leaf.key_pem(),
            CA: write_all((ca,)),
        }
        self._write(LEAF, LEAF_TYPE, data)

    def _is_ours(self, pair: Pair) -> bool:
        return set(self.hosts) <= hosts_of(pair.certificate)

    def _write(self, name: str, kind: str, data: Mapping[str, bytes]) -> None:
        """Apply a Secret; one of another type has to go first: a type never changes."""
        path = f"{self._path}/{name}"
        found = self._api.get(path)
        if found is not None and found.get("type") != kind:
            self._api.send("DELETE", path, None)
        body: Object = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": name, "namespace": self._namespace, "labels": _LABELS},
            "type": kind,
            "data": {key: base64.b64encode(value).decode("ascii") for key, value in data.items()},
        }
        self._api.apply(path, body)


_LABELS = {
    "app.kubernetes.io/name": "gpuclass",
    "app.kubernetes.io/component": "certificates",
    "app.kubernetes.io/part-of": "gpuclass",
}


def _data(found: Object | None) -> dict[str, bytes]:
    """Give the data of a Secret, without what is no base64."""
    decoded = {}
    for key, text in ((found or {}).get("data") or {}).items():
        try:
            decoded[key] = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError, TypeError):
            continue
    return decoded
