"""What changes in a manifest, as people read it: unified diffs of YAML."""

import difflib
from collections.abc import Iterator

import yaml

from webhook.cli.console import Console, Ink
from webhook.cli.finding import Finding
from webhook.core.patch import JSON

_WIDE = 10_000
"""Columns of a line before the dumper would fold it."""


_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
"""libyaml where PyYAML has it: four texts a workload are written."""


def diffs(finding: Finding) -> Iterator[list[str]]:
    """Give the diff of the object and that of its pods, where they change: lines of each."""
    kind = finding.manifest.kind
    if finding.patch:
        yield changes(finding.manifest.value, finding.after, kind)
    if finding.pod is not None and finding.pod_patch:
        yield changes(finding.pod, finding.pod_after, f"Pod of this {kind}")
    for pods in finding.pods or ():
        if pods.patch:
            yield changes(pods.pod, pods.after, f"Pod of {pods.path}")


def paint(line: str, console: Console) -> str:
    """Colour a line of a diff."""
    inks = {"---": Ink.BOLD, "+++": Ink.BOLD, "@@ ": Ink.CYAN}
    ink = inks.get(line[:3]) or {"+": Ink.GREEN, "-": Ink.RED}.get(line[:1])
    return console.paint(line, ink) if ink else line


def changes(before: JSON, after: JSON, what: str) -> list[str]:
    """Give the lines of a unified diff of two values as YAML."""
    lines = difflib.unified_diff(
        _written(before), _written(after), f"{what}, as sent", f"{what}, as stored", lineterm=""
    )
    return [line.rstrip() for line in lines]


def _written(value: JSON) -> list[str]:
    text: str = yaml.dump(value, Dumper=_DUMPER, sort_keys=False, allow_unicode=True, width=_WIDE)
    return text.splitlines()
