"""Fuzz for a while (`python -m tests.fuzz --seconds 60`); what breaks a promise is kept."""

import argparse
import itertools
import sys
import time

from tests.fuzz.search import keep, replay, rounds, shrink
from tests.fuzz.targets import TARGETS

ROUNDS = 200


def main() -> int:
    """Search all targets in turn until the time is over; 1 where something was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=time.time_ns(), help="to search as before")
    arguments = parser.parse_args()
    for target in TARGETS:
        replay(target)
    until, tried = time.monotonic() + arguments.seconds, 0
    for number, target in enumerate(itertools.cycle(TARGETS)):
        if time.monotonic() >= until:
            break
        tried += ROUNDS
        found = rounds(target, arguments.seed + number, ROUNDS)
        if found is not None:
            path = keep(target, shrink(target, found))
            sys.stdout.write(f"{target.name}: a promise is broken by {path}\n")
            target.run(path.read_bytes())
    sys.stdout.write(f"{tried} inputs (seed {arguments.seed}): every promise was kept\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
