"""A report as tables: all of it for a terminal, what matters most for the page in docs."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from benchmarks.apiserver.report import Outcome, Report
from benchmarks.apiserver.situations import ARMS, GO, GPUCLASS, NATIVE, NOTHING, TWICE
from benchmarks.figures import Figure
from benchmarks.plot import Group
from benchmarks.table import align, ratio

HEADINGS = (
    *("", "p50 us", "p99 us", "pods/s", "API server us", "webhook us", "calls"),
    *("load busy", "others"),
)
GOALS = (("dry-1", "p50_us"), ("real-1", "p50_us"), ("dry-16", "p99_us"), ("real-16", "p99_us"))
MOST_OF_GO = 1.1
"""What gpuclass may take in these situations, as a part of the Go webhook."""

WITH_WEBHOOK = (GPUCLASS, TWICE, GO, NATIVE)
NONE = "-"


def render(report: Report) -> str:
    """Give everything: a table for each situation, and the calls of a creation."""
    parts = [*map(_situation, report.outcomes), f"{align(_calls(report))}\n", *_goals(report)]
    return "\n".join(parts)


def _situation(outcome: Outcome) -> str:
    rows: list[Sequence[str]] = [HEADINGS]
    rows += [(arm, *_figures(found)) for arm, found in outcome.figures.items()]
    rows += [
        (f"{arm} / {base}", *_ratios(found))
        for base, others in ((NOTHING, outcome.over_nothing), (GO, outcome.over_go))
        for arm, found in others.items()
    ]
    return f"{outcome.title}\n\n{align(rows)}\n"


def _figures(found: Mapping[str, Figure]) -> Iterable[str]:
    for metric in ("p50_us", "p99_us", "per_second", "apiserver_us", "webhook_us"):
        yield f"{found[metric].median:,.0f}"
    yield f"{found['calls'].median:.2f}"
    yield f"{found['load_cpu'].median:.0%}"
    yield f"{found['others'].median:.0%}"


def _ratios(found: Mapping[str, Figure]) -> Iterable[str]:
    for metric in ("p50_us", "p99_us", "per_second", "apiserver_us", "webhook_us"):
        yield ratio(found[metric]) if metric in found else ""
    yield from ("", "", "")


def _calls(report: Report) -> list[Sequence[str]]:
    rows = [(pod, *(str(calls[arm]) for arm in ARMS)) for pod, calls in report.calls.items()]
    return [("calls for a pod", *ARMS), *rows]


def page(report: Report) -> str:
    """Give what stands in docs/benchmarks.md."""
    parts = (
        _circumstances(report),
        "What a webhook adds to the p50, and the whole as a multiple of no webhook:",
        _columns(report, "no webhook", _base, _over),
        "gpuclass as a part of the Go webhook:",
        align([_GO_HEADINGS, *(_to_go(each) for each in report.outcomes)]),
        "\n".join(_goals(report)),
        "CPU time for each pod in us, API server + webhook:",
        _columns(report, "no webhook", lambda each: _cpu(each, NOTHING), _cpu),
        "Calls of webhooks for one creation, by the API server's count and by ours:",
        align(_calls(report)),
    )
    return "\n\n".join(parts)


def _circumstances(report: Report) -> str:
    """Say when it was, with what, and how alone: from 5 % on, others are what was measured."""
    others = max(_others(each)[1] for each in report.outcomes)
    versions = ", ".join(f"{name} {version}" for name, version in report.versions.items())
    return (
        f"Rounds: {report.rounds}, of {report.seconds:g} s each run, on {report.date}; medians, "
        f"ratios with their range.\nOther programs used up to {others:.0%} of the API server's "
        f"core.\n{versions}."
    )


def _goals(report: Report) -> Iterator[str]:
    """Say of each goal that was measured whether it is met."""
    outcomes = {each.situation: each for each in report.outcomes}
    for situation, metric in GOALS:
        if found := outcomes.get(situation):
            took = found.over_go[GPUCLASS][metric]
            verdict = "met" if took.median <= MOST_OF_GO else "**not met**"
            name = f"{metric.removesuffix('_us')} of {found.title}"
            yield f"- {name}: at most {MOST_OF_GO} of Go's, found {ratio(took)}: {verdict}."


_GO_HEADINGS = ("", "p50", "p99", "API server's CPU", "webhook's CPU", "others used")


def _columns(
    report: Report,
    first: str,
    base: Callable[[Outcome], str],
    cell: Callable[[Outcome, str], str],
) -> str:
    rows = [
        (each.title, base(each), *(cell(each, arm) for arm in WITH_WEBHOOK))
        for each in report.outcomes
    ]
    return align([("", first, *WITH_WEBHOOK), *rows])


def _base(outcome: Outcome) -> str:
    found = outcome.figures.get(NOTHING)
    return f"{found['p50_us'].median:,.0f} us" if found else NONE


def _over(outcome: Outcome, arm: str) -> str:
    if arm in outcome.added:
        return f"{outcome.added[arm].median:+,.0f} us, {ratio(outcome.over_nothing[arm]['p50_us'])}"
    found = outcome.figures.get(arm)
    return f"{found['p50_us'].median:,.0f} us in all" if found else NONE


def _to_go(outcome: Outcome) -> Sequence[str]:
    found = outcome.over_go[GPUCLASS]
    metrics = ("p50_us", "p99_us", "apiserver_us", "webhook_us")
    low, high = _others(outcome)
    return (outcome.title, *(ratio(found[each]) for each in metrics), f"{low:.0%}-{high:.0%}")


def _others(outcome: Outcome) -> tuple[float, float]:
    """Give the least and the most that others used of the API server's core."""
    found = [each["others"] for each in outcome.figures.values()]
    return min(each.low for each in found), max(each.high for each in found)


def _cpu(outcome: Outcome, arm: str) -> str:
    found = outcome.figures.get(arm)
    if not found:
        return NONE
    webhook = found["webhook_us"].median
    added = f" + {webhook:,.0f}" if webhook else ""
    return f"{found['apiserver_us'].median:,.0f}{added}"


def groups(report: Report) -> list[Group]:
    """Give the bars of the plot: the p50 of each arm as a multiple of no webhook."""
    return [
        (each.title, [(arm, found["p50_us"]) for arm, found in each.over_nothing.items()])
        for each in report.outcomes
        if each.over_nothing
    ]
