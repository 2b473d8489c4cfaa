"""A whole control plane as a context manager: started, asked, and ended without a trace.

The lifecycle is here; how one asks it is in `access`, command lines are in `components`.
"""

import socket
import subprocess
from collections.abc import Iterable
from ipaddress import IPv4Network
from pathlib import Path
from typing import Self

from kubernetes import client as official

from tests.cluster import audit, components
from tests.cluster.access import Access, clean_environment
from tests.cluster.api import Api, Json
from tests.cluster.binaries import Binaries
from tests.cluster.components import (
    ADMIN,
    ADMIN_GROUPS,
    APISERVER,
    CONTROLLER_MANAGER,
    SCHEDULER,
    Admission,
    Site,
    make_credentials,
)
from tests.cluster.pki import KeyPair
from tests.cluster.supervisor import Supervisor

SERVICES = tuple(IPv4Network(f"127.{octet}.0.0/16") for octet in range(64, 128))
"""Inside 127.0.0.0/8: whoever binds a Service's address is reached by it without kube-proxy.

A network for each control plane: two that run at once must not share a Service's address.
"""
RESERVATION_PORT = 47_808
"""Bound at the last address of a network for as long as a control plane has it."""

DEFAULT_ACCOUNT = "/api/v1/namespaces/default/serviceaccounts/default"


class ControlPlane:
    """etcd, kube-apiserver, kube-controller-manager and kube-scheduler on free loopback ports.

    Everything is in a folder of its own (0700) that is gone afterwards. If this program ends
    without `stop`, even by SIGKILL, the processes and the folder go too.
    """

    def __init__(self, binaries: Binaries, *, admission: Admission | None = None) -> None:
        """Describe a control plane; nothing runs before `start`."""
        self._binaries = binaries
        self._admission = admission or Admission()
        self._services, self._reservation = _reserve()
        self._supervisor: Supervisor | None = None
        self._access: Access | None = None
        self._scheduler_port = 0

    def __enter__(self) -> Self:
        """Start it."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop it."""
        self.stop()

    def start(self) -> None:
        """Start everything and wait until pods can be created; ComponentFailed says why not."""
        self._supervisor = Supervisor("gpuclass-cluster-", clean_environment())
        try:
            self._start_all(self._supervisor)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop everything, the API server before etcd; a second call does nothing."""
        access, self._access = self._access, None
        supervisor, self._supervisor = self._supervisor, None
        if access:
            access.close()
        if supervisor:
            supervisor.stop()
        self._reservation.close()

    def restart_apiserver(self) -> None:
        """Kill the API server and start it again on its port; the data stays.

        A polite end takes it ten seconds while watches are open.
        """
        self._running.restart(APISERVER)

    def end(self, name: str) -> None:
        """End a program for good, such as a scheduler that is to leave pods alone."""
        self._running.end(name)

    @property
    def pids(self) -> dict[str, int]:
        """Give the process id of each program that runs."""
        return self._supervisor.pids if self._supervisor else {}

    @property
    def server(self) -> str:
        """Give the API server's URL."""
        return self._open.server

    @property
    def authority(self) -> Path:
        """Give the CA certificate that signs the API server's certificate."""
        return self._open.authority

    @property
    def server_pair(self) -> KeyPair:
        """Give the API server's certificate and key, for who pretends to be it."""
        return self._open.server_pair

    @property
    def admin_pair(self) -> KeyPair:
        """Give the administrator's certificate and key, for clients that are not ours."""
        return self._open.admin_pair

    @property
    def kubectl_path(self) -> Path:
        """Give the kubectl of the same version."""
        return self._binaries.kubectl

    @property
    def kubeconfig(self) -> Path:
        """Give the administrator's kubeconfig."""
        return self.kubeconfig_for(ADMIN, ADMIN_GROUPS)

    @property
    def api(self) -> Api:
        """Give plain requests as the administrator."""
        return self._open.api

    @property
    def scheduler_port(self) -> int:
        """Give where the scheduler answers to its administrator, /metrics among it (0: not yet)."""
        return self._scheduler_port

    def api_for(self, user: str, groups: Iterable[str] = ()) -> Api:
        """Give plain requests as a user in groups."""
        return self._open.api_for(user, groups)

    def kubeconfig_for(self, user: str, groups: Iterable[str] = ()) -> Path:
        """Give the kubeconfig of a user in groups, who proves it by a client certificate."""
        return self._open.kubeconfig_for(user, groups)

    def kubectl(
        self,
        *arguments: str,
        input: str | None = None,  # noqa: A002 - named as in subprocess.run
        check: bool = True,
        as_: Path | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run kubectl as the administrator, or with the kubeconfig `as_`.

        `input` goes to its standard input. Raises KubectlError if it fails and `check`.
        """
        return self._open.run_kubectl(arguments, as_ or self.kubeconfig, text=input, check=check)

    def client(self, user: str = ADMIN, groups: Iterable[str] = ADMIN_GROUPS) -> official.ApiClient:
        """Give the official client as a user; it is closed with the control plane."""
        return self._open.client_for(user, groups)

    def log(self, name: str) -> str:
        """Give the end of a program's log."""
        return self._running.log(name)

    def service_address(self, number: int) -> str:
        """Give an address for a Service's clusterIP; number 1 is the API server's own."""
        return str(self._services[number])

    def audit_events(self) -> list[Json]:
        """Give all requests that changed something, so far (see `audit` for what to ask of them).

        The event of a request may be written a moment after its answer.
        """
        return audit.read(self._open.audit_log)

    @property
    def _running(self) -> Supervisor:
        """Give the programs, which must have been started."""
        if self._supervisor is None:
            raise RuntimeError("the control plane is not started")
        return self._supervisor

    @property
    def _open(self) -> Access:
        """Give the way in, which must be there."""
        if self._access is None:
            raise RuntimeError("the control plane is not started")
        return self._access

    def _start_all(self, supervisor: Supervisor) -> None:
        """Start the programs in the order of who needs whom."""
        site = Site(
            folder=supervisor.folder,
            binaries=self._binaries,
            credentials=make_credentials(supervisor.folder, self._services),
            services=self._services,
            admission=self._admission,
        )
        etcd_port = supervisor.start(components.etcd(site))
        port = supervisor.start(components.apiserver(site, etcd_port))
        self._access = Access(site, port)
        manager = self.kubeconfig_for(f"system:{CONTROLLER_MANAGER}")
        supervisor.start(components.controller_manager(site, manager))
        scheduler = self.kubeconfig_for(f"system:{SCHEDULER}")
        self._scheduler_port = supervisor.start(components.scheduler(site, scheduler))
        supervisor.wait(CONTROLLER_MANAGER, lambda: self.api.is_ready(DEFAULT_ACCOUNT))


def _reserve() -> tuple[IPv4Network, socket.socket]:
    """Take a network that no other control plane on this machine has, until the socket closes."""
    for network in SERVICES:
        reservation = socket.socket()
        try:
            reservation.bind((str(network[-1]), RESERVATION_PORT))
        except OSError:
            reservation.close()
        else:
            return network, reservation
    raise RuntimeError(f"all {len(SERVICES)} networks for Services are taken")
