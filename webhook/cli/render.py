"""`gpuclass render`: the webhook configurations that a policy calls for, and our own kinds."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import yaml

from webhook.cli.console import Console
from webhook.core import registration
from webhook.core.policy import crd
from webhook.watch import policies

_WIDTH = 10_000
"""No line is broken: a condition is read, and compared, by its own lines."""


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as they are, in block style."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def run(directory: Path, console: Console) -> int:
    """Print the configurations for the policy of a folder as YAML documents."""
    return _print(registration.render(policies.load(directory)), console)


def run_crds(plurals: Sequence[str], console: Console) -> int:
    """Print the CustomResourceDefinitions of some kinds (none named: of all) as YAML documents."""
    wanted = plurals or tuple(crd.RESOURCES)
    return _print((crd.render(crd.RESOURCES[each]) for each in wanted), console)


def _print(documents: Iterable[object], console: Console) -> int:
    yaml.dump_all(
        documents, console.out, Dumper=_Dumper, sort_keys=False, explicit_start=True, width=_WIDTH
    )
    return 0
