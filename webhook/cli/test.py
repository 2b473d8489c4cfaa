"""`gpuclass test`: replays the cases of a folder of policies, expected against got."""

import json
from collections.abc import Sequence
from pathlib import Path

from webhook.cli import cases, replay, report
from webhook.cli.cases import Case
from webhook.cli.console import Console, Ink
from webhook.cli.replay import Outcome
from webhook.core.errors import Fault
from webhook.core.patch import JSON
from webhook.core.text import printable
from webhook.watch import policies

AS_EXPECTED, DIFFERENT, BAD_INPUT = 0, 1, 2

Replayed = tuple[Case, tuple[Outcome, ...]]


def run(directory: Path, output: str, console: Console) -> int:
    """Replay every case of `directory`, report in form `output`, give the exit code."""
    policy = policies.load(directory)
    replayed: list[Replayed] = []
    faults: list[Fault] = []
    for case in cases.load(directory):
        if isinstance(case, Fault):
            faults.append(case)
            continue
        outcomes = replay.replay(case, policy)
        if isinstance(outcomes, Fault):
            faults.append(outcomes)
        else:
            replayed.append((case, outcomes))
    (_json if output == "json" else _text)(replayed, faults, console)
    console.out.flush()
    for fault in faults:
        console.complain(report.place(fault))
    if faults:
        return BAD_INPUT
    return AS_EXPECTED if all(map(_is_met, replayed)) else DIFFERENT


def _is_met(replayed: Replayed) -> bool:
    return not any(outcome.differences for outcome in replayed[1])


def _text(replayed: Sequence[Replayed], faults: Sequence[Fault], console: Console) -> None:
    for each in replayed:
        case, outcomes = each
        met = _is_met(each)
        mark = console.paint("ok  ", Ink.GREEN) if met else console.paint("FAIL", Ink.BOLD, Ink.RED)
        console.print(f"{mark} {printable(f'{case.source}:{case.line}: {case.name}')}")
        if not met:
            console.print(f"     why: {' '.join(case.why.split())}")
        for outcome in outcomes:
            _text_outcome(outcome, console)
    failed = sum(not _is_met(each) for each in replayed)
    parts = [f"{len(replayed) - failed} as expected"]
    parts += [f"{failed} different"] if failed else []
    parts += [f"{report.count(len(faults), 'fault')} in the input"] if faults else []
    console.print(f"{report.count(len(replayed), 'case')}: {', '.join(parts)}")


def _text_outcome(outcome: Outcome, console: Console) -> None:
    for each in outcome.differences:
        console.print(f"     {printable(report.called(outcome.finding))}: {each.field}")
        console.print(f"       expected {console.paint(_shown(each.expected), Ink.GREEN)}")
        console.print(f"       got      {console.paint(_shown(each.got), Ink.RED)}")


def _shown(value: JSON) -> str:
    if value is None or value == []:
        return "nothing"
    return printable(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _json(replayed: Sequence[Replayed], faults: Sequence[Fault], console: Console) -> None:
    del faults  # they go to standard error
    entries = [
        {
            "source": each[0].source,
            "line": each[0].line,
            "name": each[0].name,
            "passed": _is_met(each),
            "documents": [_entry(outcome) for outcome in each[1]],
        }
        for each in replayed
    ]
    console.print(json.dumps(entries, indent=2, ensure_ascii=False))


def _entry(outcome: Outcome) -> dict[str, object]:
    return {
        "expected": replay.written(outcome.expected),
        "got": report.entry(outcome.finding),
        "differences": [
            {"field": each.field, "expected": each.expected, "got": each.got}
            for each in outcome.differences
        ],
    }
