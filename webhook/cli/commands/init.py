"""The flags of `gpuclass init`."""

import argparse
from pathlib import Path

from webhook.cli.commands.command import Command, Run
from webhook.cli.console import Console
from webhook.cli.tree import OPTIONAL


def declare(parser: argparse.ArgumentParser) -> Run:
    """Declare the flags, and give what runs with them."""
    parser.add_argument(
        "folder", type=Path, metavar="DIR", help="what to write: a folder that is not there yet"
    )
    parser.add_argument(
        "--repo-url",
        required=True,
        metavar="URL",
        help="where the repository will be, as Argo CD reaches it; no credentials in it",
    )
    parser.add_argument(
        "--revision",
        default="main",
        metavar="NAME",
        help="the branch that Argo CD syncs (default: %(default)s)",
    )
    parser.add_argument(
        "--image",
        metavar="NAME",
        help="gpuclass's image in your registry; without a tag it is this version "
        "(default: gpuclass, which only a cluster that has it loaded can run)",
    )
    parser.add_argument(
        "--package",
        metavar="REQUIREMENT",
        help="what CI and pre-commit install by pip, a wheel's URL for example: "
        "'gpuclass @ https://...' (default: gpuclass in this version)",
    )
    parser.add_argument(
        "--without",
        action="append",
        default=[],
        choices=OPTIONAL,
        metavar="|".join(OPTIONAL),
        help="leave out an Application that the cluster has from elsewhere, or does not want; "
        "may be repeated",
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="name every file that would be written"
    )

    def run(args: argparse.Namespace, console: Console) -> int:
        from webhook.cli import init

        setting = init.Setting(
            folder=args.folder,
            repo_url=args.repo_url,
            revision=args.revision,
            image=args.image,
            package=args.package,
            without=frozenset(args.without),
            is_dry_run=args.dry_run,
        )
        return init.run(setting, console)

    return run


COMMAND = Command(
    summary="write a repository of your own: policies, what Argo CD syncs, CI; ready to commit",
    examples=(
        "gpuclass init gpus --repo-url https://git.example.com/platform/gpus.git\n"
        "  gpuclass init gpus --repo-url git@git.example.com:platform/gpus.git --revision prod \\\n"
        "    --image registry.example.com/gpuclass --without nvidia-device-plugin\n\n"
        "exit codes: 0 it is written whole, 2 nothing is"
    ),
    declare=declare,
)
