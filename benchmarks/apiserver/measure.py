"""One run: some clients create pods in the namespace of an arm."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import msgspec

from benchmarks import usage
from benchmarks.apiserver import arms
from benchmarks.apiserver.situations import GPUCLASS, TWICE, Situation
from benchmarks.apiserver.stage import Stage
from benchmarks.errors import BenchmarkError
from benchmarks.measure import Loaded, generate
from benchmarks.programs import Programs
from benchmarks.servers import Cores, pinned
from tests.cluster.api import Json
from tests.cluster.chaos.counters import CALLS, DECISIONS
from tests.cluster.webhook import samples

AT_ONCE: Json = {"kind": "DeleteOptions", "apiVersion": "v1", "gracePeriodSeconds": 0}


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """One run. Times in microseconds; CPU time for each request.

    `calls` of webhooks for each request are what the API server counted. `load_cpu` is how busy the
    load generator was, a part of its core; `others` the part of the API server's core that neither
    it nor etcd used.
    """

    p50_us: float
    p99_us: float
    per_second: float
    apiserver_us: float
    webhook_us: float
    calls: float
    load_cpu: float
    others: float


class Calls:
    """How often webhooks are called, by the API server's count and by our own."""

    def __init__(self, stage: Stage) -> None:
        """Begin to count."""
        self._stage = stage
        self._counted = self._read()

    def since(self, arm: str) -> int:
        """Give how many came since the last question, all for pods of one arm.

        Raises BenchmarkError where the API server and our server contradict each other.
        """
        before, self._counted = self._counted, self._read()
        came, seen = (now - then for now, then in zip(self._counted, before, strict=True))
        if seen != (came if arm in {GPUCLASS, TWICE} else 0):
            raise BenchmarkError(f"{arm}: the API server called {came} times, we saw {seen}")
        return came

    def _read(self) -> tuple[int, int]:
        counted = samples(self._stage.control_plane.api.text("/metrics"))
        return _sum(counted, CALLS), _sum(self._stage.webhook.metrics(), DECISIONS)


def _sum(found: Mapping[str, float], name: str) -> int:
    return round(sum(value for each, value in found.items() if each.startswith(f"{name}{{")))


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """Nanoseconds of CPU time so far."""

    apiserver: int
    etcd: int
    webhook: int
    core: int

    @classmethod
    def read(cls, stage: Stage, arm: str, core: int) -> Self:
        """Read what the programs and the API server's core have spent."""
        webhook = stage.webhooks.get(arm)
        return cls(
            apiserver=usage.spent(stage.apiserver),
            etcd=usage.spent(stage.etcd),
            webhook=usage.spent(webhook) if webhook else 0,
            core=usage.busy(core),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """The load generator: its program, what it sends and is, the cores, its times."""

    built: Programs
    stage: Stage
    calls: Calls
    bodies: Path
    cores: Cores
    warmup: float
    seconds: float

    def run(self, arm: str, situation: Situation) -> Sample:
        """Measure an arm in a situation, and take away what was made."""
        before, started = Spent.read(self.stage, arm, self.cores.server), time.monotonic()
        with pinned(self.cores.load):
            found = self._generate(arm, situation)
        took = time.monotonic() - started
        after = Spent.read(self.stage, arm, self.cores.server)
        calls = self.calls.since(arm)
        if situation.is_kept:
            self.stage.control_plane.api.request("DELETE", _pods(arm), AT_ONCE)
        if found.errors or not found.per_second:
            raise BenchmarkError(
                f"{arm}: {found.errors} pods were not answered as they should"
                f" ({situation.title}): {found.error}"
            )
        return _sample(found, before, after, took, calls)

    def _generate(self, arm: str, situation: Situation) -> Loaded:
        plane = self.stage.control_plane
        client = plane.admin_pair
        command = [str(self.built.load), "-address", plane.server.removeprefix("https://")]
        command += ["-path", f"{_pods(arm)}{situation.query}", "-status", str(situation.status)]
        command += ["-bodies", str(self.bodies / situation.bodies)]
        command += ["-cert", str(plane.server_pair.certificate)]
        command += ["-client-cert", str(client.certificate), "-client-key", str(client.key)]
        command += ["-connections", str(situation.clients)]
        command += ["-warmup", f"{self.warmup}s", "-duration", f"{self.seconds}s"]
        return generate(command, self.warmup + self.seconds, arm, situation.title)


def _pods(arm: str) -> str:
    return f"/api/v1/namespaces/{arms.NAMESPACES[arm]}/pods"


def _sample(found: Loaded, before: Spent, after: Spent, took: float, calls: int) -> Sample:
    apiserver, etcd = after.apiserver - before.apiserver, after.etcd - before.etcd
    others = after.core - before.core - apiserver - etcd
    return Sample(
        p50_us=found.p50_us,
        p99_us=found.p99_us,
        per_second=found.per_second,
        apiserver_us=apiserver / 1000 / found.answered,
        webhook_us=(after.webhook - before.webhook) / 1000 / found.answered,
        calls=calls / found.answered,
        load_cpu=found.load_cpu,
        others=max(others / usage.NANOSECONDS / took, 0.0),
    )
