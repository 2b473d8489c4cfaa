"""What a sub-command is: what it says of itself, its flags, and what runs with them."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from webhook.cli.console import Console

Run: TypeAlias = Callable[[argparse.Namespace, Console], int]
"""Does the work; gives the exit code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One sub-command.

    `summary` is one line, `examples` are those of its help, with the exit codes; `declare` adds the
    flags to a parser and gives what runs with them.
    """

    summary: str
    examples: str
    declare: Callable[[argparse.ArgumentParser], Run]
