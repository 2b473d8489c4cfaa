"""The flags of `gpuclass join-config`."""

import argparse

from webhook.cli import flags
from webhook.cli.commands.command import Command, Run
from webhook.cli.console import Console


def declare(parser: argparse.ArgumentParser) -> Run:
    """Declare the flags, and give what runs with them."""
    parser.add_argument("pool", metavar="POOL", help="the GPUNodePool that the node is of")
    flags.policies(parser)
    parser.add_argument("--node", default="", metavar="NAME", help="the name of the node")
    parser.add_argument(
        "--kind", default="", metavar="CLUSTER", help="the node is a container of this kind cluster"
    )
    forms = parser.add_mutually_exclusive_group()
    forms.add_argument(
        "--discovery",
        metavar="FILE|-",
        help="what `kubeadm token create --print-join-command` printed; it goes into the output",
    )
    forms.add_argument(
        "--patch",
        action="store_true",
        help="print what kubeadmConfigPatches of kind, and of Terraform's provider for it, take",
    )
    forms.add_argument(
        "--compare",
        metavar="FILE|-",
        help="say what a Node (`kubectl get node NAME -o json`) lacks of it instead",
    )

    def run(args: argparse.Namespace, console: Console) -> int:
        from webhook.cli import join_config

        setting = join_config.Setting(
            policies=args.policies,
            pool=args.pool,
            node=args.node,
            kind=args.kind,
            discovery=args.discovery,
            is_patch=args.patch,
            compare=args.compare,
        )
        return join_config.run(setting, console)

    return run


COMMAND = Command(
    summary="print what a node of a pool tells kubeadm as it joins: its labels and taints",
    examples=(
        "gpuclass join-config training                       # to look at\n"
        "  gpuclass join-config training --patch               # for kind's kubeadmConfigPatches\n"
        "  kubeadm token create --print-join-command | gpuclass join-config training \\\n"
        "    --node gpu-train-1 --discovery - > join.yaml      # kubeadm join --config join.yaml\n"
        "  kubectl get node gpu-train-1 -o json | gpuclass join-config training --compare -\n\n"
        "exit codes: 0 printed, or the Node is so; 1 it is not; 2 something can not be read"
    ),
    declare=declare,
)
