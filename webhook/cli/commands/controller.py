"""The flags of `gpuclass controller`."""

import argparse
import os

from webhook.cli.commands.command import Command, Run
from webhook.cli.console import Console


def declare(parser: argparse.ArgumentParser) -> Run:
    """Declare the flags, and give what runs with them."""
    from webhook.control import settings

    settings.declare(parser)

    def run(args: argparse.Namespace, _: Console) -> int:
        from webhook.cli import controller

        return controller.run(settings.read(vars(args), os.environ))

    return run


COMMAND = Command(
    summary="keep certificates and the registration in order, as one elected leader",
    examples=(
        "gpuclass controller                    # in a pod, as deploy/base runs it\n"
        "  gpuclass controller --kubeconfig ~/.kube/config --server 127.0.0.1:8443\n\n"
        "Each flag is a variable too: --namespace is GPUCLASS_NAMESPACE. The flag wins."
    ),
    declare=declare,
)
