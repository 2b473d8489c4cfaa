"""One run of the load generator against one server."""

import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from benchmarks import usage
from benchmarks.errors import BenchmarkError
from benchmarks.scenarios import Scenario
from benchmarks.servers import Cores, Server, pinned

SPARE_SECONDS = 30
BUSY = 0.05
"""What others may use of the servers' core until it is worth telling."""


class Loaded(msgspec.Struct, frozen=True, kw_only=True):
    """What the load generator says; times in microseconds, `load_cpu` its own use of its core.

    `answered` counts the warm-up too, as the server's CPU time does; nothing else does.
    """

    answered: int
    errors: int
    error: str = ""
    per_second: float
    p50_us: float
    p99_us: float
    load_cpu: float


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """One run: what a review cost the server, and how it was answered.

    `load_cpu` is how busy the load generator was, a part of its core: near 1 it is what was
    measured. `others` is the part of the server's core that other programs used: the more, the
    less the times are worth.
    """

    cpu_us: float
    per_second: float
    p50_us: float
    p99_us: float
    load_cpu: float
    others: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """The load generator: its program, the cores, its times, in seconds.

    `folder` has what it sends (`bodies`) and the certificate that it trusts (`tls.crt`).
    """

    program: Path
    folder: Path
    cores: Cores
    warmup: float
    seconds: float

    def run(self, server: Server, scenario: Scenario) -> Sample:
        """Measure a server in a scenario; raise BenchmarkError when a review is not answered."""
        ran, worked = usage.spent(server.pid), usage.busy(self.cores.server)
        started = time.monotonic()
        with pinned(self.cores.load):
            found = self._load(server, scenario)
        took = (time.monotonic() - started) * usage.NANOSECONDS
        ran, worked = usage.spent(server.pid) - ran, usage.busy(self.cores.server) - worked
        if found.errors or not found.answered:
            raise BenchmarkError(
                f"{server.name}: {found.errors} reviews failed ({scenario.title}): {found.error}"
            )
        return Sample(
            cpu_us=ran / 1000 / found.answered,
            per_second=found.per_second,
            p50_us=found.p50_us,
            p99_us=found.p99_us,
            load_cpu=found.load_cpu,
            others=max((worked - ran) / took, 0.0),
        )

    def _load(self, server: Server, scenario: Scenario) -> Loaded:
        command = [str(self.program), "-address", server.address]
        command += ["-bodies", str(self.folder / "bodies" / scenario.bodies)]
        command += ["-cert", str(self.folder / "tls.crt")]
        command += ["-connections", str(scenario.connections), "-rate", str(scenario.rate)]
        command += ["-warmup", f"{self.warmup}s", "-duration", f"{self.seconds}s"]
        command += ["-fresh"] if scenario.is_fresh else []
        return generate(command, self.warmup + self.seconds, server.name, scenario.title)


def generate(command: Sequence[str], seconds: float, name: str, title: str) -> Loaded:
    """Run the load generator to its end; raise BenchmarkError if it fails or has none."""
    try:
        answer = subprocess.run(  # noqa: S603 - a list of our own making, no shell
            command, capture_output=True, text=True, timeout=seconds + SPARE_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise BenchmarkError(f"{name}: the load did not end ({title})") from error
    if answer.returncode != 0:
        raise BenchmarkError(f"{name}: {answer.stderr.strip()}")
    return msgspec.json.decode(answer.stdout, type=Loaded)
