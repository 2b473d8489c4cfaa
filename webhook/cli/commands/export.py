"""The flags of `gpuclass export`."""

import argparse
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
        "--to",
        type=Path,
        metavar="DIR",
        help="the folder to write, a file each as in policies/ (default: all to standard output)",
    )
    parser.add_argument(
        "--force", action="store_true", help="overwrite files of the same names in that folder"
    )
    parser.add_argument(
        "--adopt",
        action="store_true",
        help="derive pools and classes for the GPU nodes that are of no pool",
    )
    parser.add_argument(
        "--gpunodes",
        action="store_true",
        help="with --adopt: a GPUNode for each of these nodes, not only where nothing else tells",
    )
    flags.cluster(parser)

    def run(args: argparse.Namespace, console: Console) -> int:
        from webhook.cli import export

        if args.gpunodes and not args.adopt:
            parser.error("--gpunodes is about adopted nodes: add --adopt")
        if args.force and args.to is None:
            parser.error("--force is about a folder: add --to DIR")
        setting = export.Setting(
            folder=args.to,
            is_forced=args.force,
            is_adopting=args.adopt,
            is_each_declared=args.gpunodes,
            kubeconfig=args.kubeconfig,
            context=args.context,
        )
        if args.names:
            return export.run(args.names, setting, console)
        return export.run_live(setting, console)

    return run


COMMAND = Command(
    summary="write what a cluster has of gpuclass as files; derive pools from its GPU nodes",
    examples=(
        "gpuclass export --to policies/           # the documents of the cluster, a file each\n"
        "  gpuclass export | kubectl apply --server-side --dry-run=server -f -\n"
        "  gpuclass export --adopt --to policies/   # a cluster that has no documents yet\n"
        "  kubectl get nodes,pods -A -o json > dump.json\n"
        "  gpuclass export --adopt --to policies/ dump.json\n\n"
        "exit codes: 0 written, 1 written, but somebody has to decide what is listed, "
        "2 nothing is written"
    ),
    declare=declare,
)
