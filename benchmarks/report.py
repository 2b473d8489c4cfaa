"""The result of a benchmark as a value: what was measured, when, with what."""

import msgspec

from benchmarks.figures import Figures
from benchmarks.scenarios import Scenario


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of one scenario, and their ratios to Go's."""

    scenario: str
    title: str
    figures: Figures
    ratios: Figures


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A whole run. `versions` names what was compared; nothing tells of the machine."""

    date: str
    rounds: int
    seconds: float
    base: str
    versions: dict[str, str]
    outcomes: list[Outcome]


def outcome(scenario: Scenario, figures: Figures, ratios: Figures) -> Outcome:
    """Put the figures of a scenario together."""
    return Outcome(scenario=scenario.name, title=scenario.title, figures=figures, ratios=ratios)


def write(report: msgspec.Struct) -> bytes:
    """Write a report as indented JSON, numbers in four significant digits."""
    plain = _rounded(msgspec.to_builtins(report))
    return msgspec.json.format(msgspec.json.encode(plain), indent=2) + b"\n"


def _rounded(value: object) -> object:
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    return float(f"{value:.4g}") if isinstance(value, float) else value
