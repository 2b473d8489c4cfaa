"""Workloads to ask two policies about: manifests as `review` reads them, and the inputs of cases.

A document with `input` and `expected` is a case (docs/cases.md): its objects are taken with the
state that they had before, with what exists beside them and with who sends them; what is expected
is no business of this module. Of manifests, what exists beside them is what they say together.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO, TypeAlias

from webhook.cli import cases, fields, kubectl_yaml, manifests, sources, surroundings
from webhook.cli.cases import Case
from webhook.cli.judging import Requester
from webhook.cli.manifests import Manifest
from webhook.core.cluster import Cluster
from webhook.core.errors import Fault
from webhook.core.policy.located import Located


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """An object that is written, the object that was there before, and who writes it.

    `cluster` is what exists beside it; None until all manifests are read.
    """

    manifest: Manifest
    old: Manifest | None
    requester: Requester
    cluster: Cluster | None = None


Found: TypeAlias = Workload | Fault


def read(names: list[str], stdin: BinaryIO, namespace: str, requester: Requester) -> list[Found]:
    """Read files, folders and standard input (`-`): workloads and faults, in order.

    `namespace` and `requester` are those of manifests; a case says its own.
    """
    found: list[Found] = []
    for each in sources.read(names, stdin):
        if isinstance(each, Fault):
            found.append(each)
        else:
            source, text = each
            found += parse(text, source, namespace, requester)
    return _surrounded(found)


def _surrounded(found: list[Found]) -> list[Found]:
    """Let manifests know what they say of the cluster together."""
    of_manifests = [each for each in found if isinstance(each, Workload) and each.cluster is None]
    cluster, unread = surroundings.find(each.manifest for each in of_manifests)
    return [
        *(
            replace(each, cluster=cluster)
            if isinstance(each, Workload) and each.cluster is None
            else each
            for each in found
        ),
        *unread,
    ]


def parse(text: str, source: str, namespace: str, requester: Requester) -> Iterator[Found]:
    """Read the workloads of one text; faults and workloads come in order of lines."""
    documents, faults = kubectl_yaml.read(text, source)
    found: list[Found] = [*faults]
    if any(map(_is_case, documents)):
        found += _numbered(_of_cases(documents, source))
    else:
        found += [
            each
            if isinstance(each, Fault)
            else Workload(manifest=each, old=None, requester=requester)
            for each in manifests.objects(documents, source, namespace)
        ]
    return iter(sorted(found, key=_line))


def _is_case(document: Located) -> bool:
    return all(fields.child(document, name) is not None for name in ("input", "expected"))


def _of_cases(documents: Iterable[Located], source: str) -> Iterator[Found]:
    for document in documents:
        for each in cases.read(document, source):
            yield from _steps(each) if isinstance(each, Case) else (each,)


def _steps(case: Case) -> Iterator[Workload]:
    for step in case.steps:
        yield Workload(
            manifest=step.manifest,
            old=step.old,
            requester=case.requester,
            cluster=case.cluster,
        )


def _numbered(found: Iterable[Found]) -> Iterator[Found]:
    """Count the objects of all cases of a file together, as those of manifests are."""
    index = 0
    for each in found:
        if isinstance(each, Workload):
            yield replace(each, manifest=replace(each.manifest, index=index))
            index += 1
        else:
            yield each


def _line(found: Found) -> int:
    return found.line if isinstance(found, Fault) else found.manifest.line
