"""What is said of an audit: a table to people, every finding to programs (JSON) and GitHub."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby

from webhook.cli.console import Console, Ink
from webhook.cli.report import Output, annotation, count
from webhook.core.audit.finding import Finding, Severity
from webhook.core.text import printable

SHOWN = 10
"""Findings of one name that a table has; JSON has all."""

_HEADER = ("SEVERITY", "FINDING", "OBJECT", "WHAT, AND WHAT TO DO")
_INKS: Mapping[Severity, Ink] = {
    Severity.ERROR: Ink.RED,
    Severity.WARNING: Ink.YELLOW,
    Severity.INFO: Ink.DIM,
}
_LEVELS: Mapping[Severity, str] = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.INFO: "notice",
}
"""Severities in GitHub's words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The findings in their order, and what was looked at."""

    findings: tuple[Finding, ...]
    nodes: int
    pods: int
    revision: str


def write(report: Report, output: Output, console: Console) -> None:
    """Write a report in the form that was asked for."""
    {Output.TEXT: _text, Output.JSON: _json, Output.GITHUB: _github}[output](report, console)


def called(finding: Finding) -> str:
    """Name an object: `Pod team-a/web`, `Node gpu-1`, `Namespace team-a`."""
    space = finding.namespace if finding.namespace and finding.kind != "Namespace" else ""
    return f"{finding.kind} {space}{'/' if space else ''}{finding.object}"


def _text(report: Report, console: Console) -> None:
    rows = [row for _, group in groupby(report.findings, _by_name) for row in _rows([*group])]
    if rows:
        widths = [max(map(len, column)) for column in list(zip(_HEADER, *rows, strict=True))[:-1]]
        for cells in (_HEADER, *rows):
            padded = [cell.ljust(width) for cell, width in zip(cells, widths, strict=False)]
            console.print(_painted(padded, cells, console))
        console.print()
    console.print(_summary(report))


def _by_name(finding: Finding) -> str:
    return finding.name


def _rows(group: list[Finding]) -> Iterator[tuple[str, ...]]:
    for each in group[:SHOWN]:
        yield each.severity.value, each.name, printable(called(each)), printable(each.message)
    if len(group) > SHOWN:
        more = f"and {len(group) - SHOWN} more like these: -o json has all"
        yield group[0].severity.value, group[0].name, "...", more


def _painted(padded: list[str], cells: tuple[str, ...], console: Console) -> str:
    if cells is not _HEADER:
        padded[0] = console.paint(padded[0], _INKS[Severity(cells[0])])
    return "  ".join((*padded, cells[3])).rstrip()


def _summary(report: Report) -> str:
    counts = Counter(each.severity for each in report.findings)
    parts = [f"{counts[severity]} {severity}" for severity in Severity if counts[severity]]
    said = f" ({', '.join(parts)})" if parts else ""
    looked = f"{count(report.nodes, 'node')} and {count(report.pods, 'pod')} looked at"
    found = count(len(report.findings), "finding")
    return f"{found}{said}; {looked} by revision {report.revision}"


def _json(report: Report, console: Console) -> None:
    entries = [
        {
            "finding": each.name,
            "severity": each.severity.value,
            "kind": each.kind,
            "namespace": each.namespace or None,
            "name": each.object,
            "message": each.message,
        }
        for each in report.findings
    ]
    console.print(json.dumps(entries, indent=2, ensure_ascii=False))


def _github(report: Report, console: Console) -> None:
    for each in report.findings:
        message = f"{called(each)}: {each.message}"
        console.print(annotation(_LEVELS[each.severity], "", 0, each.name, message))
    console.print(_summary(report))
