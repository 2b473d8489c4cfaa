"""The result as a value: sections of rows, a column for each size."""

from collections.abc import Mapping, Sequence

import msgspec

from benchmarks.figures import Figure, figure


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is measured: its figures by column, and as parts of the first column's.

    A part is taken within a round, whose runs are neighbours in time.
    """

    name: str
    figures: dict[str, Figure]
    ratios: dict[str, Figure]


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """Rows that are measured in one unit, at the same sizes.

    `goal` is what is wanted, `note` what the figures are worth, `broken` says each figure that is
    beyond a limit.
    """

    name: str
    title: str
    unit: str
    columns: tuple[str, ...]
    rows: list[Row]
    goal: str = ""
    note: str = ""
    broken: tuple[str, ...] = ()


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A whole run, `rounds` of them in this process; nothing tells of the machine."""

    date: str
    rounds: int
    versions: dict[str, str]
    sections: list[Section]


def row(name: str, samples: Mapping[str, Sequence[float]]) -> Row:
    """Make a row of values by column, one for each round."""
    base = next(iter(samples.values()))
    return Row(
        name=name,
        figures={column: figure(values) for column, values in samples.items()},
        ratios={
            column: figure([value / other for value, other in zip(values, base, strict=True)])
            for column, values in samples.items()
        },
    )
