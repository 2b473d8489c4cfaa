"""Files of Node objects, such as `kubectl get nodes -o json` writes: what `--nodes` names.

It reads them and says what is none; what a node means to a decision is the core's business.
"""

from collections.abc import Iterable, Iterator
from typing import BinaryIO

import msgspec

from webhook.cli import json_objects, manifests, sources
from webhook.cli.manifests import DEFAULT_NAMESPACE, Found, Manifest
from webhook.core.errors import Fault
from webhook.core.node_filter import read_candidate
from webhook.core.policy.located import Located
from webhook.watch.wire import read_object

_NODE = ("Node", "v1")


def read(names: Iterable[str], stdin: BinaryIO) -> tuple[list[Manifest], list[Fault]]:
    """Give the Nodes of files, folders and standard input (`-`), and all that is wrong there."""
    nodes: list[Manifest] = []
    faults: list[Fault] = []
    for name in names:
        texts = sources.read([name], stdin, json_objects.MAX_BYTES)
        found = [each for text in texts for each in _objects(text)]
        for each in found:
            if isinstance(each, Fault):
                faults.append(each)
            elif (each.kind, each.api_version) != _NODE:
                faults.append(each.fault("kind", f"expected Node (v1), found {called(each)}"))
            elif not each.name:
                faults.append(each.fault("metadata", "a Node needs a name"))
            else:
                nodes.append(each)
        if not found:
            faults.append(Fault(source=name, line=0, path="", message="no Node in it"))
    return nodes, faults


def called(manifest: Manifest) -> str:
    """Name a kind with its version: `Pod (v1)`."""
    return f"{manifest.kind} ({manifest.api_version})"


def _objects(given: tuple[str, str] | Fault) -> Iterable[Found]:
    """Read one text: JSON at once where it is nothing but Nodes, else value by value with lines."""
    if isinstance(given, Fault):
        return (given,)
    source, text = given
    quick = _quick(source, text) if json_objects.is_json(text) else None
    if quick is None and len(text) > sources.MAX_BYTES:
        limit = sources.MAX_BYTES // 1024**2
        message = f"larger than {limit} MiB: write it with `kubectl get nodes -o json`, or split it"
        return (Fault(source=source, line=0, path="", message=message),)
    return manifests.parse(text, source) if quick is None else quick


def _quick(source: str, text: str) -> list[Manifest] | None:
    try:
        return list(_nodes(source, text))
    except (msgspec.DecodeError, ValueError):
        return None


def _nodes(source: str, text: str) -> Iterator[Manifest]:
    """Give Nodes by shape; raise ValueError or msgspec.DecodeError for anything else."""
    for index, each in enumerate(json_objects.read(text)):
        name = read_object(each.raw).metadata.name
        if (each.kind, each.api_version) != _NODE or not name:
            raise ValueError(name)
        value = msgspec.json.decode(each.raw)
        read_candidate(value)
        yield Manifest(
            source=source,
            index=index,
            located=Located(value={}, line=0),
            value=value,
            api_version=each.api_version,
            kind=each.kind,
            namespace=DEFAULT_NAMESPACE,
            name=name,
        )
