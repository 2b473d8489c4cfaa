"""Replicas of `gpuclass serve` behind one address, and which of them are sent connections.

What a Deployment, the kubelet's readiness probes and kube-proxy do to them is done here: a replica
gets connections once it is ready, none any more when it is not, or is about to end.
"""

import itertools
import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from tests.cluster import probing
from tests.cluster.balancer import Balancer
from tests.cluster.chaos.journal import Journal
from tests.cluster.supervisor import Launch, Supervisor
from tests.cluster.waiting import eventually
from tests.cluster.webhook import scrape
from webhook.process.settings import Address

PERIOD_SECONDS = 0.25
"""Between two looks at who is ready."""
PROPAGATION_SECONDS = 0.5
"""From the end of an endpoint to the last new connection that is led there."""
PRE_STOP_SECONDS = 1.5
"""The Deployment sleeps for ten: endpoints are told sooner here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Make:
    """How a replica is started: what stands before the command, and flags besides."""

    before: tuple[str, ...] = ()
    program: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class Replica:
    """One replica; `is_leaving` once it has been told to end."""

    name: str
    address: Address
    probes: int
    journal: Journal
    make: Make
    is_leaving: bool = False

    def metrics(self) -> dict[str, float]:
        """Give every sample of its /metrics."""
        return scrape(self.probes)

    def report(self) -> dict[str, Any]:
        """Give all that /readyz tells."""
        return probing.report(self.probes)

    def metric(self, name: str) -> float:
        """Give one sample; 0 where it is not there."""
        return self.metrics().get(name, 0.0)


class Fleet:
    """The replicas, as many as a row wants; `balancer` leads to those that are ready."""

    def __init__(
        self,
        supervisor: Supervisor,
        balancer: Balancer,
        command: Callable[[Make, Address, int], list[str]],
    ) -> None:
        """Take who runs programs, who leads connections, and a replica's command line."""
        self._supervisor, self._balancer, self._command = supervisor, balancer, command
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._probe, daemon=True)
        self._endpoints: Sequence[Address] = ()
        self.replicas: list[Replica] = []
        self.former: list[Replica] = []

    def __enter__(self) -> Self:
        """Begin to look who is ready."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Look no more; the processes are the supervisor's."""
        self._ending.set()
        self._thread.join()

    @property
    def everybody(self) -> Sequence[Replica]:
        """Give all replicas that there ever were: their logs stay."""
        return (*self.former, *self.replicas)

    def add(self, make: Make) -> Replica:
        """Start a replica and wait until it is ready and is sent connections."""
        name = f"replica-{next(self._numbers)}"
        found: list[Address] = []

        def command(ports: list[int]) -> list[str]:
            found[:] = [Address(host="127.0.0.1", port=ports[1])]
            return self._command(make, found[0], ports[0])

        launch = Launch(name=name, ports=2, command=command, is_ready=probing.is_ready)
        probes = self._supervisor.start(launch)
        journal = Journal(self._supervisor.log_file(name))
        replica = Replica(name=name, address=found[0], probes=probes, journal=journal, make=make)
        with self._lock:
            self.replicas.append(replica)
        eventually(lambda: self.is_led_to(replica), f"{name} to be sent connections")
        return replica

    def retire(self, replica: Replica) -> None:
        """End a replica as a rollout does: no endpoint, preStop, SIGTERM, draining."""
        replica.is_leaving = True
        time.sleep(PROPAGATION_SECONDS)
        self._spread()
        time.sleep(PRE_STOP_SECONDS - PROPAGATION_SECONDS)
        # The container's first process alone gets it: a second one would end the worker at once.
        os.kill(self._supervisor.pids[replica.name], signal.SIGTERM)
        eventually(lambda: not self.is_running(replica), f"{replica.name} to end")
        self._forget(replica)

    def crash(self, replica: Replica) -> None:
        """End a replica without a word, all of it; its endpoint stays until it is missed."""
        self._supervisor.kill(replica.name)

    def is_led_to(self, replica: Replica) -> bool:
        """Tell whether new connections are led to a replica."""
        return replica.address in self._endpoints

    def is_running(self, replica: Replica) -> bool:
        """Tell whether a replica's first process runs."""
        return replica.name in self._supervisor.pids

    def pids(self, replica: Replica) -> tuple[int, int]:
        """Give the process ids of gunicorn and of its worker."""
        first = self._supervisor.pids[replica.name]
        children = Path(f"/proc/{first}/task/{first}/children").read_text(encoding="ascii").split()
        return first, int(children[0])

    def bury(self, make: Make) -> None:
        """Forget replicas that have crashed, and end those that are made otherwise."""
        for each in [*self.replicas]:
            if self.is_running(each) and each.make != make:
                self.crash(each)
            if not self.is_running(each):
                self._forget(each)

    def fill(self, make: Make, count: int) -> None:
        """Start as many replicas as are missing, all at once."""
        with ThreadPoolExecutor() as pool:
            wanted = [make] * (count - len(self.replicas))
            list(pool.map(self.add, wanted))

    def signal(self, replica: Replica, number: int) -> None:
        """Send a signal to all processes of a replica."""
        self._supervisor.signal(replica.name, number)

    def _forget(self, replica: Replica) -> None:
        with self._lock:
            self.replicas.remove(replica)
        self.former.append(replica)

    def _probe(self) -> None:
        while not self._ending.wait(PERIOD_SECONDS):
            self._spread()

    def _spread(self) -> None:
        """Lead connections to who is ready; two looks at a time would tell each other lies."""
        with self._lock:
            candidates = [each for each in self.replicas if not each.is_leaving]
            self._endpoints = [each.address for each in candidates if self._is_ready(each)]
            self._balancer.lead_to(self._endpoints)

    def _is_ready(self, replica: Replica) -> bool:
        return self.is_running(replica) and probing.is_ready(replica.probes)
