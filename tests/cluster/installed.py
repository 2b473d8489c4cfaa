"""gpuclass as `kubectl apply -k deploy/base` and `-k policies` install it, with real processes.

Controllers and server run beside the control plane, each with the rights of its ServiceAccount in
deploy/base and no others; the server listens at the address of its Service. What differs from
production: the Service's address and port (so that no root is needed), and how long things take.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Self

import yaml

from tests.cluster.access import clean_environment
from tests.cluster.api import ApiError, Json
from tests.cluster.balancer import Balancer
from tests.cluster.controlplane import ControlPlane
from tests.cluster.kubelet import SecretMount
from tests.cluster.probing import is_ready
from tests.cluster.process import free_ports
from tests.cluster.shipped import BASE, apply_policies, await_kinds
from tests.cluster.supervisor import Launch, Supervisor
from tests.cluster.waiting import eventually
from tests.cluster.webhook import PROBE, exposition, scrape
from tests.docs.log_page import unlisted
from webhook.control import secrets
from webhook.core import registration
from webhook.process.settings import Address

SYSTEM = registration.NAMESPACE
SERVICE_NUMBER = 11
SERVER, CONTROLLER = "gpuclass", "gpuclass-controller"
"""The ServiceAccounts."""

KINDS = tuple(kind.lower() for kind in registration.ENTRIES)


class Installed:
    """CRDs, documents, one controller or more, and the server."""

    def __init__(
        self,
        control_plane: ControlPlane,
        controller_flags: Iterable[str] = (),
        service_number: int = SERVICE_NUMBER,
        servers: int = 1,
    ) -> None:
        """Describe it; nothing runs before `start`. Several servers share the Service's address."""
        self.control_plane = control_plane
        self.seconds = 0.0
        self._flags = tuple(controller_flags)
        self._servers = [SERVER, *(f"{SERVER}-{number}" for number in range(2, servers + 1))]
        self._supervisor = Supervisor("gpuclass-installed-", clean_environment())
        self._address = control_plane.service_address(service_number)
        self._open = ExitStack()
        self._ports: dict[str, int] = {}

    def __enter__(self) -> Self:
        """Start it."""
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the processes; what is in the API server stays."""
        self.stop()

    @property
    def server_address(self) -> Address:
        """Give where the server listens: the address of its Service."""
        return Address(host=self._address, port=registration.SERVE_PORT)

    def start(self) -> None:
        """Install it as the README says; `seconds` is from the first command to the first pod."""
        began = time.monotonic()
        self.apply()
        self.start_controller(CONTROLLER)
        self.start_servers()
        eventually(self.is_governed, "a GPU pod to get its class")
        self.seconds = time.monotonic() - began
        eventually(self.is_registered, "both webhook configurations")

    def apply(self) -> None:
        """Apply deploy/base by an overlay that sets the Service's address, and the policies."""
        self.control_plane.kubectl("apply", "--server-side", "-k", str(self.overlay()))
        await_kinds(self.control_plane)
        apply_policies(self.control_plane)

    def overlay(self) -> Path:
        """Give the overlay."""
        folder = self._supervisor.folder / "overlay"
        folder.mkdir(exist_ok=True)
        patch: list[Json] = [
            {"op": "add", "path": "/spec/clusterIP", "value": self._address},
            {"op": "replace", "path": "/spec/ports/0/port", "value": registration.SERVE_PORT},
        ]
        document = {
            "resources": [os.path.relpath(BASE, folder.resolve())],
            "patches": [{"target": {"kind": "Service"}, "patch": json.dumps(patch)}],
        }
        (folder / "kustomization.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
        return folder

    def start_controller(self, name: str, *flags: str) -> None:
        """Start a replica of the controller; the first one by the name of its Deployment."""

        def command(ports: list[int]) -> list[str]:
            return [
                *gpuclass("controller"),
                f"--kubeconfig={self._kubeconfig(CONTROLLER)}",
                f"--service-port={registration.SERVE_PORT}",
                f"--server={self.server_address}",
                f"--metrics-bind=127.0.0.1:{ports[0]}",
                *self._flags,
                *flags,
            ]

        self._ports[name] = self._supervisor.start(
            Launch(name=name, ports=1, command=command, is_ready=is_ready)
        )

    def start_servers(self) -> None:
        """Start the servers once their Secret is there, as kubelets do."""
        folder = self._supervisor.folder / "certs"
        mount = SecretMount(self.control_plane.api, SYSTEM, secrets.LEAF, folder)
        self._open.enter_context(mount)
        eventually(mount.is_mounted, f"the Secret {secrets.LEAF}")

        if len(self._servers) == 1:
            self._start_server(SERVER, folder, self.server_address)
            return
        backends = [Address(host="127.0.0.1", port=port) for port in free_ports(len(self._servers))]
        for name, address in zip(self._servers, backends, strict=True):
            self._start_server(name, folder, address)
        self._open.enter_context(Balancer(self.server_address, backends))

    def _start_server(self, name: str, certs: Path, address: Address) -> None:
        def command(ports: list[int]) -> list[str]:
            return [
                *gpuclass("serve"),
                f"--kubeconfig={self._kubeconfig(SERVER)}",
                f"--certs={certs}",
                f"--bind={address}",
                f"--metrics-bind=127.0.0.1:{ports[0]}",
                "--poll-seconds=0.2",
            ]

        self._ports[name] = self._supervisor.start(
            Launch(name=name, ports=1, command=command, is_ready=is_ready)
        )

    def stop(self) -> None:
        """End every process; what they wrote is in docs/logs.md."""
        written = self._supervisor.written()
        self._supervisor.stop()
        self._open.close()
        assert [*unlisted(written)] == []

    def end(self, name: str) -> None:
        """End a process politely (SIGTERM), as a rollout does."""
        self._supervisor.end(name)

    def kill(self, name: str) -> None:
        """End a process as a crash would."""
        self._supervisor.kill(name)

    def restart(self, name: str) -> None:
        """Kill a process and start it again on its ports."""
        self._supervisor.restart(name)

    @contextmanager
    def silent(self, name: str) -> Iterator[None]:
        """Let a process stand still for a while: it neither answers nor ends."""
        self._supervisor.signal(name, signal.SIGSTOP)
        try:
            yield
        finally:
            self._supervisor.signal(name, signal.SIGCONT)

    def log(self, name: str) -> str:
        """Give the end of a process's log."""
        return self._supervisor.log(name)

    def metrics(self, name: str) -> dict[str, float]:
        """Give every sample of a process's /metrics."""
        return scrape(self._ports[name])

    def metrics_port(self, name: str) -> int:
        """Give the port of a process's /metrics."""
        return self._ports[name]

    def exposition(self, name: str) -> str:
        """Give a process's /metrics as it is."""
        return exposition(self._ports[name])

    def configurations(self) -> dict[str, Json]:
        """Give the webhook configurations that there are, by kind."""
        answer = self.control_plane.kubectl(
            "get", ",".join(KINDS), "--show-managed-fields", "-o", "json"
        ).stdout
        return {each["kind"]: each for each in json.loads(answer)["items"]}

    def is_registered(self) -> bool:
        """Tell whether both webhook configurations are there."""
        return set(self.configurations()) == set(registration.ENTRIES)

    def is_governed(self) -> bool:
        """Tell whether a GPU pod gets its class from the server."""
        return "gpuclass.io/class" in self.probe().get("labels", {})

    def probe(self) -> Json:
        """Give the metadata that a GPU pod would get; nothing where it is refused."""
        path = "/api/v1/namespaces/default/pods?dryRun=All"
        try:
            made: Json = self.control_plane.api.request("POST", path, PROBE)["metadata"]
        except ApiError:
            return {}
        return made

    def _kubeconfig(self, account: str) -> Path:
        """Give the kubeconfig of a ServiceAccount: the names that its token would prove."""
        return self.control_plane.kubeconfig_for(
            f"system:serviceaccount:{SYSTEM}:{account}",
            ("system:serviceaccounts", f"system:serviceaccounts:{SYSTEM}", "system:authenticated"),
        )


def gpuclass(command: str) -> tuple[str, str]:
    """Give the installed command with a sub-command."""
    return str(Path(sys.executable).with_name("gpuclass")), command
