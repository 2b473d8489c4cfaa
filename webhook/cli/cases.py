"""Cases: a manifest, and what is expected of the policies that it is tried on. See docs/cases.md.

This module is the format: it reads the files and refuses what it does not know. Manifests inside
a case are read as `review` reads them. What comes of a case is the business of `replay`.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec

from webhook.cli import fields, kubectl_yaml, manifests, sources, surroundings
from webhook.cli.judging import Requester, requester
from webhook.cli.manifests import Manifest
from webhook.core.cluster import UNKNOWN, Cluster
from webhook.core.decision import Verdict
from webhook.core.errors import Fault, OperatorError
from webhook.core.policy.located import Located
from webhook.core.policy.nearest import suggest

FOLDER = "cases"

Unset: TypeAlias = msgspec.UnsetType
Plain: TypeAlias = dict[str, object]
"""A JSON object; msgspec can not be told of values that hold values like themselves."""


class _Part(msgspec.Struct, frozen=True, kw_only=True):
    """A mapping of a case file."""


class Sender(_Part, frozen=True):
    """Who sends the input, where, and whether it is new."""

    operation: Literal["CREATE", "UPDATE"] | None = None
    user: str | None = None
    groups: tuple[str, ...] | None = None
    namespace: str = manifests.DEFAULT_NAMESPACE


class ExpectedViolation(_Part, frozen=True):
    """A refusal: its field, and if given its rule and words of its message."""

    path: str
    rule: str | None = None
    message: str = ""


class ExpectedPods(_Part, frozen=True):
    """What is expected of the pods of one template; what is left out is not compared."""

    path: str
    gpu_class: str | Unset | None = msgspec.field(default=msgspec.UNSET, name="class")
    reason: str | Unset = msgspec.UNSET
    pod: Plain | Unset = msgspec.UNSET
    pod_patch: tuple[Plain, ...] | Unset = msgspec.UNSET


class Expected(_Part, frozen=True):
    """What is expected of one object; what is left out is not compared."""

    verdict: Verdict
    gpu_class: str | Unset | None = msgspec.field(default=msgspec.UNSET, name="class")
    reason: str | Unset = msgspec.UNSET
    object: Plain | Unset = msgspec.UNSET
    pod: Plain | Unset = msgspec.UNSET
    patch: tuple[Plain, ...] | Unset = msgspec.UNSET
    pod_patch: tuple[Plain, ...] | Unset = msgspec.UNSET
    pods: tuple[ExpectedPods, ...] | Unset = msgspec.UNSET
    violations: tuple[ExpectedViolation, ...] | Unset = msgspec.UNSET
    warnings: tuple[str, ...] | Unset = msgspec.UNSET


class _Written(_Part, frozen=True):
    """A case as its file has it."""

    name: str
    why: str
    input: object
    expected: Expected | list[Expected]
    request: Sender = Sender()
    old: object = None
    given: object = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One object of a case: as it is sent, as it was, and what is expected."""

    manifest: Manifest
    old: Manifest | None
    expected: Expected


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A case: its place, what it shows and why that matters, and its objects in order.

    `cluster` is what the objects under `given` say, which exist before.
    """

    source: str
    line: int
    name: str
    why: str
    requester: Requester
    steps: tuple[Step, ...]
    cluster: Cluster = UNKNOWN


def load(policies: Path) -> Iterator[Case | Fault]:
    """Read the cases of a folder of policies; OperatorError says that it has none."""
    folder = policies / FOLDER
    if not folder.is_dir():
        raise OperatorError(f"{folder}: no such folder; cases are files in it (docs/cases.md)")
    for each in sources.read([str(folder)]):
        if isinstance(each, Fault):
            yield each
        else:
            yield from parse(*reversed(each))


def parse(text: str, source: str) -> Iterator[Case | Fault]:
    """Read the cases of one text: a document each."""
    documents, faults = kubectl_yaml.read(text, source)
    yield from faults
    for document in documents:
        yield from read(document, source)


def read(document: Located, source: str) -> Iterator[Case | Fault]:
    """Read one case, or give everything that is wrong with its form."""
    unknown = tuple(_unknown(document, source))
    if unknown:
        yield from unknown
        return
    try:
        written = msgspec.convert(fields.plain(document), _Written)
    except msgspec.ValidationError as error:
        yield _mistyped(document, source, str(error))
        return
    found = list(_objects(document, "input", source, written.request.namespace))
    before = list(_objects(document, "old", source, written.request.namespace))
    given = list(_objects(document, "given", source, written.request.namespace))
    faults = [each for each in (*found, *before, *given) if isinstance(each, Fault)]
    cluster, unread = surroundings.find(each for each in given if isinstance(each, Manifest))
    faults.extend(unread)
    inputs = [each for each in found if isinstance(each, Manifest)]
    olds = [each for each in before if isinstance(each, Manifest)]
    expected = written.expected if isinstance(written.expected, list) else [written.expected]
    message = _disagreement(written.request, len(inputs), len(olds), len(expected))
    if not faults and message:
        faults.append(Fault(source=source, line=document.line, path="", message=message))
    if faults:
        yield from faults
        return
    before_each: list[Manifest | None] = [*olds] or [None] * len(inputs)
    steps = zip(inputs, before_each, expected, strict=True)
    yield Case(
        source=source,
        line=document.line,
        name=written.name,
        why=written.why,
        requester=requester(written.request.user, written.request.groups),
        steps=tuple(Step(manifest=new, old=old, expected=each) for new, old, each in steps),
        cluster=cluster,
    )


def _unknown(document: Located, source: str) -> Iterator[Fault]:
    """Find fields that the format does not have."""
    yield from _unknown_in(document, _Written, "", source)
    yield from _unknown_in(fields.child(document, "request"), Sender, "request", source)
    for path, each in _each(fields.child(document, "expected"), "expected"):
        yield from _unknown_in(each, Expected, path, source)
        for inner, violation in _each(fields.child(each, "violations"), f"{path}.violations"):
            yield from _unknown_in(violation, ExpectedViolation, inner, source)
        for inner, pods in _each(fields.child(each, "pods"), f"{path}.pods"):
            yield from _unknown_in(pods, ExpectedPods, inner, source)


def _unknown_in(
    node: Located | None, part: type[msgspec.Struct], path: str, source: str
) -> Iterator[Fault]:
    if node is None or not isinstance(node.value, Mapping):
        return
    known = [each.encode_name for each in msgspec.structs.fields(part)]
    for name, value in node.value.items():
        if name not in known:
            message = f"no field of a case; {suggest(name, known)}"
            place = fields.join(path, name)
            yield Fault(source=source, line=value.line, path=place, message=message)


def _each(node: Located | None, path: str) -> Iterable[tuple[str, Located]]:
    """Give the items of a list, or the one thing that stands for a list of one."""
    if node is None:
        return ()
    if isinstance(node.value, tuple):
        return ((fields.join(path, index), item) for index, item in enumerate(node.value))
    return ((path, node),)


def _mistyped(document: Located, source: str, text: str) -> Fault:
    path, message = fields.explain(text, fields.plain(document))
    line = fields.find(document, path).line
    return Fault(source=source, line=line, path=path, message=message)


def _objects(
    document: Located, name: str, source: str, namespace: str
) -> Iterator[manifests.Found]:
    items = [item for _, item in _each(fields.child(document, name), name)]
    return manifests.objects([each for each in items if each.value is not None], source, namespace)


def _disagreement(sender: Sender, inputs: int, olds: int, expected: int) -> str:
    """Say how the parts of a case do not fit together; empty where they do."""
    if not inputs:
        return "input: no object in it"
    if expected != inputs:
        return f"expected: {expected} entries for {inputs} objects of input"
    if olds and olds != inputs:
        return f"old: {olds} objects for {inputs} objects of input"
    operation = sender.operation or ("UPDATE" if olds else "CREATE")
    if (operation == "UPDATE") != bool(olds):
        return "request.operation: UPDATE needs old, the object before, and CREATE has none"
    return ""
