"""`gpuclass export`: what lives in a cluster as files, and pools for nodes that no document names.

It reads a cluster or a dump, and writes a folder or standard output; nothing in a cluster changes.
What is derived from nodes is the business of `core.adopt`.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from pathlib import Path
from typing import Any

import msgspec
import yaml

from webhook.cli import policy_files, sources
from webhook.cli.console import Console
from webhook.cli.dump import Dump
from webhook.cli.init import SHIPPED
from webhook.cli.report import count, place
from webhook.core.adopt.adoption import Adoption, Given, adopt
from webhook.core.adopt.derived import Derived
from webhook.core.adopt.notes import Note
from webhook.core.errors import Fault, OperatorError
from webhook.core.policy import decode
from webhook.core.policy.check import check
from webhook.core.policy.crd.definitions import RESOURCES as OWN_RESOURCES
from webhook.core.policy.documents import Document, GPUClass, GPUPolicy, PriorityClass
from webhook.core.policy.resources import GPUResources
from webhook.core.policy.schema import properties, tidy
from webhook.core.text import printable
from webhook.watch import census
from webhook.watch.listing import RefusedError
from webhook.watch.objects import DOCUMENTS, LAST_APPLIED
from webhook.watch.resource import Resource

DONE, OPEN, BAD_INPUT = 0, 1, 2

_SYSTEM = "system-"
"""How the names of Kubernetes' own PriorityClasses begin: nobody else may define those."""

_SHIPPED = SHIPPED / "policies" / "policy.yaml"
"""The policy that one begins with."""
_DROPPED = frozenset({LAST_APPLIED, "argocd.argoproj.io/tracking-id"})
"""Annotations that whoever applies the file writes anew."""

_NONE = (
    "no document of gpuclass in {where}; --adopt derives pools and classes from the GPU nodes that "
    "are there"
)
_NO_GPUS = (
    "no document of gpuclass in {where}, and no node that offers a GPU or has a label or taint of "
    "one: nothing to adopt"
)
_NO_NODE = "no Node in {where}: `kubectl get nodes,pods -A -o json` writes what is looked at"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What is asked: of which cluster, what of it, and where to (None: standard output)."""

    folder: Path | None = None
    is_forced: bool = False
    is_adopting: bool = False
    is_each_declared: bool = False
    kubeconfig: Path | None = None
    context: str | None = None


def run(names: Sequence[str], setting: Setting, console: Console) -> int:
    """Export what a dump shows; give the exit code."""
    if setting.kubeconfig or setting.context:
        raise OperatorError("--kubeconfig and --context name a cluster: leave out the files")
    sources.refuse_twice(names)
    dump = Dump(names, console.stdin)
    for each in dump.faults:
        console.complain(place(each))
    if dump.faults:
        return BAD_INPUT
    where = ", ".join(names)
    if setting.is_adopting and not dump.has_nodes:
        raise OperatorError(_NO_NODE.format(where=where))
    return _export(dump, where, setting, console)


def run_live(setting: Setting, console: Console) -> int:
    """Export what a cluster has."""
    from webhook.cli.live import Live  # noqa: PLC0415 # it is slow

    live = Live(setting.kubeconfig, setting.context, ", or name the files of a dump")
    return _export(live.listing(""), "the cluster", setting, console)


def _export(source: census.Source, where: str, setting: Setting, console: Console) -> int:
    """Read, derive, write, and say what is left to do."""
    found = [*_documents(source)]
    classes = _read(found)
    adoption = Adoption(documents=(), notes=(), nodes=0)
    if setting.is_adopting:
        adoption = _adopted(source, classes, setting)
    if not found and not adoption.documents:
        raise OperatorError((_NO_GPUS if setting.is_adopting else _NONE).format(where=where))
    found += adoption.documents
    found += _priority_classes(source, _read(found))
    texts = policy_files.files(found)
    faults = [*_faults(texts, setting.folder)]
    notes = [*adoption.notes]
    if setting.folder is None:
        console.out.write(policy_files.stream(found))
        console.out.flush()
    else:
        others = policy_files.write(setting.folder, texts, is_forced=setting.is_forced)
        notes += [_left(each) for each in others]
        console.print(f"{setting.folder}: {_summary(found, adoption)}")
    return _tell(notes, faults, console)


def _documents(source: census.Source) -> Iterator[Derived]:
    """Give the documents of our own kinds as they are to be written; a kind may not be served."""
    for resource in DOCUMENTS[:-1]:
        for _, value in _each(source, resource):
            yield _kept(value, OWN_RESOURCES[resource.name].kind)


def _each(source: census.Source, resource: Resource[Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give the objects of a resource as JSON, by name; RefusedError for a right that is missing."""
    as_json = replace(resource, read=msgspec.json.decode)
    try:
        for (_, name), value in source.each(as_json):
            yield name, value
    except RefusedError as error:
        if error.status != HTTPStatus.NOT_FOUND:
            raise


