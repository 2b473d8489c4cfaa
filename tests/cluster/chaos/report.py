"""What `make chaos` leaves behind: docs/reliability.json, and the table in docs/reliability.md.

A run replaces the rows that it played; the others keep theirs, each with its own date.
"""

import platform
from collections.abc import Iterable, Mapping, Sequence
from os import cpu_count
from pathlib import Path

import msgspec

from tests.cluster.chaos.rows import ROWS
from tests.cluster.chaos.runner import Result

BEGIN = "<!-- written by `make chaos` -->"
END = "<!-- end -->"
HEADER = "| fault | what passes | requests | lost | bound, 95 % | allowed | p50, p99 ms | date |"
RULE = "| --- | --- | --- | --- | --- | --- | --- | --- |"


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The last result of each row by its name, and the machine of the last run."""

    machine: str
    results: dict[str, Result]


def machine(load: Sequence[float]) -> str:
    """Say what a run had: processors, and how many programs wanted them (load averages)."""
    wanted = f"{min(load):.0f} to {max(load):.0f}"
    return f"{platform.machine()}, {_processors()} processors, load average {wanted}"


def merge(before: Report | None, machine: str, results: Iterable[Result]) -> Report:
    """Put new results in the place of old ones."""
    known = {} if before is None else before.results
    found = known | {each.row: each for each in results}
    order = [each.name for each in ROWS if each.name in found]
    return Report(machine=machine, results={name: found[name] for name in order})


def read(path: Path) -> Report | None:
    """Read what the run before has left; None where there was none."""
    return msgspec.json.decode(path.read_bytes(), type=Report) if path.exists() else None


def encode(report: Report) -> bytes:
    """Write a report as indented JSON."""
    return msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n"


def insert(page: str, report: Report) -> str:
    """Give a page with the table of a report between its two marks."""
    head, _, rest = page.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}\n{table(report)}\n{END}{tail}"


def table(report: Report) -> str:
    """Give the table, and below it what was done in each row."""
    results = report.results.values()
    lines = [HEADER, RULE, *map(_line, results)]
    missing = [each.name for each in ROWS if each.name not in report.results]
    if missing:
        lines += ["", f"Not yet run in the long form: {', '.join(missing)}."]
    lines += ["", f"The machine of the last run: {report.machine}.", ""]
    lines += [f"- **{each.row}**: {each.did}{_counts(each.counts)}." for each in results]
    return "\n".join(lines)


def _line(result: Result) -> str:
    lost = str(result.lost) if not result.faults else f"{result.lost}, **not passed**"
    cells = (
        result.fault,
        result.promise,
        f"{result.requests:,}",
        lost,
        f"{result.bound:.3%}",
        str(result.allowed),
        f"{result.p50_ms:.0f}, {result.p99_ms:.0f}",
        result.date,
    )
    return f"| {' | '.join(cells)} |"


def _counts(counts: Mapping[str, int]) -> str:
    told = [f"{name} {count:,}" for name, count in counts.items() if count]
    return f" ({'; '.join(told)})" if told else ""


def _processors() -> int:
    return cpu_count() or 1
