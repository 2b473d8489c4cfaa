"""The memory of a replica beside a large cluster.

`python -m benchmarks.memory` makes 5,000 nodes, 2,000 namespaces and 1,000 classes and pools in a
real API server, nodes and namespaces of the size that they have in clouds, and prints what the
processes of one replica hold.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import usage
from benchmarks.command import ends, say
from benchmarks.errors import BenchmarkError
from tests.cluster.api import Json
from tests.cluster.binaries import find
from tests.cluster.controlplane import ControlPlane
from tests.cluster.replicas import Replica, prepare, replicas
from tests.cluster.shipped import apply_policies
from tests.cluster.waiting import eventually
from tests.core import many
from webhook.core.names import API_GROUP, API_VERSION
from webhook.core.policy import crd
from webhook.watch.connection import Client, connect

NODES, NAMESPACES, CLASSES = 5_000, 2_000, 1_000
IDLE, GROWN, LISTED = "with few objects", "watched as they came", "listed at its start"
LIMITS: Mapping[str, float] = {IDLE: 100, GROWN: 150, LISTED: 150}
"""MiB that a replica may hold, by the moment at which it is looked at."""
LABELS, IMAGES = 40, 50
"""Of a node, as clouds, discovery and kubelets write them."""
FEATURES = 30
"""Of its labels those that discovery writes, alike on many nodes."""
THREADS = 4
CREATED = 201
OWN = f"/apis/{API_GROUP}/{API_VERSION}"


@ends("benchmarks.memory")
def main() -> int:
    """Fill a cluster, start replicas, print their memory; fail above a limit."""
    with TemporaryDirectory() as folder, ControlPlane(find(say)) as plane:
        prepare(plane)
        apply_policies(plane)
        found = measure(plane, Path(folder))
    sys.stdout.write(report(found))
    return int(bool(broken(found)))


def measure(plane: ControlPlane, folder: Path) -> dict[str, float]:
    """Fill a cluster that has the shipped policies; give what a replica holds at each moment."""
    with replicas(plane, folder / "early", count=1) as (replica,):
        replica.wait_ready()
        found = {IDLE: held(replica.process.pid)}
        say(f"making {NODES} nodes, {NAMESPACES} namespaces, {CLASSES} classes and pools ...")
        fill(connect(plane.kubeconfig))
        eventually(lambda: _is_known(replica), "every object to be known")
        found[GROWN] = held(replica.process.pid)
    with replicas(plane, folder / "late", count=1) as (late,):
        late.wait_ready()
        found[LISTED] = held(late.process.pid)
    return found


def broken(mebibytes: Mapping[str, float]) -> tuple[str, ...]:
    """Say what is above its limit."""
    return tuple(
        f"{name}: {value:.1f} MiB, more than {LIMITS[name]:g}"
        for name, value in mebibytes.items()
        if value > LIMITS[name]
    )


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


def fill(client: Client) -> None:
    """Make everything; documents last, since a policy that is there names none of them."""
    every = (
        *(("/api/v1/nodes", node(number)) for number in range(NODES)),
        *(("/api/v1/namespaces", namespace(number)) for number in range(NAMESPACES)),
        *((_PATHS[each["kind"]], each) for each in _documents()),
    )
    with ThreadPoolExecutor(THREADS) as pool:
        statuses = pool.map(lambda each: _create(client, *each), every)
        if any(status != CREATED for status in statuses):
            raise BenchmarkError("an object was not made")


def _documents() -> Iterator[Json]:
    """Give all but the GPUPolicy, of which there is one."""
    return (each for each in many.objects(CLASSES) if each["kind"] != "GPUPolicy")


_PATHS = {
    **{each.kind.__name__: f"{OWN}/{plural}" for plural, each in crd.RESOURCES.items()},
    "PriorityClass": "/apis/scheduling.k8s.io/v1/priorityclasses",
}


def _create(client: Client, path: str, body: Json) -> int:
    headers = {"Content-Type": "application/json"}
    answer = client.call_api("POST", client.configuration.host + path, headers, body)
    answer.read()  # type: ignore[no-untyped-call]
    return int(answer.status)


def _is_known(replica: Replica) -> bool:
    """Tell whether the last of each have come; the API server tells in order."""
    counts = {each["resource"]: each["objects"] for each in replica.readiness()["watches"]}
    wanted = {"nodes": NODES, "namespaces": NAMESPACES}
    wanted |= dict.fromkeys(("gpunodepools", "gpuclasses"), CLASSES)
    return all(counts[name] >= count for name, count in wanted.items())


def held(pid: int, proc: Path = usage.PROC) -> float:
    """Give the MiB that a process tree holds, what processes share counted once."""
    pages = (_proportional(proc / str(each) / "smaps_rollup") for each in usage.tree(pid, proc))
    return sum(pages) / 1024


def _proportional(path: Path) -> int:
    lines: Iterator[str] = iter(path.read_text(encoding="utf-8").splitlines())
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def report(mebibytes: Mapping[str, float]) -> str:
    """Give the figures as lines of text."""
    lines = [
        f"{name:22}{value:6.1f} MiB, at most {LIMITS[name]:g}" for name, value in mebibytes.items()
    ]
    return "\n".join(["memory of a replica, both processes", *lines, ""])


if __name__ == "__main__":
    sys.exit(main())
