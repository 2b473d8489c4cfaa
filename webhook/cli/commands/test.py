"""The flags of `gpuclass test`."""

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
        help="a folder of policies with its cases in cases/ (default: %(default)s)",
    )
    flags.output(parser, "text", "json")

    def run(args: argparse.Namespace, console: Console) -> int:
        from webhook.cli import test

        return test.run(args.policies, args.output, console)

    return run


COMMAND = Command(
    summary="replay the cases of policies: expected against got",
    examples=(
        "gpuclass test policies/            # replays policies/cases/*.yaml\n\n"
        "exit codes: 0 all as expected, 1 some are not, 2 policies or cases can not be read"
    ),
    declare=declare,
)
