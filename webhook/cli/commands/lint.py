"""The flags of `gpuclass lint`."""

import argparse
from pathlib import Path

from webhook.cli import flags
from webhook.cli.commands.command import Command, Run
from webhook.cli.console import Console


def declare(parser: argparse.ArgumentParser) -> Run:
    """Declare the flags, and give what runs with them."""
    parser.add_argument(
        "policies",
        nargs="?",
        type=Path,
        default=flags.POLICIES,
        metavar="DIR",
        help="a folder of policies (default: %(default)s)",
    )
    flags.output(parser, *flags.OUTPUTS)

    def run(args: argparse.Namespace, console: Console) -> int:
        from webhook.cli import lint

        return lint.run(args.policies, args.output, console.out)

    return run


COMMAND = Command(
    summary="check policies, each for itself and all together",
    examples="gpuclass lint policies/\n\nexit codes: 0 sound, 1 faults, 2 not readable",
    declare=declare,
)
