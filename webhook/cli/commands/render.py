"""The flags of `gpuclass render`."""

import argparse

from webhook.cli import flags
from webhook.cli.commands.command import Command, Run
from webhook.cli.console import Console

CRDS = ("gpuclasses", "gpunodes", "gpunodepools", "gpupolicies")


def declare(parser: argparse.ArgumentParser) -> Run:
    """Declare the flags, and give what runs with them."""
    flags.policies(parser)
    parser.add_argument(
        "--crds",
        nargs="*",
        choices=CRDS,
        metavar="|".join(CRDS),
        help="print the CustomResourceDefinitions of these kinds instead (none named: of all)",
    )

    def run(args: argparse.Namespace, console: Console) -> int:
        from webhook.cli import render

        if args.crds is not None:
            return render.run_crds(args.crds, console)
        return render.run(args.policies, console)

    return run


COMMAND = Command(
    summary="print the webhook configurations that the policies call for, or our kinds",
    examples=(
        "gpuclass render --policies policies/ > webhooks.yaml\n"
        "  gpuclass render --crds | kubectl apply --server-side -f -"
    ),
    declare=declare,
)
