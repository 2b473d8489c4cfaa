"""What is said of a comparison: to people, to programs (JSON), and in GitHub's annotations."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby

from webhook.cli import fields, report
from webhook.cli.comparison import PLACEMENT, TOLD, Change, Changed, Value
from webhook.cli.console import Console, Ink
from webhook.cli.policy_changes import PolicyChange
from webhook.cli.report import Output, annotation, called
from webhook.core.errors import Fault
from webhook.core.text import printable

_WIDTH = max(map(len, (*PLACEMENT, *TOLD)))
_NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Everything that was found: `workloads` counts those that were judged under both policies."""

    policies: tuple[PolicyChange, ...]
    changed: tuple[Changed, ...]
    workloads: int
    faults: tuple[Fault, ...]


def write(compared: Compared, output: Output, console: Console) -> None:
    """Write what changes in the form that was asked for, and one line for each fault."""
    {Output.TEXT: _text, Output.JSON: _json, Output.GITHUB: _github}[output](compared, console)
    console.out.flush()
    for fault in compared.faults:
        console.complain(report.place(fault))


def _text(compared: Compared, console: Console) -> None:
    for each in compared.policies:
        console.print(printable(each.text))
    console.print("" if compared.policies else "the policies say the same\n")
    for changed in compared.changed:
        _text_changed(changed, console)
        console.print()
    console.print(summary(compared))


def _text_changed(changed: Changed, console: Console) -> None:
    manifest = changed.new.manifest
    where = printable(f"{manifest.source}:{manifest.line}: {called(changed.new)}")
    ink = Ink.RED if changed.is_newly_refused else Ink.GREEN if changed.is_newly_admitted else None
    verdict = console.paint(_verdict(changed), Ink.BOLD, *([ink] if ink else []))
    console.print(f"{where}: {verdict}: {printable(changed.new.reason)}")
    for path, changes in groupby(changed.changes, key=lambda each: each.path):
        if path:
            console.print(f"  {printable(path)}")
        for change in changes:
            _text_change(change, console)


def _text_change(change: Change, console: Console) -> None:
    label = change.field
    for sign, text in _lines(change):
        shown = console.paint(f"{sign}{printable(text)}", *_INKS[sign])
        console.print(f"  {label:<{_WIDTH}}  {shown}")
        label = ""


_INKS: Mapping[str, tuple[Ink, ...]] = {"- ": (Ink.RED,), "+ ": (Ink.GREEN,), "": ()}


def _verdict(changed: Changed) -> str:
    old, new = changed.old.verdict, changed.new.verdict
    return new.value if old is new else f"{old} -> {new}"


def _lines(change: Change) -> Iterator[tuple[str, str]]:
    """Give the lines of a change: one for text, one for each item that goes or comes."""
    if isinstance(change.old, tuple) and isinstance(change.new, tuple):
        yield from (("- ", each) for each in change.old if each not in change.new)
        yield from (("+ ", each) for each in change.new if each not in change.old)
    else:
        yield "", f"{change.old or _NONE} -> {change.new or _NONE}"


def summary(compared: Compared) -> str:
    """Count: `51 workloads: 2 change (1 newly refused), 49 unchanged`."""
    changed = compared.changed
    refused = sum(each.is_newly_refused for each in changed)
    admitted = sum(each.is_newly_admitted for each in changed)
    parts = [f"{refused} newly refused"] * bool(refused)
    parts += [f"{admitted} no longer refused"] * bool(admitted)
    notes = f" ({', '.join(parts)})" if parts else ""
    counts = [f"{len(changed)} change{'s' if len(changed) == 1 else ''}{notes}"]
    counts += [f"{compared.workloads - len(changed)} unchanged"]
    faults = len(compared.faults)
    counts += [f"{report.count(faults, 'fault')} in the input"] if faults else []
    return f"{report.count(compared.workloads, 'workload')}: {', '.join(counts)}"


def _json(compared: Compared, console: Console) -> None:
    entries = [entry(each) for each in compared.changed]
    console.print(json.dumps(entries, indent=2, ensure_ascii=False))


def entry(changed: Changed) -> dict[str, object]:
    """Give a changed workload as JSON (docs/policy-repository.md)."""
    old, new = changed.old, changed.new
    return {
        **report.identity(new.manifest),
        "verdict": {"old": old.verdict.value, "new": new.verdict.value},
        "reason": {"old": old.reason, "new": new.reason},
        "changes": [
            {
                "path": each.path,
                "field": each.field,
                "old": _plain(each.old),
                "new": _plain(each.new),
            }
            for each in changed.changes
        ],
    }


def _plain(value: Value) -> str | list[str] | None:
    return list(value) if isinstance(value, tuple) else value


def _github(compared: Compared, console: Console) -> None:
    for each in compared.policies:
        source, line = (each.document.source, each.document.line) if each.document else ("", 0)
        console.print(annotation("notice", source, line, "policy", each.text))
    for changed in compared.changed:
        for text in _annotations(changed):
            console.print(text)
    for fault in compared.faults:
        message = f"{fault.path}: {fault.message}" if fault.path else fault.message
        console.print(annotation("error", fault.source, fault.line, "bad input", message))
    console.print(summary(compared))


def _annotations(changed: Changed) -> Iterator[str]:
    """Give a new refusal as errors, new warnings as warnings, and all else as one notice."""
    new, manifest = changed.new, changed.new.manifest
    name = called(new)
    if changed.is_newly_refused:
        for each in new.violations:
            line, message = manifest.line_of(each.path), f"{each.path}: {each.message}"
            text = f"{name}: newly refused: {message}"
            yield annotation("error", manifest.source, line, each.rule, text)
    for warning in new.warnings:
        if warning not in changed.old.warnings:
            line = manifest.line_of(fields.leading(warning))
            text = f"{name}: new warning: {warning}"
            yield annotation("warning", manifest.source, line, "warning", text)
    rest = "; ".join(_rest(changed))
    if rest:
        yield annotation("notice", manifest.source, manifest.line, "change", f"{name}: {rest}")


def _rest(changed: Changed) -> Iterator[str]:
    """Give what neither an error nor a warning says."""
    if changed.old.verdict is not changed.new.verdict and not changed.is_newly_refused:
        yield _verdict(changed)
    for each in changed.changes:
        if each.field == "violations" and changed.is_newly_refused:
            continue
        said = [f"{sign}{text}" for sign, text in _lines(each)]
        if each.field == "warnings":
            said = [text for text in said if text.startswith("- ")]
        if said:
            of_template = f"{each.path}: " if each.path else ""
            yield f"{of_template}{each.field} {', '.join(said)}"
