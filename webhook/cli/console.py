"""The terminal, or what stands for it: streams, and colour where a person looks at them."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import BinaryIO, TextIO


class When(StrEnum):
    """When output is coloured: `--color`."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


class Ink(StrEnum):
    """Colours, as the codes of ANSI terminals (ECMA-48 SGR)."""

    BOLD = "1"
    DIM = "2"
    RED = "31"
    GREEN = "32"
    YELLOW = "33"
    CYAN = "36"


@dataclass(frozen=True, slots=True, kw_only=True)
class Console:
    """Where a command reads and writes; faults go to `err`, answers to `out`."""

    out: TextIO
    err: TextIO
    stdin: BinaryIO
    is_coloured: bool = False

    def paint(self, text: str, *inks: Ink) -> str:
        """Give text in colour where colour is wanted."""
        if not self.is_coloured or not inks:
            return text
        return f"\x1b[{';'.join(inks)}m{text}\x1b[0m"

    def print(self, text: str = "") -> None:
        """Write a line of the answer."""
        self.out.write(f"{text}\n")

    def complain(self, text: str) -> None:
        """Write a line about what is wrong with what was handed in."""
        self.err.write(f"{text}\n")


def wants_colour(when: When, out: TextIO, environment: Mapping[str, str] = os.environ) -> bool:
    """Tell whether to colour: asked for, or on a terminal without NO_COLOR (no-color.org)."""
    if when is not When.AUTO:
        return when is When.ALWAYS
    return not environment.get("NO_COLOR") and environment.get("TERM") != "dumb" and out.isatty()
