"""The flags of `gpuclass audit`."""

import argparse
from datetime import timedelta
from pathlib import Path

from webhook.cli import flags
from webhook.cli.commands.command import Command, Run
from webhook.cli.console import Console


def declare(parser: argparse.ArgumentParser) -> Run:
    """Declare the flags, and give what runs with them."""
    parser.add_argument(
        "names",
        nargs="*",
        metavar="FILE|DIR|-",
        help="a dump, as `kubectl get ... -o json` writes it; none: the cluster itself is asked",
    )
    parser.add_argument(
        "--policies",
        type=Path,
        metavar="DIR",
        help="the folder of policies to judge by (default: those of the cluster or the dump, "
        f"else {flags.POLICIES})",
    )
    parser.add_argument(
        "-n", "--namespace", default="", metavar="NAME", help="only what is in it (default: all)"
    )
    flags.cluster(parser)
    parser.add_argument(
        "--pending-minutes",
        type=int,
        default=10,
        metavar="MINUTES",
        help="how long a pod may wait for a GPU (default: %(default)s)",
    )
    parser.add_argument(
        "--fail-on",
        choices=("error", "warning", "info", "never"),
        default="warning",
        help="the least severity that makes the exit code 1 (default: %(default)s)",
    )
    flags.output(parser, *flags.OUTPUTS)

    def run(args: argparse.Namespace, console: Console) -> int:
        from webhook.cli import audit, report

        setting = audit.Setting(
            policies=args.policies,
            namespace=args.namespace,
            kubeconfig=args.kubeconfig,
            context=args.context,
            patience=timedelta(minutes=args.pending_minutes),
            fail_on=args.fail_on,
        )
        output = report.Output(args.output)
        if args.names:
            return audit.run(args.names, setting, output, console)
        return audit.run_live(setting, output, console)

    return run


COMMAND = Command(
    summary="say what a cluster has that its policy would not have made; nothing is changed",
    examples=(
        "gpuclass audit                     # the cluster of the kubeconfig, by its own policy\n"
        "  kubectl gpuclass audit -n team-a --context gpus\n"
        "  gpuclass audit --policies policies/                  # before anything is installed\n"
        "  kubectl get nodes,pods,namespaces,daemonsets,priorityclasses -A -o json > dump.json\n"
        "  gpuclass audit --policies policies/ dump.json\n\n"
        "exit codes: 0 no finding as grave as --fail-on, 1 some are, 2 it can not be looked at"
    ),
    declare=declare,
)
