"""What is said of findings: to people, to programs (JSON), and in GitHub's annotations."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum

import msgspec

from webhook.cli import diffs, fields
from webhook.cli.console import Console, Ink
from webhook.cli.finding import Finding, PodFinding
from webhook.cli.manifests import Manifest
from webhook.core.decision import Verdict, Violation
from webhook.core.errors import Fault
from webhook.core.paths import at
from webhook.core.text import printable


class Output(StrEnum):
    """The forms that a report may have: `-o`."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"


_INKS: Mapping[Verdict, tuple[Ink, ...]] = {
    Verdict.INJECT: (Ink.BOLD, Ink.GREEN),
    Verdict.PROPAGATE: (Ink.BOLD, Ink.CYAN),
    Verdict.ALLOW: (Ink.BOLD,),
    Verdict.DENY: (Ink.BOLD, Ink.RED),
    Verdict.IGNORE: (Ink.DIM,),
}


def report(
    findings: Sequence[Finding], faults: Sequence[Fault], output: Output, console: Console
) -> None:
    """Write findings in the form that was asked for, and one line for each fault."""
    {Output.TEXT: _text, Output.JSON: _json, Output.GITHUB: _github}[output](
        findings, faults, console
    )
    console.out.flush()
    for fault in faults:
        console.complain(place(fault))


def place(fault: Fault) -> str:
    """Write a fault on one line: `web.yaml:12: metadata.name: expected text, found a list`."""
    where = f"{fault.source}:{fault.line}" if fault.line else fault.source
    what = f"{fault.path}: {fault.message}" if fault.path else fault.message
    return printable(f"{where}: {what}")


def called(finding: Finding) -> str:
    """Name an object: `Deployment team-a/engine`, `Node gpu-1`.

    A kind about which nothing is decided may have no namespace: it is not given one.
    """
    manifest = finding.manifest
    name = manifest.name or "(no name)"
    written = at(manifest.value, ("metadata", "namespace"))
    if finding.verdict is Verdict.IGNORE and not written:
        return f"{manifest.kind} {name}"
    return f"{manifest.kind} {manifest.namespace}/{name}"


def _text(findings: Sequence[Finding], faults: Sequence[Fault], console: Console) -> None:
    for finding in findings:
        _text_finding(finding, console)
    console.print(_summary(findings, faults))


def _text_finding(finding: Finding, console: Console) -> None:
    manifest = finding.manifest
    where = printable(f"{manifest.source}:{manifest.line}: {called(finding)}")
    verdict = console.paint(finding.verdict, *_INKS[finding.verdict])
    console.print(f"{where}: {verdict}: {printable(finding.reason)}")
    for each in finding.violations:
        where = f"{each.path} (line {manifest.line_of(each.path)})"
        text = printable(f"{where}: {each.message} (rule {each.rule})")
        console.print(f"  {console.paint('refused', Ink.RED)} {text}")
    for warning in finding.warnings:
        console.print(f"  {console.paint('warning', Ink.YELLOW)} {printable(warning)}")
    for text in audited(finding):
        console.print(f"  {console.paint('audit', Ink.CYAN)} {printable(text)}")
    for lines in diffs.diffs(finding):
        console.print()
        for text in lines:
            console.print(diffs.paint(text, console))
    console.print()


def audited(finding: Finding) -> Iterator[str]:
    """Say what rules in mode Audit would have done."""
    if finding.would_change:
        yield f"would be changed by {', '.join(finding.would_change)}"
    for each in finding.would_refuse:
        yield f"would be refused: {each.path}: {each.message} (rule {each.rule})"


def _summary(findings: Sequence[Finding], faults: Sequence[Fault]) -> str:
    counts = Counter(finding.verdict for finding in findings)
    parts = [f"{counts[verdict]} {verdict}" for verdict in Verdict if counts[verdict]]
    warnings = sum(len(finding.warnings) for finding in findings)
    parts += [count(warnings, "warning")] if warnings else []
    parts += [f"{count(len(faults), 'fault')} in the input"] if faults else []
    return f"{count(len(findings), 'document')}: {', '.join(parts)}"


def count(number: int, noun: str) -> str:
    """Count things: `1 case`, `2 cases`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _json(findings: Sequence[Finding], faults: Sequence[Fault], console: Console) -> None:
    del faults  # they go to standard error: the list has an entry for each document, and no others
    entries = [entry(finding) for finding in findings]
    console.print(json.dumps(entries, indent=2, ensure_ascii=False))


def identity(manifest: Manifest) -> dict[str, object]:
    """Give where a manifest is and what it is, as an entry of any report in JSON begins."""
    return {
        "source": manifest.source,
        "index": manifest.index,
        "line": manifest.line,
        "apiVersion": manifest.api_version,
        "kind": manifest.kind,
        "namespace": manifest.namespace,
        "name": manifest.name,
    }


def entry(finding: Finding) -> dict[str, object]:
    """Give a finding as JSON."""
    manifest = finding.manifest
    fields_: dict[str, object] = {
        **identity(manifest),
        "verdict": finding.verdict.value,
        "class": finding.gpu_class,
        "reason": finding.reason,
        "patch": msgspec.to_builtins(finding.patch),
    }
    if finding.pod_patch is not None:
        fields_["pod_patch"] = msgspec.to_builtins(finding.pod_patch)
    if finding.pods is not None:
        fields_["pods"] = list(map(_pods_entry, finding.pods))
    fields_["violations"] = _violations(manifest, finding.violations)
    fields_["warnings"] = list(finding.warnings)
    if finding.would_change or finding.would_refuse:
        fields_["would_change"] = list(finding.would_change)
        fields_["would_refuse"] = _violations(manifest, finding.would_refuse)
    return fields_


def _violations(manifest: Manifest, violations: Iterable[Violation]) -> list[dict[str, object]]:
    return [
        {
            "rule": each.rule,
            "path": each.path,
            "message": each.message,
            "line": manifest.line_of(each.path),
        }
        for each in violations
    ]


def _pods_entry(pods: PodFinding) -> dict[str, object]:
    return {
        "path": pods.path,
        "class": pods.gpu_class,
        "reason": pods.reason,
        "pod_patch": msgspec.to_builtins(pods.patch),
    }


def _github(findings: Sequence[Finding], faults: Sequence[Fault], console: Console) -> None:
    for finding in findings:
        manifest = finding.manifest
        for each in finding.violations:
            line = manifest.line_of(each.path)
            message = f"{called(finding)}: {each.path}: {each.message}"
            console.print(annotation("error", manifest.source, line, each.rule, message))
        for audited in finding.would_refuse:
            line = manifest.line_of(audited.path)
            message = f"{called(finding)}: would be refused: {audited.path}: {audited.message}"
            console.print(annotation("notice", manifest.source, line, audited.rule, message))
        for warning in finding.warnings:
            line = manifest.line_of(fields.leading(warning))
            message = f"{called(finding)}: {warning}"
            console.print(annotation("warning", manifest.source, line, "warning", message))
    for fault in faults:
        message = f"{fault.path}: {fault.message}" if fault.path else fault.message
        console.print(annotation("error", fault.source, fault.line, "bad input", message))


def annotation(level: str, source: str, line: int, title: str, message: str) -> str:
    """Write a workflow command (docs.github.com, workflow commands).

    `level` is error, warning or notice; without a `source` it stands at no file.
    """
    place = {"file": source, "line": str(line or 1)} if source else {}
    properties = {**place, "title": f"gpuclass {title}"}
    written = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{level} {written}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
