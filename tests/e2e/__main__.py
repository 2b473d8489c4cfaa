"""`make e2e`: prove the bootstrap with real containers, and say what was proved.

Exit codes: 0 proved, or nothing could be (one line says why); 1 something does not hold. With
REQUIRE_E2E=1 nothing proved is 1 too. The cluster is deleted afterwards; KEEP=1 keeps it.
"""

import os
import sys
import time
from collections.abc import Callable, Mapping

from tests.e2e.machine import Machine, RefutedError, UnprovedError, missing
from tests.e2e.steps import STEPS

PROVED, FAILED = 0, 1


def main(
    machine: Machine | None = None, steps: Mapping[str, Callable[[Machine], str]] = STEPS
) -> int:
    """Run every step on a cluster of its own."""
    if why := missing():
        _say(f"NOT PROVED: {why}; make e2e needs Docker, kind and kubectl")
        return FAILED if os.environ.get("REQUIRE_E2E") == "1" else PROVED
    with_cluster = machine or Machine()
    try:
        return _prove(with_cluster, steps)
    finally:
        if os.environ.get("KEEP") != "1":
            with_cluster.run("kind", "delete", "cluster", "--name", with_cluster.cluster)


def _prove(machine: Machine, steps: Mapping[str, Callable[[Machine], str]]) -> int:
    for name, step in steps.items():
        started = time.monotonic()
        try:
            proved = step(machine)
        except UnprovedError as lack:
            _say(f"NOT PROVED  {name}: {lack}")
            continue
        except (RefutedError, AssertionError) as error:
            _say(f"FAILED  {name}: {error}")
            return FAILED
        _say(f"ok  {name}: {proved} ({time.monotonic() - started:.0f} s)")
    return PROVED


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
