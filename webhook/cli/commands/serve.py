"""The flags of `gpuclass serve`."""

import argparse
import os

from webhook.cli.commands.command import Command, Run
from webhook.cli.console import Console


def declare(parser: argparse.ArgumentParser) -> Run:
    """Declare the flags, and give what runs with them."""
    from webhook.serve import settings

    settings.declare(parser)
    parser.add_argument(
        "--welcome", action="store_true", help="review a sample over the wire and say what to try"
    )

    def run(args: argparse.Namespace, _: Console) -> int:
        from webhook.cli import serve

        return serve.run(settings.read(vars(args), os.environ), welcome=args.welcome)

    return run


COMMAND = Command(
    summary="answer the API server's admission reviews",
    examples=(
        "gpuclass serve --policies policies/    # stand-alone, with a certificate of its own\n"
        "  gpuclass serve --policies /etc/gpuclass/policies --certs /etc/gpuclass/certs \\\n"
        "    --bind :8443 --metrics-bind :8080\n\n"
        "Each flag is a variable too: --bind is GPUCLASS_BIND. The flag wins."
    ),
    declare=declare,
)
