"""The entry point of `gpuclass`: finds the sub-command, runs it, turns errors into exit codes."""

import argparse
import io
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

import webhook
from webhook.cli.commands import COMMANDS
from webhook.cli.commands.command import Run
from webhook.cli.console import Console, When, wants_colour
from webhook.core.errors import GpuclassError
from webhook.core.policy.nearest import suggest_all

BAD_INPUT = 2
INTERRUPTED = 130
BROKEN_PIPE = 141
"""128 and the number of the signal, as shells have it."""

_DESCRIPTION = (
    "One word on a workload, `gpu-class: training`, becomes correct GPU scheduling.\n"
    "This command serves the admission webhook, and answers offline what it would say."
)
_EXAMPLE = (
    "example:\n  gpuclass review deployment.yaml   # what the cluster would do with it\n\n"
    "gpuclass COMMAND --help says more, with examples."
)


class _Parser(argparse.ArgumentParser):
    """Says what is wrong with a command line on one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(BAD_INPUT, f"{self.prog}: {message}; {self.prog} --help says more\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command with the arguments of the process, or those given; give the exit code."""
    try:
        code = _run(sys.argv[1:] if arguments is None else list(arguments))
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except KeyboardInterrupt:
        return INTERRUPTED
    except GpuclassError as error:
        sys.stderr.write(f"{error}\n")
        return BAD_INPUT
    return code


def _run(arguments: list[str]) -> int:
    parser, runs = _parser(next((each for each in arguments if not each.startswith("-")), ""))
    args = parser.parse_args(arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A file's name may hold bytes that are no UTF-8.
        sys.stdout.reconfigure(errors="backslashreplace")
    console = Console(
        out=sys.stdout,
        err=sys.stderr,
        stdin=getattr(sys.stdin, "buffer", io.BytesIO()),
        is_coloured=wants_colour(getattr(args, "color", When.NEVER), sys.stdout),
    )
    if args.command not in runs:
        parser.print_help()
        return BAD_INPUT
    return runs[args.command](args, console)


def _parser(command: str) -> tuple[argparse.ArgumentParser, dict[str, Run]]:
    """Declare all sub-commands, and the flags of the one that is asked for."""
    parser = _Parser(
        prog="gpuclass",
        description=_DESCRIPTION,
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=_version())
    if command and command not in COMMANDS:
        parser.error(f"no command {command}; {suggest_all(command, COMMANDS)}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    runs: dict[str, Run] = {}
    for name, each in COMMANDS.items():
        sub = commands.add_parser(
            name,
            help=each.summary,
            description=f"{each.summary[0].upper()}{each.summary[1:]}.",
            epilog=f"examples:\n  {each.examples}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        if name == command:
            runs[name] = each.declare(sub)
    return parser, runs


def _version() -> str:
    return f"gpuclass {webhook.__version__}"
