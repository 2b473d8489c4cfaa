"""Flags that several sub-commands have, spelt and explained in one way. It runs nothing."""

import argparse
from pathlib import Path

from webhook.cli.console import When

OUTPUTS = ("text", "json", "github")
POLICIES = Path("policies")


def policies(parser: argparse.ArgumentParser) -> None:
    """Declare --policies."""
    parser.add_argument(
        "--policies",
        type=Path,
        default=POLICIES,
        metavar="DIR",
        help="the folder of policies to decide by (default: %(default)s)",
    )


def output(parser: argparse.ArgumentParser, *outputs: str) -> None:
    """Declare -o, of which the first form is the default, and --color."""
    parser.add_argument(
        "-o",
        "--output",
        choices=outputs,
        default=outputs[0],
        help=f"{outputs[0]} is for people (default: %(default)s)",
    )
    parser.add_argument(
        "--color",
        type=When,
        choices=list(When),
        default=When.AUTO,
        metavar="auto|always|never",
        help="colour the text; auto: on a terminal, unless NO_COLOR is set (default: auto)",
    )


def applied(parser: argparse.ArgumentParser, namespace: str | None = "default") -> None:
    """Declare in which namespace and by whom manifests are taken to be applied.

    Without a `namespace` of its own a command takes that of the kubeconfig's context.
    """
    parser.add_argument(
        "-n",
        "--namespace",
        default=namespace,
        metavar="NAME",
        help="the namespace of objects that name none "
        f"(default: {namespace or 'default, or that of the context'})",
    )
    parser.add_argument(
        "--as", dest="user", metavar="USER", help="who applies them (default: an ordinary user)"
    )
    parser.add_argument(
        "--as-group", dest="groups", action="append", metavar="GROUP", help="a group of that user"
    )


def nodes(parser: argparse.ArgumentParser) -> None:
    """Declare --nodes."""
    parser.add_argument(
        "--nodes",
        action="append",
        default=[],
        metavar="FILE",
        help="Node objects that the cluster has, as `kubectl get nodes -o json` writes them",
    )


def cluster(parser: argparse.ArgumentParser) -> None:
    """Declare which cluster is asked, as kubectl has it."""
    parser.add_argument(
        "--kubeconfig",
        type=Path,
        metavar="FILE",
        help="the cluster to ask (default: $GPUCLASS_KUBECONFIG, $KUBECONFIG or ~/.kube/config)",
    )
    parser.add_argument("--context", metavar="NAME", help="a context of it (default: its current)")
