"""One long-running program of the control plane: started, waited for, and ended for certain."""

import contextlib
import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tests.cluster.guardian import Guardian

STOP_SECONDS = 8
POLL_SECONDS = 0.05
TAIL_LINES = 15
PORT_TAKEN = ("address already in use", "another program listens there")
"""What Go's programs say, and what ours say."""
PORTS = range(20000, 30000)
"""Below the ports that systems hand out to clients (32768 on Linux) and below NodePorts."""
WORKERS = 8
"""Each of so many pytest workers has ports of its own: none is faster than who was given one."""


class ComponentFailed(Exception):  # noqa: N818 - what happened, as subprocess.TimeoutExpired
    """A program ended or did not become ready; the text has the end of its log."""

    def __init__(self, name: str, what: str, tail: str) -> None:
        """Keep the log's end: it tells a taken port from other reasons."""
        self.port_taken = any(each in tail.lower() for each in PORT_TAKEN)
        super().__init__(f"{name} {what}; the end of its log:\n{tail}")


def free_ports(count: int) -> list[int]:
    """Give ports that nobody listens on at this moment; somebody may be faster than the user."""
    found: list[int] = []
    while len(found) < count:
        port = random.choice(own_ports())  # noqa: S311 - to keep apart, not to keep secret
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in found:
            found.append(port)
    return found


def own_ports(environ: Mapping[str, str] = os.environ) -> range:
    """Give the ports of this worker; all of them to who is none."""
    worker = environ.get("PYTEST_XDIST_WORKER", "").removeprefix("gw")
    return PORTS[int(worker) % WORKERS :: WORKERS] if worker else PORTS


class Component:
    """A program in a process group of its own, with its output in a log file."""

    def __init__(self, name: str, log: Path, environment: Mapping[str, str]) -> None:
        """Describe the program; nothing runs yet."""
        self.name = name
        self._log = log
        self._environment = dict(environment)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Give the process id, None unless it runs."""
        return self._process.pid if self.is_running() and self._process else None

    def is_running(self) -> bool:
        """Tell whether it was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def start(self, command: Sequence[str], guardian: Guardian) -> None:
        """Start it; what an earlier run wrote to the log stays."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self._log.parent,
                env=self._environment,
                start_new_session=True,
            )
        guardian.watch(self._process.pid)

    def wait_ready(self, is_ready: Callable[[], bool], seconds: float) -> None:
        """Ask until it is ready; raise ComponentFailed if it ends or the time is over."""
        deadline = time.monotonic() + seconds
        while not is_ready():
            if self._process is None or self._process.poll() is not None:
                raise ComponentFailed(self.name, "ended before it was ready", self.tail())
            if time.monotonic() > deadline:
                raise ComponentFailed(self.name, f"was not ready within {seconds} s", self.tail())
            time.sleep(POLL_SECONDS)

    def stop(self, guardian: Guardian) -> None:
        """End it: politely, then by force."""
        if self._process is None:
            return
        _signal(self._process, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(STOP_SECONDS)
        self.kill(guardian)

    def signal(self, number: int) -> None:
        """Send a signal to its process group, if it runs."""
        if self._process is not None:
            _signal(self._process, number)

    def kill(self, guardian: Guardian) -> None:
        """End it at once, as a crash would."""
        if self._process is None:
            return
        _signal(self._process, signal.SIGKILL)
        self._process.wait()
        guardian.forget(self._process.pid)
        self._process = None

    def tail(self) -> str:
        """Give the last lines of the log."""
        if not self._log.exists():
            return "(no log)"
        text = self._log.read_text(encoding="utf-8", errors="replace")
        return "\n".join(text.splitlines()[-TAIL_LINES:])


def _signal(process: subprocess.Popen[bytes], number: int) -> None:
    """Signal a group whose leader has not been waited for, so that its number is still its own."""
    if process.poll() is None:
        os.killpg(process.pid, number)
