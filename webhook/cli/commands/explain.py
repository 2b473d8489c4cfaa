"""The flags of `gpuclass explain`."""

import argparse
from pathlib import Path

from webhook.cli import flags
from webhook.cli.commands.command import Command, Run
from webhook.cli.console import Console


def declare(parser: argparse.ArgumentParser) -> Run:
    """Declare the flags, and give what runs with them."""
    parser.add_argument(
        "pod",
        metavar="POD",
        help="a manifest of a pod or a workload, or -; or pod/NAME, deployment/NAME, "
        "rayclusters.ray.io/NAME ..., which is in the cluster",
    )
    parser.add_argument(
        "--policies",
        type=Path,
        metavar="DIR",
        help="the folder of policies to decide by (default: those of the cluster; "
        f"for manifests {flags.POLICIES})",
    )
    flags.nodes(parser)
    flags.output(parser, "text", "json")
    flags.applied(parser, namespace=None)
    flags.cluster(parser)

    def run(args: argparse.Namespace, console: Console) -> int:
        from webhook.cli import explain, judging

        setting = explain.Setting(
            policies=args.policies,
            nodes=tuple(args.nodes),
            namespace=args.namespace,
            requester=judging.requester(args.user, args.groups),
            kubeconfig=args.kubeconfig,
            context=args.context,
        )
        if not explain.is_live(args.pod, setting):
            return explain.run(args.pod, setting, args.output, console)
        from webhook.cli import explain_live

        return explain_live.run(args.pod, setting, args.output, console)

    return run


COMMAND = Command(
    summary="say node by node whether a pod may land there, and if not, what says no",
    examples=(
        "kubectl get nodes -o json > nodes.json\n"
        "  gpuclass explain deployment.yaml --nodes nodes.json\n"
        "  kubectl gpuclass explain pod/train -n team-a         # as it is in the cluster\n"
        "  kubectl gpuclass explain deployment/train -n team-a  # its pods, as they would be made\n"
        "  kubectl gpuclass explain deployment.yaml --context gpus\n\n"
        "exit codes: 0 each pod may land somewhere, 1 one nowhere, 2 the input can not be read"
    ),
    declare=declare,
)
