"""Several programs that need each other: started in order, ended in the reverse order.

It owns their private folder and knows nothing of Kubernetes.
"""

import atexit
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.guardian import Guardian
from tests.cluster.process import Component, ComponentFailed, free_ports

READY_SECONDS = 180


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """How to start a program: its command line and its readiness, both by the ports it gets."""

    name: str
    ports: int
    command: Callable[[list[int]], list[str]]
    is_ready: Callable[[int], bool]


class Supervisor:
    """The programs and their folder (0700), which is gone after `stop`."""

    def __init__(self, prefix: str, environment: Mapping[str, str]) -> None:
        """Make the folder; if this program ends without `stop`, all is cleaned up even so."""
        self.folder = Path(tempfile.mkdtemp(prefix=prefix))
        self._environment = {**environment, "HOME": str(self.folder)}
        self._guardian = Guardian(self.folder)
        self._components: dict[str, Component] = {}
        self._launched: dict[str, tuple[Launch, list[int]]] = {}
        atexit.register(self.stop)

    @property
    def pids(self) -> dict[str, int]:
        """Give the process id of each program that runs."""
        return {name: each.pid for name, each in [*self._components.items()] if each.pid}

    def log(self, name: str) -> str:
        """Give the end of a program's log."""
        return self._components[name].tail()

    def written(self) -> list[str]:
        """Give all that each program wrote; nothing once the folder is gone."""
        return [each.read_text(encoding="utf-8") for each in self.folder.glob("*.log")]

    def log_file(self, name: str) -> Path:
        """Give where a program's output goes; what ran under the name before has written there."""
        return self.folder / f"{name}.log"

    def start(self, launch: Launch) -> int:
        """Start a program and give its first port; once more on others if one was taken."""
        name = launch.name
        self._components[name] = Component(name, self.log_file(name), self._environment)
        try:
            return self._run(launch, free_ports(launch.ports))
        except ComponentFailed as failure:
            if not failure.port_taken:
                raise
            self._components[name].stop(self._guardian)
            return self._run(launch, free_ports(launch.ports))

    def kill(self, name: str) -> None:
        """End a program as a crash would."""
        self._components[name].kill(self._guardian)

    def end(self, name: str) -> None:
        """End a program politely, and wait until it has."""
        self._components[name].stop(self._guardian)

    def signal(self, name: str, number: int) -> None:
        """Send a signal to a program and to what it started."""
        self._components[name].signal(number)

    def restart(self, name: str) -> None:
        """Kill a program and start it as it was, on the same ports."""
        self.kill(name)
        self._run(*self._launched[name])

    def wait(self, name: str, condition: Callable[[], bool]) -> None:
        """Wait for something that a program is to bring about."""
        self._components[name].wait_ready(condition, READY_SECONDS)

    def stop(self) -> None:
        """End every program, the last one first, and remove the folder; again is harmless."""
        for component in reversed(self._components.values()):
            component.stop(self._guardian)
        self._guardian.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        atexit.unregister(self.stop)

    def _run(self, launch: Launch, ports: list[int]) -> int:
        """Start a program on these ports and wait until it is ready."""
        self._launched[launch.name] = (launch, ports)
        self._components[launch.name].start(launch.command(ports), self._guardian)
        self.wait(launch.name, lambda: launch.is_ready(ports[0]))
        return ports[0]
