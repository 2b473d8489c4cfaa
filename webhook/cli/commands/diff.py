"""The flags of `gpuclass diff`."""

import argparse

from webhook.cli import flags
from webhook.cli.commands.command import Command, Run
from webhook.cli.console import Console


def declare(parser: argparse.ArgumentParser) -> Run:
    """Declare the flags, and give what runs with them."""
    for name, what in (("old", "as they are"), ("new", "as they would be")):
        parser.add_argument(
            name,
            metavar=name.upper(),
            help=f"the policies {what}: a folder, or one in a revision of Git (main:policies)",
        )
    parser.add_argument(
        "--workloads",
        nargs="+",
        default=[],
        metavar="FILE|DIR|-",
        help="manifests or cases to judge by both (default: the cases of NEW)",
    )
    flags.output(parser, *flags.OUTPUTS)
    flags.applied(parser)

    def run(args: argparse.Namespace, console: Console) -> int:
        from webhook.cli import diff, judging, report

        setting = diff.Setting(
            old=args.old,
            new=args.new,
            namespace=args.namespace,
            requester=judging.requester(args.user, args.groups),
        )
        return diff.run(args.workloads, setting, report.Output(args.output), console)

    return run


COMMAND = Command(
    summary="say what a change of policies would do to workloads",
    examples=(
        "gpuclass diff main:policies policies/                    # to the policies' own cases\n"
        "  gpuclass diff old/ new/ --workloads deploy/ jobs.yaml     # to manifests\n"
        "  gpuclass diff -o github origin/main:policies policies/    # on a pull request\n\n"
        "exit codes: 0 no workload is treated otherwise, 1 some are, 2 something can not be read"
    ),
    declare=declare,
)
