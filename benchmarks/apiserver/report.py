"""The result of a run as a value: what a pod cost in each arm, and against others."""

from collections.abc import Mapping, Sequence

import msgspec

from benchmarks.apiserver.agreement import CallsOf
from benchmarks.apiserver.measure import Sample
from benchmarks.apiserver.situations import GO, NOTHING, Situation
from benchmarks.figures import Figure, Figures, figure, figures, ratios

METRICS = ("p50_us", "p99_us", "per_second", "apiserver_us", "webhook_us", "calls")
CONDITIONS = ("load_cpu", "others")
OVER_NOTHING = ("p50_us", "p99_us", "per_second", "apiserver_us")
OVER_GO = (*OVER_NOTHING, "webhook_us")
"""Metrics of which ratios are taken: no webhook has no calls and takes no time."""

Measured = Mapping[Situation, Mapping[str, Sequence[Sample]]]
"""By situation and arm, a sample a round."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of one situation by arm.

    `added` is the p50 in microseconds above that of no webhook in the same round.
    """

    situation: str
    title: str
    figures: Figures
    added: dict[str, Figure]
    over_nothing: Figures
    over_go: Figures


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A whole run; `calls` are those of one creation, by pod and arm."""

    date: str
    rounds: int
    seconds: float
    versions: dict[str, str]
    calls: CallsOf
    outcomes: list[Outcome]


def outcome(situation: Situation, samples: Mapping[str, Sequence[Sample]]) -> Outcome:
    """Make the figures of a situation from its samples."""
    is_compared = NOTHING in samples
    return Outcome(
        situation=situation.name,
        title=situation.title,
        figures=figures(samples, (*METRICS, *CONDITIONS)),
        added=_added(samples) if is_compared else {},
        over_nothing=ratios(samples, NOTHING, OVER_NOTHING) if is_compared else {},
        over_go=ratios(_webhooks(samples), GO, OVER_GO),
    )


def _webhooks(samples: Mapping[str, Sequence[Sample]]) -> dict[str, Sequence[Sample]]:
    return {arm: rounds for arm, rounds in samples.items() if arm != NOTHING}


def _added(samples: Mapping[str, Sequence[Sample]]) -> dict[str, Figure]:
    return {
        arm: figure(
            [
                sample.p50_us - base.p50_us
                for sample, base in zip(rounds, samples[NOTHING], strict=True)
            ]
        )
        for arm, rounds in _webhooks(samples).items()
    }
