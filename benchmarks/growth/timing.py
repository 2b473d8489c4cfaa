"""CPU time of calls in this process: all of them in turn, some rounds."""

import gc
import time
from collections.abc import Callable, Mapping
from typing import TypeAlias

SECONDS = 0.01
"""What each call is repeated for in a round, at least once."""

Call: TypeAlias = Callable[[], object]
Samples: TypeAlias = dict[str, list[float]]


def measure(calls: Mapping[str, Call], rounds: int, seconds: float = SECONDS) -> Samples:
    """Give the seconds of each call for each round; a first round warms up and does not count."""
    found: Samples = {name: [] for name in calls}
    gc.collect()
    gc.freeze()
    for number in range(rounds + 1):
        for name, call in calls.items():
            spent = once(call, seconds)
            if number:
                found[name].append(spent)
    gc.unfreeze()
    return found


def once(call: Call, seconds: float) -> float:
    """Give the mean over as many calls as take some seconds."""
    count, start = 0, time.process_time()
    while (spent := time.process_time() - start) < seconds or not count:
        call()
        count += 1
    return spent / count
