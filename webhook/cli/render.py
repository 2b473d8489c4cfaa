"""`gpuclass render`: the webhook configurations that a policy calls for."""

from pathlib import Path

import yaml

from webhook.cli.console import Console
from webhook.core import registration
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
    documents = registration.render(policies.load(directory))
    yaml.dump_all(
        documents, console.out, Dumper=_Dumper, sort_keys=False, explicit_start=True, width=_WIDTH
    )
    return 0
