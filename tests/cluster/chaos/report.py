"""What `make chaos` leaves behind: docs/reliability.json, and the table in docs/reliability.md.

A run replaces the rows that it played; the others keep theirs, each with its own date, machine and
load.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from tests.cluster.chaos.rows import ROWS
from tests.cluster.chaos.runner import Result

BEGIN = "<!-- written by `make chaos` -->"
END = "<!-- end -->"
COLUMNS = (
    *("fault", "what passes", "requests", "lost", "bound, 95 %", "allowed"),
    *("p50, p99 ms", "in 25 ms", "load", "date"),
)
UNKNOWN = "?"


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The last result of each row by its name."""

    results: dict[str, Result]


def merge(before: Report | None, results: Iterable[Result]) -> Report:
    """Put new results in the place of old ones."""
    known = {} if before is None else before.results
    found = known | {each.row: each for each in results}
    order = [each.name for each in ROWS if each.name in found]
    return Report(results={name: found[name] for name in order})


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
    lines = [_cells(COLUMNS), _cells("---" for _ in COLUMNS), *map(_line, results)]
    missing = [each.name for each in ROWS if each.name not in report.results]
    if missing:
        lines += ["", f"Not yet run in the long form: {', '.join(missing)}."]
    lines += ["", *_machines(results), ""]
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
        UNKNOWN if result.prompt is None else f"{result.prompt:.1%}",
        " to ".join(dict.fromkeys(f"{each:.0f}" for each in result.load)),
        result.date,
    )
    return _cells(cells)


def _cells(texts: Iterable[str]) -> str:
    return f"| {' | '.join(texts)} |"


def _machines(results: Iterable[Result]) -> list[str]:
    """Name the machine of each row; rows of one machine together."""
    rows: dict[str, list[str]] = {}
    for each in results:
        rows.setdefault(each.machine, []).append(each.row)
    return [f"Machine of {', '.join(names)}: {machine}." for machine, names in rows.items()]


def _counts(counts: Mapping[str, int]) -> str:
    told = [f"{name} {count:,}" for name, count in counts.items() if count]
    return f" ({'; '.join(told)})" if told else ""
