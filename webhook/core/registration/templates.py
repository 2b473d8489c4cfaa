"""Pod templates of a kind in CEL, wherever they lie: in a list, in a map, inlined in a spec.

An object of a custom kind may hold anything in a field, and lack any: each step is optional, and a
field that is null, or no map, has no fields. Only metadata is certain.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby

from webhook.core.names import CLASS_ANNOTATION
from webhook.core.paths import EACH, Item, Path
from webhook.core.registration.cel import (
    Expression,
    all_of,
    any_of,
    grouped,
    listed,
    literal,
)
from webhook.core.template import Template
from webhook.core.workload import WorkloadKind

_KIND = "(request.kind.group + '/' + request.kind.kind)"

Leaf = Callable[[Expression, Expression, Expression], Expression]
"""What is asked of a template: of itself, its class and its pod spec, all of them optional."""


def is_kind(kinds: Iterable[WorkloadKind]) -> Expression:
    """Tell whether an object is of one of some kinds."""
    return f"{_KIND} in {listed(f'{each.group}/{each.kind}' for each in kinds)}"


def by_kind(
    kinds: Iterable[WorkloadKind], write: Callable[[WorkloadKind], Expression]
) -> Expression:
    """Write what differs from kind to kind; kinds of which the same is said share it.

    The alternatives stand side by side: only that of the object's kind is evaluated.
    """
    said: dict[Expression, list[WorkloadKind]] = {}
    for each in kinds:
        said.setdefault(write(each), []).append(each)
    return any_of(
        *(
            grouped(all_of(is_kind(members), grouped(expression)))
            for expression, members in said.items()
        )
    )


def field(document: Expression, path: Path) -> Expression:
    """Give, as an optional, the field at a path without `[*]`."""
    for step in path:
        document = _item(document, step) if isinstance(step, Item) else f"{document}.?{step}"
    return document


def _item(held: Expression, key: Item) -> Expression:
    """Give, as an optional, the item of a list that a key names."""
    only_lists = f"[{held}.orValue([])].filter(held, type(held) == list)[?0].orValue([])"
    is_it = f"type(item) == map && item.?{key.field}.orValue('') == {literal(key.value)}"
    return f"{only_lists}.filter(item, {is_it})[?0]"


def annotation(document: Expression, owner: Path) -> Expression:
    """Give, as an optional, the class that the metadata of what lies at a path names."""
    path = (*owner, "metadata", "annotations")
    own = document + ".metadata" if not owner else field(document, path[:-1])
    return f"{own}.?annotations[?{literal(CLASS_ANNOTATION)}]"


def some_template(document: Expression, kind: WorkloadKind, leaf: Leaf) -> Expression:
    """Tell whether something holds of a template of an object."""
    return any_of(*(_some([document], each, each.path, leaf) for each in kind.templates))


def _some(owners: list[Expression], template: Template, rest: Path, leaf: Leaf) -> Expression:
    """Descend to the templates; `owners` holds what each `[*]` on the way stands for."""
    if EACH not in rest:
        itself, spec = (_bound(owners, each) for each in (template.path, template.spec))
        first, *others = (
            f"{_bound(owners, each)}[?{literal(CLASS_ANNOTATION)}]" for each in template.places
        )
        return leaf(itself, first + "".join(f".or({each})" for each in others), spec)
    place = rest.index(EACH)
    depth = len(owners)
    held, item = f"held{depth}", f"item{depth}"
    inner = _some([*owners, item], template, rest[place + 1 :], leaf)
    return (
        f"[{field(owners[-1], rest[:place])}.orValue([])].exists({held},\n"
        f"  ({_items(held)}).exists({item}, {grouped(inner)}))"
    )


def _items(held: str) -> Expression:
    """Give the items of a list or the values of a map; none of anything else."""
    entries = f"{held}.map(key, {held}[key])"
    return f"type({held}) == map ? {entries} : type({held}) == list ? {held} : []"


def are_at_hand(kind: WorkloadKind) -> bool:
    """Tell whether `specs` can list the pod specs of a kind: it can look into one list or map."""
    return all(each.path.count(EACH) <= 1 for each in kind.templates)


def specs(document: Expression, kinds: Iterable[WorkloadKind]) -> Expression:
    """Give the list of the pod specs of an object, each an optional, whatever its kind.

    So what is asked of a spec is written once, and not once for each template of each kind.
    """
    listing: dict[Expression, list[WorkloadKind]] = {}
    for kind in kinds:
        each = " + ".join(_specs(document, template) for template in kind.templates)
        listing.setdefault(each, []).append(kind)
    choices = (f"{is_kind(members)} ? {each} :\n" for each, members in listing.items())
    return grouped("".join(choices) + "[]")


def _specs(document: Expression, template: Template) -> Expression:
    if EACH not in template.path:
        return f"[{field(document, template.spec)}]"
    held = field(document, template.path[: template.path.index(EACH)])
    found = _bound([document, "item"], template.spec)
    return f"[{held}.orValue([])].map(held, {_items('held')})[0].map(item, {found})"


def _bound(owners: list[Expression], pattern: Path) -> Expression:
    depth = sum(step == EACH for step in pattern)
    last = max((index for index, step in enumerate(pattern) if step == EACH), default=-1)
    return field(owners[depth], pattern[last + 1 :])


def changed(new: Expression, old: Expression, kind: WorkloadKind) -> Expression:
    """Tell whether a write changed what holds the templates."""
    roots = dict.fromkeys(_root(each.path) for each in kind.templates)
    return any_of(*(f"{field(new, root)} != {field(old, root)}" for root in roots))


def _root(path: Path) -> Path:
    return path[: path.index(EACH)] if EACH in path else path


def groups(kinds: Iterable[WorkloadKind]) -> Iterator[tuple[str, tuple[str, ...], list[str]]]:
    """Give the API groups of some kinds, with versions and resources, as rules have them."""

    def key(kind: WorkloadKind) -> tuple[str, tuple[str, ...]]:
        return kind.group, kind.versions

    for (group, versions), members in groupby(sorted(kinds, key=key), key=key):
        yield group, versions, [each.plural for each in members]
