"""A review from bytes to bytes without a network: microseconds of CPU time, printed.

`python -P in_process.py POLICIES REVIEWS` is run by its path with another tree before it on
PYTHONPATH, whose code it measures: what it imports is that tree's. `benchmarks.stages.answer` is
how each tree says for itself what the way of a review is.
"""

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.stages import answer
from webhook.core.policy.policy import compile_policy
from webhook.watch.files import load

REPEATS = 9
CALLS = 100


def main(policies: str, reviews: str) -> None:
    """Print what a review costs, the mean over the samples."""
    policy = compile_policy(load(Path(policies))[0])
    bodies = [path.read_bytes() for path in sorted(Path(reviews).iterdir())]
    sys.stdout.write(f"{cost(lambda body: answer(policy, body), bodies)}\n")


def cost(call: Callable[[bytes], object], bodies: Sequence[bytes]) -> float:
    """Give the microseconds of one call, the best of some repeats, which others disturbed least."""
    return min(_once(call, bodies) for _ in range(REPEATS)) * 1e6


def _once(call: Callable[[bytes], object], bodies: Sequence[bytes]) -> float:
    start = time.process_time()
    for _ in range(CALLS):
        for body in bodies:
            call(body)
    return (time.process_time() - start) / (CALLS * len(bodies))


if __name__ == "__main__":
    main(*sys.argv[1:])
