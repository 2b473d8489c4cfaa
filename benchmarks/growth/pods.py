"""A review of larger and larger pods: containers, tolerations, terms of affinity."""

from collections.abc import Callable, Iterator
from functools import partial

from benchmarks import samples
from benchmarks.growth.report import Row, Section, row
from benchmarks.growth.reviews import FIRST, SECOND, UNLIKE, asked, policy, requiring
from benchmarks.growth.timing import Call, Samples, measure
from benchmarks.samples import Object, container, pod
from webhook.core.policy.policy import Policy
from webhook.core.subject.case import Stage

CLASSES = 10


def sections(rounds: int, unlike: int = UNLIKE) -> Iterator[Section]:
    """Measure pods by what they have many of: of each size so many that are each worked out."""
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
            rows=[
                _row(pods, measure(_calls(by, sizes, partial(grown, pods), unlike), rounds))
                for pods in _PODS
            ],
            goal="at most in proportion",
        )


_PODS = ("GPU pod, Required class", "GPU pod, Preferred class", "CPU pod")


def _pod(kind: str, spec: Object) -> Object:
    named = {_PODS[0]: FIRST, _PODS[1]: SECOND}.get(kind)
    alone: Object = {} if named else {"containers": [container("app", None)]}
    return pod(named, {**alone, **spec})


def _row(name: str, measured: Samples) -> Row:
    return row(name, {size: [each * 1e6 for each in spent] for size, spent in measured.items()})


def _calls(
    by: Policy, sizes: tuple[int, ...], grown: Callable[[int, int], Object], unlike: int
) -> dict[str, Call]:
    """Give a call for each size; of pods that are alike only the first is worked out."""
    bodies = {
        str(size): [samples.review(0, grown(size, number)) for number in range(unlike)]
        for size in sizes
    }
    return {size: asked(by, each, Stage.MUTATE) for size, each in bodies.items()}


def _containers(kind: str, count: int, number: int) -> Object:
    gpus = None if kind == _PODS[2] else "1"
    given = [container(f"c{each}", gpus) for each in range(count)]
    return _pod(kind, {"containers": given, "tolerations": _own_tolerations(1, number)})


def _tolerations(kind: str, count: int, number: int) -> Object:
    return _pod(kind, {"tolerations": _own_tolerations(count, number)})


def _own_tolerations(count: int, number: int) -> list[Object]:
    return [
        {"key": f"team.example.com/{each}", "operator": "Equal", "value": str(number)}
        for each in range(count)
    ]


def _terms(kind: str, count: int, number: int) -> Object:
    keys = tuple(f"zone-{number}-{each}" for each in range(count))
    return _pod(kind, {"affinity": requiring(keys)})
