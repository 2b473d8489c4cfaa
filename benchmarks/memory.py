"""The memory of a replica beside a large cluster.

`python -m benchmarks.memory` makes 5,000 nodes and 2,000 namespaces in a real API server, each of
the size that they have in clouds, and prints what the processes of one replica hold.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import usage
from tests.cluster.api import Json
from tests.cluster.binaries import find
from tests.cluster.controlplane import ControlPlane
from tests.cluster.replicas import Replica, apply_policies, prepare, replicas
from tests.cluster.waiting import eventually
from webhook.watch.connection import Client, connect

NODES, NAMESPACES = 5_000, 2_000
LIMIT_MIB = 150
LABELS, IMAGES = 40, 50
"""Of a node, as clouds, discovery and kubelets write them."""
FEATURES = 30
"""Of its labels those that discovery writes, alike on many nodes."""
THREADS = 4
CREATED = 201


def main() -> int:
    """Fill a cluster, start a replica, print its memory; fail above the limit."""
    binaries = find(lambda line: _say(f"{line}\n"))
    with TemporaryDirectory() as folder, ControlPlane(binaries) as plane:
        prepare(plane)
        apply_policies(plane)
        with replicas(plane, Path(folder), count=1) as (replica,):
            replica.wait_ready()
            before = held(replica.process.pid)
            _say(f"making {NODES} nodes and {NAMESPACES} namespaces ...\n")
            _fill(connect(plane.kubeconfig))
            eventually(lambda: _is_known(replica), "every object to be known", 120)
            after = held(replica.process.pid)
        with replicas(plane, Path(folder) / "late", count=1) as (late,):
            late.wait_ready()
            started = held(late.process.pid)
    _say(report({"with few objects": before, "watched as they came": after, "listed": started}))
    return int(max(after, started) > LIMIT_MIB)


def node(number: int) -> Json:
    """Give a node of about 12 KB."""
    labels = {
        f"feature.node.kubernetes.io/cpu-cpuid.FEATURE{each}": "true" for each in range(FEATURES)
    }
    others = range(LABELS - FEATURES - 1)
    labels |= {f"cloud.example.com/label-{each}": f"value-{number % 50}" for each in others}
    name = f"node-{number:05}.eu-central-1.compute.internal"
    images = [
        {"names": [f"registry.example.com/team/image-{each}@sha256:{each:064x}"], "sizeBytes": each}
        for each in range(IMAGES)
    ]
    taints = [{"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"}]
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": {**labels, "kubernetes.io/hostname": name}},
        "spec": {"taints": taints if number % 2 else []},
        "status": {"images": images},
    }


def namespace(number: int) -> Json:
    """Give a namespace with the annotations that tools leave."""
    annotations = {f"tool-{each}.example.com/setting": f"value-{number}" for each in range(4)}
    last = {"kubectl.kubernetes.io/last-applied-configuration": json.dumps(annotations)}
    metadata = {"name": f"team-{number:05}", "annotations": {**annotations, **last}}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}


def _fill(client: Client) -> None:
    with ThreadPoolExecutor(THREADS) as pool:
        for path, make, count in (
            ("/api/v1/nodes", node, NODES),
            ("/api/v1/namespaces", namespace, NAMESPACES),
        ):
            statuses = pool.map(partial(_create, client, path), map(make, range(count)))
            if any(status != CREATED for status in statuses):
                raise RuntimeError(f"{path}: an object was not made")


def _create(client: Client, path: str, body: Json) -> int:
    headers = {"Content-Type": "application/json"}
    answer = client.call_api("POST", client.configuration.host + path, headers, body)
    answer.read()  # type: ignore[no-untyped-call]
    return int(answer.status)


def _is_known(replica: Replica) -> bool:
    """Tell whether the last nodes and namespaces have come; the API server tells in order."""
    counts = {each["resource"]: each["objects"] for each in replica.readiness()["watches"]}
    return bool(counts["nodes"] >= NODES and counts["namespaces"] >= NAMESPACES)


def held(pid: int, proc: Path = usage.PROC) -> float:
    """Give the MiB that a process tree holds, what processes share counted once."""
    pages = (_proportional(proc / str(each) / "smaps_rollup") for each in usage.tree(pid, proc))
    return sum(pages) / 1024


def _proportional(path: Path) -> int:
    lines: Iterator[str] = iter(path.read_text(encoding="utf-8").splitlines())
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def report(mebibytes: Mapping[str, float]) -> str:
    """Give the figures as lines of text."""
    lines = [f"{name:22}{value:6.1f} MiB" for name, value in mebibytes.items()]
    title = f"memory of a replica, both processes; the limit is {LIMIT_MIB} MiB"
    return "\n".join([title, *lines, ""])


def _say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
