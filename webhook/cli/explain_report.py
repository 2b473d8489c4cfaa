"""What is said of explanations: a table to people, every node to programs (JSON)."""

import json
from collections.abc import Iterator, Sequence

from webhook.cli.console import Console, Ink
from webhook.cli.explaining import Explanation, Group, Subject
from webhook.cli.report import count
from webhook.core.node_filter import TERMS
from webhook.core.text import printable

SHOWN_NAMES = 3
_SHORT = (TERMS, "...nodeSelectorTerms")
"""A path of a hundred characters, and how a table has it; JSON has it whole."""

_HEADER = ("NODES", "POOL", "MAY LAND", "WHY NOT")


def text(explanations: Sequence[Explanation], console: Console) -> None:
    """Write a table for each pod."""
    for index, each in enumerate(explanations):
        if index:
            console.print()
        _one(each, console)


def _one(explanation: Explanation, console: Console) -> None:
    subject = explanation.subject
    console.print(printable(f"{_called(subject)}: {_classed(subject)}"))
    for each in subject.violations:
        where = printable(f"{each.path}: {each.message} (rule {each.rule})")
        console.print(f"  {console.paint('refused', Ink.RED)} {where}")
    console.print(_summary(explanation))
    console.print()
    rows = [cells for each in explanation.groups for cells in _rows(each)]
    widths = [max(map(len, column)) for column in list(zip(_HEADER, *rows, strict=True))[:-1]]
    for cells in (_HEADER, *rows):
        padded = [cell.ljust(width) for cell, width in zip(cells, widths, strict=False)]
        console.print(_painted(padded, cells, console))


def _painted(padded: list[str], cells: tuple[str, ...], console: Console) -> str:
    ink = {"yes": Ink.GREEN, "no": Ink.RED}.get(cells[2])
    if ink is not None:
        padded[2] = console.paint(padded[2], ink)
    return "  ".join(("", *padded, cells[3])).rstrip()


def _called(subject: Subject) -> str:
    name = f"{subject.kind} {subject.namespace}/{subject.name or '(no name)'}"
    return f"{name}: {subject.path}" if subject.path else name


def _classed(subject: Subject) -> str:
    """Say the class and why; the reason itself begins with the class where there is one."""
    return subject.reason if subject.gpu_class else f"no class: {subject.reason}"


def _summary(explanation: Explanation) -> str:
    total = sum(len(each.nodes) for each in explanation.groups)
    runs = explanation.subject.node
    where = f"; it runs on {runs}" if runs else ""
    fits = "it is refused, but would fit" if explanation.subject.violations else "may land"
    return printable(f"  {fits} on {explanation.open_nodes} of {count(total, 'node')}{where}")


def _rows(group: Group) -> Iterator[tuple[str, ...]]:
    """Give a row for each reason; only the first has the nodes."""
    first = (_names(group.nodes), ", ".join(group.pools) or "-", "no" if group.refusals else "yes")
    reasons = [f"{each.path.replace(*_SHORT)}: {each.message}" for each in group.refusals] or [""]
    for index, reason in enumerate(reasons):
        yield (*(first if index == 0 else ("", "", "")), printable(reason))


def _names(names: tuple[str, ...]) -> str:
    """Name the first nodes and count all where there are more."""
    shown = ", ".join(names[:SHOWN_NAMES])
    if len(names) > SHOWN_NAMES:
        shown = f"{len(names)}: {shown}, ..."
    return printable(shown)


def as_json(explanations: Sequence[Explanation], console: Console) -> None:
    """Write a list with an entry for each pod, which has an entry for each node."""
    entries = [_entry(each) for each in explanations]
    console.print(json.dumps(entries, indent=2, ensure_ascii=False))


def _entry(explanation: Explanation) -> dict[str, object]:
    subject = explanation.subject
    return {
        "source": subject.source,
        "kind": subject.kind,
        "namespace": subject.namespace,
        "name": subject.name,
        "path": subject.path,
        "class": subject.gpu_class,
        "reason": subject.reason,
        "node": subject.node or None,
        "lands": explanation.lands,
        "refused": [
            {"rule": each.rule, "path": each.path, "message": each.message}
            for each in subject.violations
        ],
        "nodes": [entry for group in explanation.groups for entry in _nodes(group)],
    }


def _nodes(group: Group) -> Iterator[dict[str, object]]:
    reasons = [{"path": each.path, "message": each.message} for each in group.refusals]
    for name in group.nodes:
        yield {
            "name": name,
            "pools": list(group.pools),
            "lands": not group.refusals,
            "refusals": reasons,
        }
