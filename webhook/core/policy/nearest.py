"""What to say to somebody who wrote a name that does not exist."""

import difflib
from bisect import bisect
from collections.abc import Collection, Iterable, Sequence

NAMED = 40
"""Names that a message has before it only counts them."""

_BESIDE = 16
"""So many before it and after it a name is compared with, where many are known."""


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Give the known name that `name` most resembles, in spelling or but for case; else None."""
    by_folded = {candidate.casefold(): candidate for candidate in known}
    folded = name.casefold()
    close = difflib.get_close_matches(folded, _neighbours(folded, by_folded), n=1)
    return by_folded[close[0]] if close else None


def _neighbours(name: str, known: Collection[str]) -> Collection[str]:
    """Give the names that begin or end most like it: comparing with each of a thousand takes long.

    What is misspelt in one place begins right, or ends right. Few names are given all.
    """
    if len(known) <= 4 * _BESIDE:
        return known
    forwards = _beside(name, sorted(known))
    backwards = _beside(name[::-1], sorted(each[::-1] for each in known))
    return dict.fromkeys((*forwards, *(each[::-1] for each in backwards)))


def _beside(name: str, ordered: Sequence[str]) -> Sequence[str]:
    place = bisect(ordered, name)
    return ordered[max(place - _BESIDE, 0) : place + _BESIDE]


def listing(names: Iterable[str]) -> str:
    """Write names, the first of very many: `a, b, c and 997 more`."""
    given = tuple(names)
    more = len(given) - NAMED
    shown = ", ".join(given[:NAMED])
    return f"{shown} and {more} more" if more > 0 else shown


def suggest(name: str, known: Iterable[str]) -> str:
    """Give the nearest name as a question, else the names that there are.

    `did you mean training?`, `known: production, training`, or `there is none`.
    """
    names = sorted(known)
    close = nearest(name, names)
    if close is not None:
        return f"did you mean {close}?"
    return f"known: {listing(names)}" if names else "there is none"


def suggest_all(name: str, known: Iterable[str]) -> str:
    """Give the names that there are, and the nearest: `known: a, b; did you mean a?`."""
    names = sorted(known)
    close = nearest(name, names)
    if close is None:
        return suggest(name, names)
    return f"known: {listing(names)}; did you mean {close}?"
