"""The flags of `gpuclass certs`."""

import argparse
from pathlib import Path

from webhook.cli.commands.command import Command, Run
from webhook.cli.console import Console


def declare(parser: argparse.ArgumentParser) -> Run:
    """Declare the flags, and give what runs with them."""
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="where to write; made if need be"
    )
    parser.add_argument(
        "--host",
        action="append",
        default=[],
        metavar="NAME",
        help="a DNS name or an address to serve as (default: the names of the Service)",
    )
    parser.add_argument("--force", action="store_true", help="replace what is there")

    def run(args: argparse.Namespace, console: Console) -> int:
        from webhook.cli import certs

        return certs.run(args.out, args.host, force=args.force, console=console)

    return run


COMMAND = Command(
    summary="make a CA and a serving certificate, as files and as objects to apply",
    examples=(
        "gpuclass certs --out certs/\n"
        "  gpuclass certs --out certs/ --host webhook.example.com --host 127.0.0.1"
    ),
    declare=declare,
)
