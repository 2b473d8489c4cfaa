"""Text from elsewhere, made safe to show: on one line, and no longer than its reader takes."""

LONGEST = 1024
"""Characters of one value that a person reads; a Kubernetes name has 253 at most."""


def printable(text: str) -> str:
    r"""Give text from elsewhere on one line and without what would steer a terminal.

    What does not print (Unicode's controls, bidirectional ones too, separators, lone surrogates) is
    written as Python would: `\n`, `\x1b`, `\u202e`.
    """
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode() for each in text
    )


def shortened(text: str, most: int = LONGEST) -> str:
    """Give at most `most` characters of text, and say how many there were."""
    if len(text) <= most:
        return text
    cut = f"... ({len(text)} characters)"
    return text[: max(0, most - len(cut))] + cut[:most]


def shown(text: str, most: int = LONGEST) -> str:
    """Give text from elsewhere as a message may hold it: printable, `most` characters at most."""
    if len(text) <= most and text.isprintable():
        return text
    return shortened(printable(shortened(text, most)), most)
