"""What to say to somebody who wrote a name that does not exist."""

import difflib
from collections.abc import Iterable


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Give the known name that `name` most resembles, in spelling or but for case; else None."""
    by_folded = {candidate.casefold(): candidate for candidate in known}
    close = difflib.get_close_matches(name.casefold(), by_folded, n=1)
    return by_folded[close[0]] if close else None


def suggest(name: str, known: Iterable[str]) -> str:
    """Give the nearest name as a question, else the names that there are.

    `did you mean training?`, `known: production, training`, or `there is none`.
    """
    names = sorted(known)
    close = nearest(name, names)
    if close is not None:
        return f"did you mean {close}?"
    return f"known: {', '.join(names)}" if names else "there is none"


def suggest_all(name: str, known: Iterable[str]) -> str:
    """Give the names that there are, and the nearest: `known: a, b; did you mean a?`."""
    names = sorted(known)
    close = nearest(name, names)
    if close is None:
        return suggest(name, names)
    return f"known: {', '.join(names)}; did you mean {close}?"
