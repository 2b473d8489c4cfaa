"""Nodes of one kind: what they share, and by which labels they are told from all others.

Nodes are grouped by the name that people or a provider gave their kind, by which GPU they have and
how it is cut, and by taints that exclude one another. Groups that no label tells apart become one
where they have a name or a GPU in common; others need a label of their own.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from webhook.core.adopt import labels
from webhook.core.adopt.labels import Labels
from webhook.core.cluster import Taint
from webhook.core.node_filter import Candidate
from webhook.core.nodes import written

Telling = frozenset[tuple[str, str, str]]
"""Key, value and effect of the taints that tell one kind of GPU node from another."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Group:
    """Nodes of one kind, in order of names.

    `identity` is the label that names the kind, if any; `model` and `part` which GPUs they have and
    how those are cut; `base` the telling taints that all of them have. `foreign` are the labels of
    nodes without a GPU: each label of a pool says GPU by itself.
    """

    nodes: tuple[Candidate, ...]
    identity: tuple[str, str] | None = None
    model: str = ""
    part: str = ""
    base: Telling = frozenset()
    foreign: frozenset[tuple[str, str]] = frozenset()

    @cached_property
    def common(self) -> Labels:
        """Give the labels that all of its nodes have and a selector may be made of, best first."""
        every = [each.marks.labels for each in self.nodes]
        shared = set.intersection(*(set(each.items()) for each in every)) - self.foreign
        return labels.usable(dict(shared), self.taints)

    @cached_property
    def taints(self) -> tuple[Taint, ...]:
        """Give the taints of the kind: what all nodes have, and what says GPU on most that do."""
        counts = Counter(
            taint for each in self.nodes for taint in labels.lasting(each.marks.taints)
        )
        kept: dict[tuple[str, str], Taint] = {}
        for taint, count in sorted(counts.items(), key=lambda each: (-each[1], written(each[0]))):
            if count == len(self.nodes) or labels.is_vendors(taint):
                kept.setdefault((taint.key, taint.effect), taint)
        return tuple(kept.values())

    @cached_property
    def offers(self) -> Mapping[str, tuple[int, ...]]:
        """Give the amounts of each extended resource that its nodes offer."""
        found: dict[str, set[int]] = defaultdict(set)
        for node in self.nodes:
            for name, amount in (node.allocatable or {}).items():
                found[name].add(amount)
        return {name: tuple(sorted(amounts)) for name, amounts in sorted(found.items())}

    def takes_in(self, other: "Group") -> bool:
        """Tell whether its labels are those of a node of another group too."""
        common = self.common.items()
        return any(common <= each.marks.labels.items() for each in other.nodes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grouped:
    """The groups, and the nodes that may be of several, with the groups in question."""

    groups: tuple[Group, ...]
    doubtful: tuple[tuple[Group, tuple[Group, ...]], ...] = ()


def grouped(nodes: Sequence[Candidate], others: Sequence[Candidate]) -> Grouped:
    """Group GPU nodes; `others` are the nodes of the cluster that have no GPU."""
    found = list(_initial(nodes, frozenset(_pairs(others))))
    doubtful: list[tuple[Group, tuple[Group, ...]]] = []
    while (step := _joint(found)) is not None:
        group, like = step
        found.remove(group)
        if len(like) == 1:
            found.remove(like[0])
            found.append(_merged(like[0], group))
        else:
            doubtful.append((group, like))
    return Grouped(groups=tuple(sorted(found, key=_order)), doubtful=tuple(doubtful))


def selector(group: Group, others: Iterable[Labels]) -> Labels:
    """Give the fewest labels, best first, that no other node has; empty: there are none such."""
    left = list(others)
    chosen: dict[str, str] = {}
    for key, value in group.common.items():
        alike = [each for each in left if each.get(key) == value]
        if len(alike) < len(left) or not left:
            chosen[key] = value
            left = alike
        if chosen and not left:
            return chosen
    return {}


def _pairs(nodes: Iterable[Candidate]) -> Iterator[tuple[str, str]]:
    for each in nodes:
        yield from each.marks.labels.items()


def _initial(nodes: Sequence[Candidate], foreign: frozenset[tuple[str, str]]) -> Iterator[Group]:
    kinds: dict[tuple[str, str] | None, list[Candidate]] = defaultdict(list)
    for node in sorted(nodes, key=lambda each: each.name):
        kinds[_identity(node, foreign)].append(node)
    for identity, members in kinds.items():
        for (model, part), alike in _by_model(members).items():
            yield from _by_taints(
                Group(nodes=alike, identity=identity, model=model, part=part, foreign=foreign)
            )


def _identity(node: Candidate, foreign: frozenset[tuple[str, str]]) -> tuple[str, str] | None:
    """Give the label that names a node's kind; people's own only where no CPU node has it."""
    given = node.marks.labels
    own = [key for key in labels.OWN if key in given and (key, given[key]) not in foreign]
    return labels.first(given, (*own, *labels.PROVIDERS))


def _by_model(nodes: Iterable[Candidate]) -> Mapping[tuple[str, str], tuple[Candidate, ...]]:
    """Part nodes by their GPUs; what discovery has not labelled yet is of the only kind."""
    found: dict[tuple[str, str], list[Candidate]] = defaultdict(list)
    for node in nodes:
        model = labels.first(node.marks.labels, labels.MODELS)
        part = labels.first(node.marks.labels, labels.PARTS)
        found[model[1] if model else "", part[1] if part else ""].append(node)
    known = [each for each in found if each[0]]
    unknown = [each for each in found if not each[0]]
    if len(known) == 1 and unknown:
        for each in unknown:
            found[known[0]] += found.pop(each)
    return {each: tuple(sorted(found[each], key=lambda one: one.name)) for each in sorted(found)}


def _by_taints(group: Group) -> Iterator[Group]:
    """Part a group where its nodes have telling taints that exclude one another."""
    sets = [_telling(each) for each in group.nodes]
    least = sorted({each for each in sets if not any(other < each for other in sets)}, key=sorted)
    for base in least:
        members = tuple(
            node
            for node, given in zip(group.nodes, sets, strict=True)
            if next(each for each in least if each <= given) == base
        )
        yield replace(group, nodes=members, base=base)


def _telling(node: Candidate) -> Telling:
    taints = labels.lasting(node.marks.taints)
    return frozenset((t.key, t.value, t.effect) for t in taints if labels.is_telling(t))


def _joint(groups: Sequence[Group]) -> tuple[Group, tuple[Group, ...]] | None:
    """Find a group whose labels are those of others too, with which it may be one."""
    for group in groups:
        like = tuple(
            each
            for each in groups
            if each is not group and group.takes_in(each) and _are_akin(group, each)
        )
        if like:
            return group, like
    return None


def _are_akin(one: Group, other: Group) -> bool:
    """Tell whether two groups may be one: of one provider's pool or with one GPU, not parted."""
    is_parted = not (one.base <= other.base or one.base >= other.base)
    is_named = one.identity is not None and one.identity == other.identity
    return not is_parted and (is_named or one.model == other.model != "")


def _merged(one: Group, other: Group) -> Group:
    """Put two groups together: what they do not share is no part of what they are."""
    return Group(
        nodes=tuple(sorted((*one.nodes, *other.nodes), key=lambda each: each.name)),
        identity=one.identity if one.identity == other.identity else None,
        model=one.model if one.model == other.model else "",
        part=one.part if one.part == other.part else "",
        base=one.base & other.base,
        foreign=one.foreign,
    )


def _order(group: Group) -> tuple[str, str]:
    return group.identity[1] if group.identity else "", group.nodes[0].name
