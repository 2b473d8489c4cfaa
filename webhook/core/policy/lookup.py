"""Finding the few that fit among many, without going through all of them.

What is looked for are globs that stand for a text, and sets that lie within another. What they lead
to comes out in the order in which it went in, once for each entry.
"""

from collections import Counter
from collections.abc import Hashable, Iterable
from collections.abc import Set as AbstractSet
from typing import Generic, TypeVar

from webhook.core.policy.globs import is_match

T = TypeVar("T")


class Globs(Generic[T]):
    """Globs, each found by what stands before its first star."""

    def __init__(self, entries: Iterable[tuple[str, T]]) -> None:
        """Take globs, each with what it leads to."""
        self._starting: dict[str, list[tuple[int, str, T]]] = {}
        for position, (glob, entry) in enumerate(entries):
            start = glob.partition("*")[0]
            self._starting.setdefault(start, []).append((position, glob, entry))
        self._lengths = {len(start) for start in self._starting}

    def matching(self, text: str) -> list[T]:
        """Give what those globs lead to that stand for the whole of `text`."""
        starts = {text[:length] for length in self._lengths}
        near = (each for start in starts for each in self._starting.get(start, ()))
        found = {position: entry for position, glob, entry in near if is_match(glob, text)}
        return [found[position] for position in sorted(found)]


class Subsets(Generic[T]):
    """Sets, each found by the rarest of its items; one that is empty is never found."""

    def __init__(self, entries: Iterable[tuple[AbstractSet[Hashable], T]]) -> None:
        """Take sets, each with what it leads to."""
        given = [(frozenset(items), entry) for items, entry in entries]
        counts = Counter(item for items, _ in given for item in items)
        self._having: dict[Hashable, list[tuple[int, AbstractSet[Hashable], T]]] = {}
        for position, (items, entry) in enumerate(given):
            if items:
                rarest = min(items, key=counts.__getitem__)
                self._having.setdefault(rarest, []).append((position, items, entry))

    def within(self, items: AbstractSet[Hashable]) -> list[T]:
        """Give what those sets lead to whose items are all among `items`."""
        near = (each for item in items for each in self._having.get(item, ()))
        found = {position: entry for position, wanted, entry in near if wanted <= items}
        return [found[position] for position in sorted(found)]
