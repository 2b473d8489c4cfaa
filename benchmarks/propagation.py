"""From a write in the API server to its effect in every replica.

`python -m benchmarks.propagation` starts a control plane and two replicas, edits a class fifty
times, and asks both replicas without a pause until their answers change. The time runs from the
moment at which the edit is sent.
"""

import http.client
import statistics
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.command import ends, say
from tests.cluster.api import MERGE_PATCH, Api
from tests.cluster.binaries import find
from tests.cluster.controlplane import ControlPlane
from tests.cluster.replicas import Replica, prepare, replicas
from tests.cluster.shipped import apply_policies
from tests.serve.server import exchange, response, review

EDITS = 50
PAUSE_SECONDS = 0.002
LONGEST_SECONDS = 30.0
CLASS = "/apis/gpuclass.io/v1alpha1/gpuclasses/training"
NAMESPACES = ("team-a", "team-b")
"""What the class is for, in turn; reviews come from the first."""


@ends("benchmarks.propagation")
def main() -> int:
    """Measure and print."""
    with TemporaryDirectory() as folder, ControlPlane(find(say)) as plane:
        prepare(plane)
        apply_policies(plane)
        with replicas(plane, Path(folder)) as running:
            for each in running:
                each.wait_ready()
            sys.stdout.write(report([edit(plane.api, running, number) for number in range(EDITS)]))
    return 0


def edit(api: Api, running: Sequence[Replica], number: int) -> float:
    """Edit the class; give the seconds until the last replica decides by it."""
    namespace = NAMESPACES[number % 2]
    is_ours = namespace == NAMESPACES[0]
    with ThreadPoolExecutor(len(running)) as pool:
        began = time.perf_counter()
        waits = [pool.submit(partial(_effect, each, is_ours=is_ours)) for each in running]
        patch = {"spec": {"allowedNamespaces": [namespace]}}
        api.request("PATCH", CLASS, patch, MERGE_PATCH)
        return max(each.result() for each in waits) - began


def _effect(replica: Replica, *, is_ours: bool) -> float:
    """Ask a replica until it answers as it shall; give when it did."""
    connection = replica.connect()
    try:
        for _ in range(round(LONGEST_SECONDS / PAUSE_SECONDS)):
            if _is_allowed(connection) is is_ours:
                return time.perf_counter()
            time.sleep(PAUSE_SECONDS)
    finally:
        connection.close()
    raise TimeoutError(f"no effect within {LONGEST_SECONDS:.0f} s")


def _is_allowed(connection: http.client.HTTPSConnection) -> bool:
    body = review("training", namespace=NAMESPACES[0])
    return bool(response(exchange(connection, "POST", "/mutate", body))["allowed"])


def report(seconds: Sequence[float]) -> str:
    """Give the figures as lines of text."""
    percentiles = statistics.quantiles(seconds, n=100, method="inclusive")
    figures = {"median": statistics.median(seconds), "p99": percentiles[98], "max": max(seconds)}
    lines = [f"{name:8}{value * 1000:6.0f} ms" for name, value in figures.items()]
    return "\n".join([f"{len(seconds)} edits, until both replicas decide by them", *lines, ""])


if __name__ == "__main__":
    sys.exit(main())