def _kept(value: Mapping[str, Any], kind: type[Document]) -> Derived:
    """Leave out what the API server writes, and what kubectl and Argo CD leave behind.

    Objects of Kubernetes' own kinds do not say in a list what they are.
    """
    given = value["metadata"]
    annotations = given.get("annotations") or {}
    metadata = {
        "name": given["name"],
        "labels": given.get("labels"),
        "annotations": {key: text for key, text in annotations.items() if key not in _DROPPED},
    }
    return Derived(
        value={
            "apiVersion": kind.API_VERSION,
            "kind": kind.__name__,
            "metadata": {key: each for key, each in metadata.items() if each},
            **_fields(kind, value),
        },
        comment=(),
    )


def _fields(kind: type[Document], value: Mapping[str, Any]) -> Mapping[str, object]:
    """Give what a document says, the way its author would write it."""
    if kind.FIELDS_AT:
        return {kind.FIELDS_AT: tidy(kind, value.get(kind.FIELDS_AT) or {})}
    known = [each.name for each in properties(kind)]
    return tidy(kind, {name: value[name] for name in known if name in value})


def _priority_classes(source: census.Source, documents: Iterable[Document]) -> Iterator[Derived]:
    """Give the PriorityClasses that classes name."""
    wanted = {
        name
        for each in documents
        if isinstance(each, GPUClass)
        for name in (each.priority_class_name, *each.allowed_priority_class_names)
    }
    for name, value in _each(source, DOCUMENTS[-1]):
        if name in wanted and not name.startswith(_SYSTEM):
            yield _kept(value, PriorityClass)


def _read(found: Iterable[Derived]) -> tuple[Document, ...]:
    """Give the documents that can be read, as decisions do."""
    read = [decode.read_object(each.value, policy_files.name(each))[0] for each in found]
    return tuple(each for each in read if each is not None)


def _adopted(source: census.Source, documents: tuple[Document, ...], setting: Setting) -> Adoption:
    nodes = [node for _, node in source.each(census.NODES)]
    priorities, notes = _priorities(source, documents)
    given = Given(
        nodes=nodes,
        documents=documents,
        priorities=priorities,
        shipped=yaml.safe_load(_SHIPPED.read_text(encoding="utf-8"))["spec"],
        is_each_declared=setting.is_each_declared,
    )
    adoption = adopt(given)
    return replace(adoption, notes=(*adoption.notes, *notes))


def _priorities(
    source: census.Source, documents: Iterable[Document]
) -> tuple[Mapping[str, Mapping[str, int]], tuple[Note, ...]]:
    """Count the PriorityClasses of the GPU pods of each node."""
    policies = [each for each in documents if isinstance(each, GPUPolicy)]
    policy = (policies or [GPUPolicy(name="cluster")])[0]
    resources = GPUResources(policy.gpu_resources, policy.device_classes)
    found: dict[str, Counter[str]] = {}
    try:
        for _, each in source.each(census.PODS):
            spec = each.pod.spec
            priority = spec.priority_class_name or ""
            is_there = bool(spec.node_name) and not each.is_over
            if is_there and resources.is_asked(each.pod) and not priority.startswith(_SYSTEM):
                found.setdefault(spec.node_name or "", Counter())[priority] += 1
    except RefusedError as error:
        if not error.is_absence:
            raise
        message = f"{error}: which priority GPU pods have today is not known"
        return {}, (Note(subject="pods", message=message, is_open=True),)
    return found, ()


def _faults(texts: Mapping[str, str], folder: Path | None) -> Iterator[Fault]:
    """Read what is written as `gpuclass lint` does, and give the errors in it."""
    documents: list[Document] = []
    for name, content in texts.items():
        if Path(name).name != policy_files.KUSTOMIZATION:
            read, faults = decode.read(content, str((folder or Path()) / name))
            documents += read
            yield from faults
    yield from (each for each in check(documents, str(folder or "-")) if each.severity == "error")


def _left(path: Path) -> Note:
    return Note(
        subject=str(path),
        message="holds nothing that was exported, and is left as it is: remove it if its documents "
        "are gone",
        is_open=True,
    )


def _summary(found: Iterable[Derived], adoption: Adoption) -> str:
    kinds = Counter(str(each.value["kind"]) for each in found)
    parts = [f"{kinds[each]} {each}" for each in policy_files.ORDER if kinds[each]]
    adopted = f" for {count(adoption.nodes, 'GPU node')} of no pool" if adoption.nodes else ""
    return f"written: {', '.join(parts)}{adopted}"


def _tell(notes: Sequence[Note], faults: Sequence[Fault], console: Console) -> int:
    """Say what is left to do, what has to be decided first, and give the exit code."""
    for each in sorted(notes, key=lambda note: not note.is_open):
        sort = "decide" if each.is_open else "look at"
        console.complain(printable(f"{sort}: {each.subject}: {each.message}"))
    for fault in faults:
        console.complain(f"wrong in the cluster, written as it is: {place(fault)}")
    return OPEN if faults or any(each.is_open for each in notes) else DONE
