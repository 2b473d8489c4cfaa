"""`make chaos`: every row in its long form; what came of it goes into docs/reliability.md.

make chaos                                      # all rows: about an hour
python -m tests.cluster.chaos rolling clock     # some of them
python -m tests.cluster.chaos --requests 500    # fewer requests; writes nothing
"""

import argparse
import itertools
import sys
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.cluster.binaries import find
from tests.cluster.chaos import report
from tests.cluster.chaos.row import Form, Row
from tests.cluster.chaos.rows import ROWS
from tests.cluster.chaos.runner import Result, play
from tests.cluster.chaos.stage import Stage
from tests.cluster.controlplane import ControlPlane

DOCS = Path(__file__).parents[3] / "docs"
PAGE, DATA = DOCS / "reliability.md", DOCS / "reliability.json"
REQUESTS = 10_000
RATE = 100.0


def main(arguments: Sequence[str]) -> int:
    """Play the rows that are named, or all; 1 if one did not pass."""
    options = _parser().parse_args(arguments)
    form = Form(requests=options.requests, rate=options.rate, is_long=True)
    rows = [each for each in ROWS if each.name in (options.rows or {row.name for row in ROWS})]
    results = []
    for result in _play_all(rows, form):
        results.append(result)
        _say(result)
        if form.requests >= REQUESTS:
            _write(report.merge(report.read(DATA), [result]))
    return int(len(results) < len(rows) or any(each.faults for each in results))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.cluster.chaos", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    names = [each.name for each in ROWS]
    parser.add_argument("rows", nargs="*", choices=names, metavar="ROW", help=", ".join(names))
    parser.add_argument("--requests", type=int, default=REQUESTS, help="of each row, at least")
    parser.add_argument("--rate", type=float, default=RATE, help="requests a second")
    return parser


def _play_all(rows: Sequence[type[Row]], form: Form) -> Iterator[Result]:
    """Play rows that have the same controller on one stage."""
    binaries = find(_tell)
    ordered = sorted(rows, key=lambda each: each.flags)
    for flags, group in itertools.groupby(ordered, key=lambda each: each.flags):
        with ControlPlane(binaries) as plane, Stage(plane, flags) as stage:
            for row in group:
                _tell(f"{row.name}: {row.fault} ...")
                try:
                    yield play(row(), stage, form)
                except Exception:  # noqa: BLE001 # the rows after it are worth their results
                    _tell(traceback.format_exc())


def _say(result: Result) -> None:
    verdict = "passed" if not result.faults else "NOT PASSED: " + "; ".join(result.faults)
    _tell(
        f"  {result.requests} requests, {result.lost} lost (at most {result.bound:.3%}), "
        f"{result.allowed} allowed, p99 {result.p99_ms:.0f} ms, load {result.load[1]:.0f}, "
        f"{result.seconds:.0f} s; {result.did}: {verdict}"
    )


def _write(found: report.Report) -> None:
    DATA.write_bytes(report.encode(found))
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(report.insert(page, found), encoding="utf-8")


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
