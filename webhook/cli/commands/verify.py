"""The flags of `gpuclass verify`."""

import argparse

from webhook.cli import flags
from webhook.cli.commands.command import Command, Run
from webhook.cli.console import Console
from webhook.core.names import NAMESPACE


def declare(parser: argparse.ArgumentParser) -> Run:
    """Declare the flags, and give what runs with them."""
    flags.output(parser, "text", "json")
    flags.cluster(parser)
    parser.add_argument(
        "-n",
        "--namespace",
        default=NAMESPACE,
        metavar="NAME",
        help="where gpuclass runs (default: %(default)s)",
    )

    def run(args: argparse.Namespace, console: Console) -> int:
        from webhook.cli import verify

        setting = verify.Setting(
            kubeconfig=args.kubeconfig, context=args.context, namespace=args.namespace
        )
        return verify.run(setting, args.output, console)

    return run


COMMAND = Command(
    summary="say check by check whether what gpuclass governs in a cluster is healthy",
    examples=(
        "gpuclass verify                          # the cluster of kubectl's current context\n"
        "  gpuclass verify --context kind-gpuclass -o json\n\n"
        "It changes nothing: the webhooks are asked with a pod that is not kept.\n"
        "exit codes: 0 all is well, 1 something is not, 2 the cluster can not be asked"
    ),
    declare=declare,
)
