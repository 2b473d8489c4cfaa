"""Manifests: the objects that texts hold, each with its place and its name.

Documents are read as kubectl reads them, lists are taken apart into their items. An object that
no API server would take for one (no kind, a pod without a name, text where a map belongs) is a
fault with its line, and the others are given all the same. Nothing is decided here.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import BinaryIO, TypeAlias

from webhook.cli import fields, kubectl_yaml, sources
from webhook.core.errors import Fault
from webhook.core.paths import JSONObject
from webhook.core.policy.located import Located

DEFAULT_NAMESPACE = "default"
MAX_LISTS = 8
"""Lists inside one another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """An object: where it stands, what it is called, and its fields (`value`) with their lines.

    `index` counts the objects of its source from 0, items of lists one by one. `name` is
    metadata.name, else metadata.generateName, else empty. `value` is JSON, as it was written.
    """

    source: str
    index: int
    located: Located
    value: JSONObject
    api_version: str
    kind: str
    namespace: str
    name: str

    @property
    def line(self) -> int:
        """The line on which it begins."""
        return self.located.line

    def line_of(self, path: str) -> int:
        """Give the line of a field, or of its nearest written parent."""
        return fields.find(self.located, path).line

    def fault(self, path: str, message: str) -> Fault:
        """Say what is wrong with a field."""
        return Fault(source=self.source, line=self.line_of(path), path=path, message=message)


Found: TypeAlias = Manifest | Fault


def read(names: list[str], stdin: BinaryIO, namespace: str = DEFAULT_NAMESPACE) -> Iterator[Found]:
    """Read files, folders and standard input (`-`): objects and faults, in order.

    Objects without a namespace are in `namespace`.
    """
    for each in sources.read(names, stdin):
        if isinstance(each, Fault):
            yield each
        else:
            source, text = each
            yield from parse(text, source, namespace)


def parse(text: str, source: str, namespace: str = DEFAULT_NAMESPACE) -> Iterator[Found]:
    """Read the objects of one text; faults and objects come in order of lines."""
    documents, faults = kubectl_yaml.read(text, source)
    found = [*faults, *objects(documents, source, namespace)]
    return iter(sorted(found, key=lambda each: each.line))


def objects(
    documents: Iterable[Located], source: str, namespace: str = DEFAULT_NAMESPACE
) -> Iterator[Found]:
    """Take documents for objects, and lists of them apart."""
    index = 0
    for document in documents:
        for item in _items(document, source, "", "", 0):
            found = item if isinstance(item, Fault) else _manifest(item, source, namespace)
            if isinstance(found, Manifest):
                yield replace(found, index=index)
                index += 1
            else:
                yield found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Item:
    """An object before it is checked, with what its list says of its kind."""

    located: Located
    api_version: str
    kind: str


def _items(
    node: Located, source: str, api_version: str, kind: str, depth: int
) -> Iterator[_Item | Fault]:
    """Take lists apart; an item that names no kind is of its list's (a PodList holds Pods)."""
    if not isinstance(node.value, Mapping):
        yield _fault(source, node.line, f"no manifest: expected a mapping, found {shape(node)}")
        return
    api_version = _text(node, "apiVersion") or api_version
    kind = _text(node, "kind") or kind
    items = node.value.get("items")
    if not kind.endswith("List") or (items is None and kind != "List"):
        yield _Item(located=node, api_version=api_version, kind=kind)
    elif items is not None and not isinstance(items.value, tuple | None):
        yield _fault(source, items.line, f"items: expected a list, found {shape(items)}")
    elif depth == MAX_LISTS:
        yield _fault(source, node.line, f"more than {MAX_LISTS} lists inside one another")
    elif items is not None and isinstance(items.value, tuple):
        inherited = (api_version, kind.removesuffix("List")) if kind != "List" else ("", "")
        for item in items.value:
            yield from _items(item, source, *inherited, depth + 1)


def _manifest(item: _Item, source: str, namespace: str) -> Found:
    """Check what every object has, and give the manifest, or the first fault."""
    located = item.located
    for name in ("apiVersion", "kind"):
        field = _child(located, name)
        if field is not None and not isinstance(field.value, str | None):
            return _fault(source, field.line, f"{name}: expected text, found {shape(field)}")
    if not item.kind or not item.api_version:
        missing = "kind" if not item.kind else "apiVersion"
        return _fault(source, located.line, f"no manifest: it has no {missing}")
    wrong = _metadata_fault(located, source)
    if wrong is not None:
        return wrong
    metadata = _child(located, "metadata")
    name = _text(metadata, "name") or _text(metadata, "generateName")
    if item.kind == "Pod" and item.api_version == "v1" and not name:
        return _fault(
            source, (metadata or located).line, "metadata: a Pod needs a name or a generateName"
        )
    value = fields.plain(located)
    return Manifest(
        source=source,
        index=0,
        located=located,
        value=value if isinstance(value, dict) else {},
        api_version=item.api_version,
        kind=item.kind,
        namespace=_text(metadata, "namespace") or namespace,
        name=name,
    )


def _metadata_fault(located: Located, source: str) -> Fault | None:
    """Find what is wrong in metadata: names are text, labels and annotations maps of text."""
    metadata = _child(located, "metadata")
    if metadata is None:
        return None
    if not isinstance(metadata.value, Mapping):
        return _typed(source, metadata, "metadata", "a mapping")
    for name in ("name", "generateName", "namespace"):
        field = _child(metadata, name)
        if field is not None and not isinstance(field.value, str):
            return _typed(source, field, f"metadata.{name}", "text")
    for name in ("labels", "annotations"):
        field = _child(metadata, name)
        if field is not None and not isinstance(field.value, Mapping):
            return _typed(source, field, f"metadata.{name}", "a mapping")
        for key, value in field.value.items() if field and isinstance(field.value, Mapping) else ():
            if not isinstance(value.value, str | None):
                return _typed(source, value, fields.join(f"metadata.{name}", key), "text")
    return None


def shape(node: Located) -> str:
    """Say what a value is, for a message: `a list`, `the number 1`, `the boolean no`."""
    value = node.value
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, tuple):
        return "a list"
    if value is None:
        return "nothing"
    shown = node.raw if len(node.raw) <= 40 else f"{node.raw[:37]}..."  # noqa: PLR2004
    kind = "boolean" if isinstance(value, bool) else "text" if isinstance(value, str) else "number"
    return f"the {kind} {shown!r}" if kind == "text" else f"the {kind} {shown}"


def _typed(source: str, node: Located, path: str, expected: str) -> Fault:
    advice = ": quote it" if expected == "text" and not isinstance(node.value, tuple | dict) else ""
    message = f"expected {expected}, found {shape(node)}{advice}"
    return Fault(source=source, line=node.line, path=path, message=message)


def _fault(source: str, line: int, message: str) -> Fault:
    return Fault(source=source, line=line, path="", message=message)


def _child(node: Located | None, name: str) -> Located | None:
    """Give a field that is there and not null."""
    if node is None or not isinstance(node.value, Mapping):
        return None
    child = node.value.get(name)
    return None if child is None or child.value is None else child


def _text(node: Located | None, name: str) -> str:
    child = _child(node, name)
    return child.value if child is not None and isinstance(child.value, str) else ""
