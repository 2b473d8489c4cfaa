"""`gpuclass lint`: are these policies sound, each for itself and all together?

It reads a folder and reports; what is wrong is found by `watch.files` and `core.policy.check`.
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TextIO

from webhook.cli.report import annotation
from webhook.core.errors import Fault, OperatorError
from webhook.core.policy.check import check
from webhook.core.policy.documents import Document, GPUNode
from webhook.watch import files

OUTPUTS = ("text", "json", "github")
"""For people, for programs, and as annotations of a GitHub workflow."""

CLEAN, FAULTY, UNREADABLE = 0, 1, 2
"""Exit codes; warnings alone are clean."""

_NOUNS = {
    "GPUNodePool": ("pool", "pools"),
    "GPUNode": ("node", "nodes"),
    "GPUClass": ("class", "classes"),
    "PriorityClass": ("priority class", "priority classes"),
}


def run(directory: Path, output: str, out: TextIO) -> int:
    """Check the policies in `directory`, report to `out` in form `output`, give the exit code."""
    try:
        documents, faults = files.load(directory)
    except OperatorError as error:
        out.write(_refuse(str(error), output))
        return UNREADABLE
    if not any(fault.severity == "error" for fault in faults):
        faults = (*faults, *check(documents, str(directory)))
        note = ""
    else:
        note = "; the documents are compared with one another once each can be read"
    summary = f"{directory}: {_count(documents)}: {_verdict(faults)}{note}"
    out.write(_render(faults, summary, output))
    return FAULTY if any(fault.severity == "error" for fault in faults) else CLEAN


def _count(documents: Sequence[Document]) -> str:
    kinds = Counter(type(document).__name__ for document in documents)
    shown = (kind for kind in _NOUNS if kinds[kind] or kind != GPUNode.__name__)
    return ", ".join(_number(kinds[kind], *_NOUNS[kind]) for kind in shown)


def _verdict(faults: Sequence[Fault]) -> str:
    severities = Counter(fault.severity for fault in faults)
    parts = [
        _number(severities["error"], "fault", "faults") if severities["error"] else "no faults"
    ]
    if severities["warning"]:
        parts.append(_number(severities["warning"], "warning", "warnings"))
    return ", ".join(parts)


def _number(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


def _render(faults: Sequence[Fault], summary: str, output: str) -> str:
    if output == "json":
        return f"{json.dumps({'faults': [asdict(each) for each in faults], 'summary': summary})}\n"
    line = _annotate if output == "github" else _line
    return "".join(f"{text}\n" for text in [*map(line, faults), summary])


def _refuse(message: str, output: str) -> str:
    if output == "json":
        return f"{json.dumps({'error': message})}\n"
    shown = annotation("error", "", 0, "policy", message) if output == "github" else message
    return f"{shown}\n"


def _line(fault: Fault) -> str:
    return f"{fault} (warning)" if fault.severity == "warning" else str(fault)


def _annotate(fault: Fault) -> str:
    message = f"{fault.path}: {fault.message}" if fault.path else fault.message
    return annotation(fault.severity, fault.source, fault.line, "policy", message)
