"""A cluster as `kubectl get ... -o json` (or yaml) wrote it into files, asked instead of one.

JSON is read by its shape alone, so that ten thousands of pods take seconds; YAML as manifests are.
Objects are kept as the bytes that they are, and read once more when somebody asks for them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import msgspec

from webhook.cli import fields, json_objects, manifests, sources
from webhook.cli.manifests import DEFAULT_NAMESPACE, Manifest
from webhook.core.errors import Fault
from webhook.core.names import API_GROUP
from webhook.core.policy import crd
from webhook.watch import census
from webhook.watch.census import (
    CLAIM_TEMPLATES,
    CLAIMS,
    DAEMON_SETS,
    DEVICE_CLASSES,
    NAMESPACES,
    NODES,
    PODS,
)
from webhook.watch.listing import RefusedError
from webhook.watch.objects import DOCUMENTS
from webhook.watch.resource import Resource
from webhook.watch.wire import Key, read_object

T = TypeVar("T")

_DEVICES = "resource.k8s.io"
_KINDS: Mapping[tuple[str, str], Resource[Any]] = {
    ("", "Node"): NODES,
    ("", "Namespace"): NAMESPACES,
    ("", "Pod"): PODS,
    ("apps", "DaemonSet"): DAEMON_SETS,
    (_DEVICES, "ResourceClaim"): CLAIMS,
    (_DEVICES, "ResourceClaimTemplate"): CLAIM_TEMPLATES,
    (_DEVICES, "DeviceClass"): DEVICE_CLASSES,
    ("scheduling.k8s.io", "PriorityClass"): DOCUMENTS[-1],
    **{
        (API_GROUP, crd.RESOURCES[each.name].kind.__name__): each
        for each in DOCUMENTS
        if each.name in crd.RESOURCES
    },
}
"""Which objects of a dump are looked at; others are passed over."""

_EXPECTED = (
    "expected a dump, as `kubectl get nodes,pods -A -o json` writes it; without a file the cluster "
    "itself is asked"
)


class Dump(census.Source):
    """The objects of some files; `faults` is what is wrong with them."""

    def __init__(self, names: Iterable[str], stdin: BinaryIO, namespace: str = "") -> None:
        """Read them all; of what is in a namespace, only what is in this one (empty: all)."""
        self.faults: list[Fault] = []
        self._namespace = namespace
        self._found: dict[str, dict[Key, msgspec.Raw]] = {each.name: {} for each in _KINDS.values()}
        for each in sources.read(names, stdin, json_objects.MAX_BYTES):
            if isinstance(each, Fault):
                self._fault(each.source, f"{each.message}; {_EXPECTED}")
            else:
                self._read(*each)

    @property
    def has_nodes(self) -> bool:
        """Tell whether there is any node in it."""
        return bool(self._found[NODES.name])

    def each(self, resource: Resource[T]) -> Iterator[tuple[Key, T]]:
        """Give the objects of a resource.

        RefusedError says that there is no DaemonSet in it: then they were hardly asked for.
        """
        found = self._found[resource.name]
        if not found and resource is DAEMON_SETS:
            raise RefusedError(resource.path, 404, "none is in the dump")
        for key, raw in found.items():
            if not (resource.is_namespaced and self._namespace) or key[0] == self._namespace:
                yield key, resource.read(raw)

    def _read(self, source: str, text: str) -> None:
        if json_objects.is_json(text):
            self._read_json(source, text)
        elif len(text) > sources.MAX_BYTES:
            limit = sources.MAX_BYTES // 1024**2
            self._fault(source, f"more than {limit} MiB of YAML: write the dump with -o json")
        else:
            for each in manifests.parse(text, source):
                self._take_manifest(each)

    def _read_json(self, source: str, text: str) -> None:
        try:
            for api_version, kind, raw in json_objects.read(text):
                self._take(api_version, kind, raw, source, DEFAULT_NAMESPACE)
        except msgspec.DecodeError as error:
            self._fault(source, f"no JSON of the API server: {error}")

    def _take_manifest(self, found: Manifest | Fault) -> None:
        if isinstance(found, Fault):
            self.faults.append(found)
            return
        raw = msgspec.Raw(msgspec.json.encode(found.value))
        self._take(found.api_version, found.kind, raw, found.source, found.namespace)

    def _take(
        self, api_version: str, kind: str, raw: msgspec.Raw, source: str, namespace: str
    ) -> None:
        resource = _KINDS.get((api_version.rpartition("/")[0], kind))
        if resource is None:
            return
        try:
            space, name = read_object(raw).metadata.key
            in_a_space = (space or namespace, name) if resource.is_namespaced else ("", name)
            resource.read(raw)
            self._found[resource.name][in_a_space] = raw
        except msgspec.ValidationError as error:
            path, message = fields.explain(str(error), msgspec.json.decode(raw))
            self._fault(source, message, path)

    def _fault(self, source: str, message: str, path: str = "") -> None:
        self.faults.append(Fault(source=source, line=0, path=path, message=message))


def moment(names: Sequence[str]) -> datetime:
    """Give when a dump was written: pods wait until then, not until now."""
    given = [Path(each) for each in names if each != sources.STDIN]
    paths = [path for each in given for path in (each.rglob("*") if each.is_dir() else (each,))]
    times = [each.stat().st_mtime for each in paths if each.is_file()]
    if not times or len(given) != len(names):
        return datetime.now(UTC)
    return datetime.fromtimestamp(max(times), UTC)
