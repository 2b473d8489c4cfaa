"""The flags of `gpuclass version`."""

import argparse

import webhook
from webhook.cli.commands.command import Command, Run
from webhook.cli.console import Console


def declare(_: argparse.ArgumentParser) -> Run:
    """Declare the flags, and give what runs with them."""

    def run(_: argparse.Namespace, console: Console) -> int:
        console.print(f"gpuclass {webhook.__version__}")
        return 0

    return run


COMMAND = Command(
    summary="say which version this is",
    examples="gpuclass version",
    declare=declare,
)
