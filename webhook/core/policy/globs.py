"""Globs of policies: `*` stands for any characters, everything else for itself."""

import re
from functools import lru_cache


@lru_cache(maxsize=1024)
def _compiled(glob: str) -> re.Pattern[str]:
    parts = re.sub(r"\*+", "*", glob).split("*")
    return re.compile(".*".join(map(re.escape, parts)), re.DOTALL)


def is_match(glob: str, text: str) -> bool:
    """Tell whether `glob` stands for the whole of `text`."""
    start, star, rest = glob.partition("*")
    if not rest:
        return text.startswith(start) if star else text == glob
    return _compiled(glob).fullmatch(text) is not None


@lru_cache(maxsize=1024)
def is_any_match(globs: tuple[str, ...], text: str) -> bool:
    """Tell whether one of `globs` stands for `text`; remembered: few texts are asked for."""
    return any(is_match(glob, text) for glob in globs)


def is_glob(text: str) -> bool:
    """Tell whether `text` can stand for more than itself."""
    return "*" in text


def is_everything(glob: str) -> bool:
    """Tell whether `glob` stands for every text: `*`, `**`."""
    return not glob.strip("*") and is_glob(glob)
