"""A review of larger and larger pods: containers, tolerations, terms of affinity."""

from collections.abc import Callable, Iterator
from functools import partial

from benchmarks import samples
from benchmarks.growth.report import Row, Section, row
from benchmarks.growth.reviews import FIRST, SECOND, answer, policy, requiring
from benchmarks.growth.timing import measure
from benchmarks.samples import Object, container, pod
from webhook.core.policy.policy import Policy
from webhook.core.subject.case import Stage

CLASSES = 10


def sections(rounds: int) -> Iterator[Section]:
    """Measure pods by what they have many of."""
    by = policy(CLASSES)
    for name, title, sizes, grown in (
        ("containers", "A review, by the containers of a pod", (1, 10, 50), _containers),
        ("tolerations", "A review, by the tolerations of a pod", (1, 10, 100), _tolerations),
        ("terms", "A review, by the required terms of a pod", (1, 10, 100), _terms),
    ):
        yield Section(
            name=name,
            title=title,
            unit="us of CPU",
            columns=tuple(map(str, sizes)),
            rows=[_row(pods, by, sizes, partial(grown, pods), rounds) for pods in _PODS],
            goal="at most in proportion",
        )


_PODS = ("GPU pod, Required class", "GPU pod, Preferred class", "CPU pod")


def _pod(kind: str, spec: Object) -> Object:
    named = {_PODS[0]: FIRST, _PODS[1]: SECOND}.get(kind)
    alone: Object = {} if named else {"containers": [container("app", None)]}
    return pod(named, {**alone, **spec})


def _row(
    name: str,
    by: Policy,
    sizes: tuple[int, ...],
    grown: Callable[[int], Object],
    rounds: int,
) -> Row:
    calls = {
        str(size): partial(answer, by, samples.review(0, grown(size)), Stage.MUTATE)
        for size in sizes
    }
    measured = measure(calls, rounds)
    return row(name, {size: [each * 1e6 for each in spent] for size, spent in measured.items()})


def _containers(kind: str, count: int) -> Object:
    gpus = None if kind == _PODS[2] else "1"
    given = [container(f"c{number}", gpus) for number in range(count)]
    return _pod(kind, {"containers": given})


def _tolerations(kind: str, count: int) -> Object:
    given = [
        {"key": f"team.example.com/{number}", "operator": "Equal", "value": "a"}
        for number in range(count)
    ]
    return _pod(kind, {"tolerations": given})


def _terms(kind: str, count: int) -> Object:
    return _pod(kind, {"affinity": requiring(tuple(f"zone-{each}" for each in range(count)))})
