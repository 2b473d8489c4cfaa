"""Where the time of a review goes, in this process and without a network.

`python -m benchmarks.stages` prints two tables: the stages of the way from bytes to bytes, timed
plainly, and the modules on it by cProfile, whose own cost makes small functions look larger
than they are.
"""

import cProfile
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import PurePath
from types import CodeType
from typing import TypeAlias

import msgspec

from benchmarks import samples
from benchmarks.servers import POLICIES
from benchmarks.table import align
from webhook.core import review
from webhook.core.decide import decide
from webhook.core.pod import Pod
from webhook.core.policy.policy import Policy, compile_policy
from webhook.core.subject.case import Stage
from webhook.watch.files import load

REPEATS = 7
CALLS = 2000
TOP = 14

Call: TypeAlias = Callable[[], object]

_decode_pod = msgspec.json.Decoder(Pod).decode


def main() -> int:
    """Print both tables."""
    policy = compile_policy(load(POLICIES)[0])
    bodies = tuple(samples.reviews().values())
    sys.stdout.write(f"{align(stages(policy, bodies))}\n\n{align(modules(policy, bodies))}\n")
    return 0


def answer(policy: Policy, body: bytes) -> bytes:
    """Answer a review as the server does, from bytes to bytes."""
    request = review.read(body)
    return review.write(request.uid, decide(request, policy, Stage.MUTATE))


def stages(policy: Policy, bodies: tuple[bytes, ...]) -> list[tuple[str, ...]]:
    """Time each stage; rows of a table, microseconds a review, mean over the samples."""
    requests = [review.read(body) for body in bodies]
    decisions = [(each.uid, decide(each, policy, Stage.MUTATE)) for each in requests]
    read = _timed([partial(review.read, body) for body in bodies])
    decode = _timed([partial(_decode_pod, each.object) for each in requests])
    decided = _timed([partial(decide, each, policy, Stage.MUTATE) for each in requests])
    write = _timed([partial(review.write, *each) for each in decisions])
    whole = _timed([partial(answer, policy, body) for body in bodies])
    rows = (
        ("read the AdmissionReview", read),
        ("decode the pod", decode),
        ("decide, and compare before and after", decided - decode),
        ("write the answer", write),
        ("from bytes to bytes", whole),
    )
    return [("stage", "us"), *((name, f"{value:.1f}") for name, value in rows)]


def _timed(calls: list[Call]) -> float:
    """Give the microseconds of CPU time of one call, the best of some repeats."""
    return min(_once(calls) for _ in range(REPEATS)) * 1e6


def _once(calls: list[Call]) -> float:
    start = time.process_time()
    for _ in range(CALLS // len(calls)):
        for call in calls:
            call()
    return (time.process_time() - start) / (CALLS // len(calls) * len(calls))


def modules(policy: Policy, bodies: tuple[bytes, ...]) -> list[tuple[str, ...]]:
    """Give the modules and built-in functions that take most time of their own, as rows."""
    profile = cProfile.Profile()
    profile.runcall(_answer_all, policy, bodies)
    calls: Counter[str] = Counter()
    own: Counter[str] = Counter()
    for entry in profile.getstats():
        calls[_place(entry.code)] += entry.callcount
        own[_place(entry.code)] += round(entry.inlinetime * 1e9)
    total = own.total()
    rows = [
        (name, f"{calls[name] / CALLS:.1f}", f"{spent / total:.0%}")
        for name, spent in own.most_common(TOP)
    ]
    return [("module or built-in function", "calls a review", "own time"), *rows]


def _answer_all(policy: Policy, bodies: Iterable[bytes]) -> None:
    listed = tuple(bodies)
    for _ in range(CALLS // len(listed)):
        for body in listed:
            answer(policy, body)


def _place(code: CodeType | str) -> str:
    """Name a function's module, without the folders of this machine; a built-in by itself."""
    if isinstance(code, str):
        return code.strip("<>").replace("built-in method ", "")
    return "/".join(PurePath(code.co_filename).parts[-2:])


if __name__ == "__main__":
    sys.exit(main())
