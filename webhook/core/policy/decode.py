"""Documents out of text or objects, by the schema: every fault at once, each with its place.

`read` takes the text of a file, `read_object` an object of the API server. A document with a
fault is not given. What documents say of one another is not looked at here.
"""

from collections.abc import Callable, Mapping

from webhook.core.errors import Fault
from webhook.core.policy import strict_yaml
from webhook.core.policy.documents import KINDS, Document
from webhook.core.policy.fields import Reader
from webhook.core.policy.located import REFUSED, Located, locate, show
from webhook.core.policy.nearest import suggest_all
from webhook.core.policy.schema import About, Entries, Property, Scalar, properties
from webhook.core.policy.syntax import LABEL_VALUE, QUALIFIED_NAME


def _meta(name: str, about: About) -> Property:
    return Property(
        name=name, attribute=name, shape=Entries(Scalar(str)), about=about, required=False
    )


_LABELS = _meta(
    "labels", About(description="labels", key_syntax=QUALIFIED_NAME, syntax=LABEL_VALUE)
)
_ANNOTATIONS = _meta("annotations", About(description="annotations", key_syntax=QUALIFIED_NAME))
_TYPE = ("apiVersion", "kind")


def read(text: str, source: str) -> tuple[tuple[Document, ...], tuple[Fault, ...]]:
    """Read the documents of a file, named `source` in faults, which come in order of lines."""
    nodes, faults = strict_yaml.read(text, source)
    results = [_read_document(node, source) for node in nodes]
    documents = tuple(document for document, _ in results if document is not None)
    found = [*faults, *(fault for _, more in results for fault in more)]
    return documents, tuple(sorted(found, key=lambda fault: fault.line))


def read_object(
    value: Mapping[str, object], source: str
) -> tuple[Document | None, tuple[Fault, ...]]:
    """Read an object of the API server; its status and the server's metadata are passed over."""
    pruned = {key: item for key, item in value.items() if key != "status"}
    metadata = value.get("metadata")
    if isinstance(metadata, Mapping):
        pruned["metadata"] = {key: item for key, item in metadata.items() if key == "name"}
    return _read_document(locate(pruned), source)


def _read_document(node: Located, source: str) -> tuple[Document | None, tuple[Fault, ...]]:
    reader = Reader(source)
    document = None
    entries = reader.entries(node, "", "a document: a mapping with apiVersion and kind")
    if entries is not None:
        kind = _kind(reader, entries, node.line)
        document = None if kind is None else _build(reader, entries, node.line, kind)
    return document, tuple(reader.faults)


def _kind(reader: Reader, entries: Mapping[str, Located], line: int) -> type[Document] | None:
    """Find the dataclass that apiVersion and kind name; report where they name none."""
    nodes = {name: entries.get(name, Located(value=None, line=line)) for name in _TYPE}
    for field, node in nodes.items():
        if node.value is REFUSED:
            reader.refused()
        elif node.value is None:
            reader.fault(node.line, field, "missing; a document starts with apiVersion and kind")
    api_version, name = nodes["apiVersion"], nodes["kind"]
    if name.value is None or name.value is REFUSED:
        return None
    kind = KINDS.get(name.raw)
    if kind is None:
        reader.fault(name.line, "kind", _unknown_kind(name.raw))
    elif api_version.value not in (None, REFUSED, kind.API_VERSION):
        message = f"{show(api_version.raw)} is not {kind.API_VERSION}, that of {name.raw}"
        reader.fault(api_version.line, "apiVersion", message)
    return kind


def _unknown_kind(name: str) -> str:
    if name == "List":
        return 'List is not accepted in policies: write its items as documents, "---" between them'
    return f"{show(name)} is no kind of policy document; {suggest_all(name, KINDS)}"


def _build(
    reader: Reader, entries: Mapping[str, Located], line: int, kind: type[Document]
) -> Document | None:
    name, *fields = properties(kind)
    place = kind.FIELDS_AT
    known = [place] if place else [field.name for field in fields]
    reader.only(entries, [*_TYPE, "metadata", *known], "")
    about_it = (name, _LABELS, _ANNOTATIONS)
    metadata = reader.record(_part(entries, "metadata", line), about_it, "metadata")
    values = {key: value for key, value in metadata.items() if key == name.attribute}
    if place:
        values |= reader.record(_part(entries, place, line), fields, place)
    else:
        values |= reader.values(entries, fields, "", line)
    if not reader.is_whole:
        return None
    make: Callable[..., Document] = kind
    return make(**values, source=reader.source, line=line, lines=reader.lines)


def _part(entries: Mapping[str, Located], name: str, line: int) -> Located:
    """Give a part of a document, as empty where it is absent or null."""
    node = entries.get(name)
    return Located(value={}, line=line) if node is None or node.value is None else node
