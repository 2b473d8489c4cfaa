"""Documents out of the nodes that there are: pools, a class each, a default, the policy.

Nothing is guessed in silence: each document says what it was derived from, and each thing that the
nodes can not tell is a note. At the end `policy.membership` is asked about every node, as it will
be when the documents are in force.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from webhook.core.adopt import labels, notes
from webhook.core.adopt.derived import (
    Derived,
    Found,
    general_class,
    node_document,
    policy_document,
    pool_class,
    pool_document,
)
from webhook.core.adopt.groups import Group, grouped, selector
from webhook.core.adopt.naming import free, names
from webhook.core.adopt.notes import Note
from webhook.core.names import GPU_VENDOR_DOMAINS, POLICY_NAME
from webhook.core.node_filter import Candidate
from webhook.core.nodes import written
from webhook.core.policy.decode import read_object
from webhook.core.policy.documents import Document, GPUClass, GPUNodePool, GPUPolicy
from webhook.core.policy.membership import Membership, membership_of
from webhook.core.policy.resources import GPUResources

GENERAL = "general"
"""The class over several pools that a pod without a class gets."""

_MORE = ("amd.com/gpu", "gpu.intel.com/i915", "gpu.intel.com/xe", "habana.ai/gaudi")
"""GPUs of other makers than the one whose names a GPUPolicy lists by itself."""

_OWN_LABELS = ("gpu-type", "gpuclass.io/pool")
"""The first one that no node carries tells apart what no label does."""


@dataclass(frozen=True, kw_only=True)
class Given:
    """The cluster: every node, the documents that it has, the priorities that are used there.

    `priorities` counts, for each node, the PriorityClasses of its GPU pods (empty text: none).
    `shipped` is the `spec` of the GPUPolicy that one begins with.
    `is_each_declared`: whether every node gets a GPUNode.
    """

    nodes: Sequence[Candidate]
    documents: tuple[Document, ...] = ()
    priorities: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    shipped: Mapping[str, object] = field(default_factory=dict)
    is_each_declared: bool = False

    @cached_property
    def resources(self) -> GPUResources:
        """Give the names of resources that are GPUs."""
        policies = [each for each in self.documents if isinstance(each, GPUPolicy)]
        listed = (policies or [GPUPolicy(name=POLICY_NAME)])[0].gpu_resources
        return GPUResources((*listed, *_MORE), ())

    def sign(self, node: Candidate) -> str:
        """Say by what a node is known to have GPUs; nothing: it has none."""
        return labels.sign(node.marks, filter(self.resources.matches, node.allocatable or {}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    """The documents in the order in which they are applied, and the notes; `nodes` were adopted."""

    documents: tuple[Derived, ...]
    notes: tuple[Note, ...]
    nodes: int


def adopt(given: Given) -> Adoption:
    """Derive documents for the GPU nodes that are of no pool yet."""
    given = replace(given, nodes=sorted(given.nodes, key=lambda each: each.name))
    gpus, others, said = _sorted_out(given)
    result = grouped(gpus, [each for each in others if not given.sign(each)])
    taken = {each.name for each in given.documents if isinstance(each, GPUNodePool | GPUClass)}
    found = tuple(
        _found(group, name, given)
        for group, name in zip(result.groups, names(result.groups, {GENERAL, *taken}), strict=True)
    )
    documents = [*map(pool_document, found), *_declarations(found, given)]
    for node, each, note in [*_astray(found, documents, given)]:
        documents.append(node_document(node, each))
        said.append(note)
    said += [note for each in found for note in notes.of_pool(each)]
    for group, like in result.doubtful:
        said += notes.doubts(group, [each for each in found if each.group in like])
    if found:
        classes, more = _classes(found, given, free(GENERAL, taken))
        documents += classes
        said += more
    said += _strangers(documents, given)
    return Adoption(documents=tuple(documents), notes=tuple(said), nodes=len(gpus))


def _declarations(found: Iterable[Found], given: Given) -> Iterator[Derived]:
    for each in found:
        if each.is_declared or given.is_each_declared:
            yield from (node_document(node, each) for node in each.group.nodes)


def _sorted_out(given: Given) -> tuple[list[Candidate], list[Candidate], list[Note]]:
    """Part the GPU nodes that are of no pool from all others; note devices that no list knows."""
    membership = membership_of(given.documents)
    gpus: list[Candidate] = []
    others: list[Candidate] = []
    said: list[Note] = []
    for node in given.nodes:
        is_claimed = bool(membership.of(node.name, node.marks))
        (gpus if given.sign(node) and not is_claimed else others).append(node)
        said += [
            notes.unlisted(node, name)
            for name in node.allocatable or ()
            if _is_unlisted(name, given.resources)
        ]
    return gpus, others, said


def _is_unlisted(name: str, resources: GPUResources) -> bool:
    return name.partition("/")[0] in GPU_VENDOR_DOMAINS and not resources.matches(name)


def _found(group: Group, name: str, given: Given) -> Found:
    members = {each.name for each in group.nodes}
    others = [each.marks.labels for each in given.nodes if each.name not in members]
    chosen = selector(group, others)
    used: dict[str, int] = {}
    for node in group.nodes:
        for priority, count in given.priorities.get(node.name, {}).items():
            used[priority] = used.get(priority, 0) + count
    return Found(
        group=group,
        name=name,
        selector=chosen or _own_label(group, name),
        is_declared=not chosen,
        resources=tuple(each for each in group.offers if given.resources.matches(each)),
        priorities=used,
    )


def _own_label(group: Group, name: str) -> Mapping[str, str]:
    carried = {key for each in group.nodes for key in each.marks.labels}
    key = next((each for each in _OWN_LABELS if each not in carried), _OWN_LABELS[-1])
    return {key: name}


def _astray(
    found: Sequence[Found], documents: Iterable[Derived], given: Given
) -> Iterator[tuple[Candidate, Found, Note]]:
    """Find the nodes that the documents would give to another pool, and declare them."""
    membership = _in_force(documents, given)
    for each in found:
        for node in each.group.nodes:
            having = membership.of(node.name, node.marks)
            if [pool.name for pool in having] != [each.name]:
                yield node, each, notes.astray(node, each, having)


def _strangers(documents: Iterable[Derived], given: Given) -> Iterator[Note]:
    """Find nodes without a GPU that the documents would take for nodes of a pool."""
    before, after = membership_of(given.documents), _in_force(documents, given)
    for node in given.nodes:
        if given.sign(node):
            continue
        now = after.of(node.name, node.marks)
        if now and not before.of(node.name, node.marks):
            yield notes.stranger(node, now)


def _in_force(documents: Iterable[Derived], given: Given) -> Membership:
    read = [read_object(each.value, "")[0] for each in documents]
    return membership_of([*given.documents, *(each for each in read if each is not None)])


def _classes(
    found: Sequence[Found], given: Given, general: str
) -> tuple[list[Derived], list[Note]]:
    """Give a class for each pool, and a GPUPolicy with a default class where there is none."""
    documents = [pool_class(each) for each in found]
    if any(isinstance(each, GPUPolicy) for each in given.documents):
        return documents, []
    open_ = _open(found)
    if len(open_) > 1:
        documents.append(general_class(general, open_))
    default = general if len(open_) > 1 else next((each.name for each in open_), "")
    resources = dict.fromkeys(name for each in found for name in each.resources)
    documents.append(policy_document(given.shipped, default, resources))
    return documents, [] if default else [notes.no_default(found)]


def _open(found: Sequence[Found]) -> Sequence[Found]:
    """Give the pools for everybody: no taints but those that say GPU, or that all pools have."""
    every = set.intersection(*({written(t) for t in each.group.taints} for each in found))
    return [
        each
        for each in found
        if all(
            not labels.is_telling(taint) or written(taint) in every for taint in each.group.taints
        )
    ]
