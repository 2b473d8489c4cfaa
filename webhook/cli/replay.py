"""What comes of a case: expected against got, difference by difference."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import msgspec

from webhook.cli.cases import Case, Expected, ExpectedPods, ExpectedViolation
from webhook.cli.finding import Finding, PodFinding
from webhook.cli.judging import judge
from webhook.core.decision import Violation
from webhook.core.errors import Fault
from webhook.core.patch import JSON
from webhook.core.policy.policy import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A field of `expected`, what stands there, and what came instead."""

    field: str
    expected: JSON
    got: JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one object of a case."""

    finding: Finding
    expected: Expected
    differences: tuple[Difference, ...]


def replay(case: Case, policy: Policy) -> tuple[Outcome, ...] | Fault:
    """Judge the objects of a case and compare; a fault where one can not be read."""
    outcomes: list[Outcome] = []
    knowing = policy.knowing(case.cluster)
    for step in case.steps:
        finding = judge(step.manifest, knowing, case.requester, step.old)
        if isinstance(finding, Fault):
            return finding
        differences = tuple(compare(step.expected, finding))
        outcomes.append(Outcome(finding=finding, expected=step.expected, differences=differences))
    return tuple(outcomes)


def compare(expected: Expected, finding: Finding) -> Iterator[Difference]:
    """Give every difference; fields that `expected` leaves out are not compared."""
    exact: tuple[tuple[str, object, object], ...] = (
        ("verdict", expected.verdict.value, finding.verdict.value),
        ("class", expected.gpu_class, finding.gpu_class),
        ("reason", expected.reason, finding.reason),
        ("patch", expected.patch, finding.patch),
        ("pod_patch", expected.pod_patch, finding.pod_patch),
    )
    yield from _exactly(exact)
    if expected.object is not msgspec.UNSET:
        yield from _within("object", written(expected.object), finding.after)
    if expected.pod is not msgspec.UNSET:
        yield from _within("pod", written(expected.pod), finding.pod_after)
    if expected.pods is not msgspec.UNSET:
        yield from _pods(expected.pods, finding.pods or ())
    yield from _violations(expected.violations, finding.violations)
    yield from _warnings(expected.warnings, finding.warnings)


def written(value: object) -> JSON:
    """Give a value of a case or a finding as JSON."""
    plain: JSON = msgspec.to_builtins(value)
    return plain


def _within(path: str, wanted: JSON, got: JSON) -> Iterator[Difference]:
    """Compare what is named: fields of mappings, whole lists item by item; null means absent."""
    if isinstance(wanted, dict) and isinstance(got, dict):
        for key, value in wanted.items():
            yield from _within(f"{path}.{key}", value, got.get(key))
    elif isinstance(wanted, list) and isinstance(got, list) and len(wanted) == len(got):
        for index, (value, other) in enumerate(zip(wanted, got, strict=True)):
            yield from _within(f"{path}[{index}]", value, other)
    elif wanted != got:
        yield Difference(field=path, expected=wanted, got=got)


def _pods(wanted: tuple[ExpectedPods, ...], got: tuple[PodFinding, ...]) -> Iterator[Difference]:
    """Compare templates by their paths: as many, and of each what is named."""
    found = {each.path: each for each in got}
    if [each.path for each in wanted] != list(found):
        paths = [each.path for each in wanted]
        yield Difference(field="pods", expected=written(paths), got=written(list(found)))
        return
    for each in wanted:
        place, pods = f"pods {each.path}", found[each.path]
        exact: tuple[tuple[str, object, object], ...] = (
            ("class", each.gpu_class, pods.gpu_class),
            ("reason", each.reason, pods.reason),
            ("pod_patch", each.pod_patch, pods.patch),
        )
        yield from _exactly(exact, f"{place}: ")
        if each.pod is not msgspec.UNSET:
            yield from _within(f"{place}: pod", written(each.pod), pods.after)


def _exactly(
    compared: Iterable[tuple[str, object, object]], place: str = ""
) -> Iterator[Difference]:
    for field, wanted, got in compared:
        if wanted is not msgspec.UNSET and written(wanted) != written(got):
            yield Difference(field=f"{place}{field}", expected=written(wanted), got=written(got))


def _violations(
    wanted: tuple[ExpectedViolation, ...] | msgspec.UnsetType, got: tuple[Violation, ...]
) -> Iterator[Difference]:
    if wanted is msgspec.UNSET:
        return
    for each in wanted:
        if not any(_is_met(each, violation) for violation in got):
            yield Difference(field="violations", expected=written(each), got=written(got))
    for violation in got:
        if not any(_is_met(each, violation) for each in wanted):
            yield Difference(field="violations", expected=None, got=written(violation))


def _is_met(wanted: ExpectedViolation, got: Violation) -> bool:
    return (
        wanted.path == got.path
        and wanted.rule in (None, got.rule)
        and wanted.message in got.message
    )


def _warnings(
    wanted: tuple[str, ...] | msgspec.UnsetType, got: Iterable[str]
) -> Iterator[Difference]:
    if wanted is msgspec.UNSET:
        return
    given = list(got)
    for text in wanted:
        if not any(text in warning for warning in given):
            yield Difference(field="warnings", expected=text, got=written(given))
    for warning in given:
        if not any(text in warning for text in wanted):
            yield Difference(field="warnings", expected=None, got=warning)
