"""The flags of `gpuclass review`."""

import argparse

from webhook.cli import flags
from webhook.cli.commands.command import Command, Run
from webhook.cli.console import Console


def declare(parser: argparse.ArgumentParser) -> Run:
    """Declare the flags, and give what runs with them."""
    parser.add_argument(
        "names",
        nargs="+",
        metavar="FILE|DIR|-",
        help="manifests in YAML or JSON; a folder is read whole, - is standard input",
    )
    flags.policies(parser)
    flags.output(parser, *flags.OUTPUTS)
    flags.applied(parser)
    flags.nodes(parser)
    parser.add_argument(
        "--old",
        action="append",
        default=[],
        metavar="FILE",
        help="the objects as they were: those of the same kind, namespace and name are updated",
    )

    def run(args: argparse.Namespace, console: Console) -> int:
        from webhook.cli import judging, report, review

        setting = review.Setting(
            policies=args.policies,
            namespace=args.namespace,
            requester=judging.requester(args.user, args.groups),
            nodes=tuple(args.nodes),
            old=tuple(args.old),
        )
        return review.run(args.names, setting, report.Output(args.output), console)

    return run


COMMAND = Command(
    summary="say what the cluster would do with manifests",
    examples=(
        "gpuclass review deploy/            # every manifest of a folder\n"
        "  helm template . | gpuclass review - # what a chart renders\n"
        "  gpuclass review -o github k8s/      # annotations on a pull request\n"
        "  gpuclass review --old live.yaml new.yaml         # new.yaml written over live.yaml\n\n"
        "exit codes: 0 nothing is refused, 1 something is, 2 the input can not be read"
    ),
    declare=declare,
)
