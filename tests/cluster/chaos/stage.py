"""Where rows are played: the installation as it is shipped, three replicas, and what lies between.

`balancer` stands at the Service's address, `relay` between our programs and the API server.
"""

import base64
import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.cluster.api import MERGE_PATCH, Json
from tests.cluster.balancer import Balancer
from tests.cluster.chaos.fleet import Fleet, Make, Replica
from tests.cluster.controlplane import ControlPlane
from tests.cluster.installed import CONTROLLER, SERVER, SYSTEM, Installed, gpuclass
from tests.cluster.kubelet import SecretMount
from tests.cluster.probing import is_ready
from tests.cluster.process import free_ports
from tests.cluster.waiting import eventually
from webhook.control import secrets
from webhook.process.settings import Address

REPLICAS = 3
NAMESPACE = "chaos"
PODS = f"/api/v1/namespaces/{NAMESPACE}/pods"
PATIENCE_SECONDS = 600
SECRET = f"/api/v1/namespaces/{SYSTEM}/secrets/{secrets.LEAF}"
AS_SHIPPED = Make()


class Stage(Installed):
    """An installation whose replicas come and go, and whose network can fail."""

    def __init__(self, control_plane: ControlPlane, controller_flags: Iterable[str] = ()) -> None:
        """Describe it; nothing runs before it is entered."""
        super().__init__(control_plane, controller_flags)
        port = free_ports(1)[0]
        api = Address(host="127.0.0.1", port=int(control_plane.server.rpartition(":")[2]))
        self.api_address = api
        self.relay = Balancer(Address(host="127.0.0.1", port=port), [api])
        self.balancer = Balancer(self.server_address)
        self.fleet = Fleet(self._supervisor, self.balancer, self._serve)
        self.certs = self._supervisor.folder / "certs"
        self.mount = SecretMount(control_plane.api, SYSTEM, secrets.LEAF, self.certs)

    def start(self) -> None:
        """Install it as the README says, and make the namespace of the load."""
        self._open.enter_context(self.relay)
        self._kubeconfig(SERVER)
        super().start()
        body: Json = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
        self.control_plane.api.request("POST", "/api/v1/namespaces", body)
        account = f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts/default"
        eventually(lambda: self.control_plane.api.is_ready(account), "pods to be let in")

    def start_servers(self) -> None:
        """Start the replicas once their Secret is there, as kubelets do."""
        self._open.enter_context(self.mount)
        eventually(self.mount.is_mounted, f"the Secret {secrets.LEAF}")
        self._open.enter_context(self.balancer)
        self._open.enter_context(self.fleet)
        self.fleet.fill(AS_SHIPPED, REPLICAS)

    def roll(self, make: Make = AS_SHIPPED) -> int:
        """Replace every replica, one after the other, as the Deployment does; say how many."""
        replaced = [*self.fleet.replicas]
        with ThreadPoolExecutor() as pool:
            leaving = []
            for each in replaced:
                self.fleet.add(make)
                leaving.append(pool.submit(self.fleet.retire, each))
            for ending in leaving:
                ending.result()
        return len(replaced)

    def settle(self, make: Make = AS_SHIPPED) -> None:
        """Have as many replicas as at the beginning, all made so and ready; not under load."""
        self.revive()
        self.fleet.bury(make)
        self.fleet.former.clear()
        self.fleet.fill(make, REPLICAS)
        self.of_each(lambda each: is_ready(each.probes), "to be ready")
        eventually(self.is_governed, "a GPU pod to get its class")

    def revive(self) -> None:
        """Start the controller again if it has ended, as it does when it loses its lease."""
        if CONTROLLER not in self._supervisor.pids:
            self.start_controller(CONTROLLER)

    def of_each(self, holds: Callable[[Replica], object], what: str) -> None:
        """Wait until something holds of every replica."""
        for each in self.fleet.replicas:
            eventually(lambda each=each: holds(each), f"{what} ({each.name})")  # type: ignore[misc]

    def secret(self) -> dict[str, bytes]:
        """Give the Secret of the leaf."""
        data = self.control_plane.api.request("GET", SECRET)["data"]
        return {name: base64.b64decode(value) for name, value in data.items()}

    def set_secret(self, files: Mapping[str, bytes]) -> None:
        """Write the Secret of the leaf; what is not named is taken out of it."""
        names = self.control_plane.api.request("GET", SECRET)["data"]
        data = dict.fromkeys(names) | {
            name: base64.b64encode(content).decode() for name, content in files.items()
        }
        self.control_plane.api.request("PATCH", SECRET, {"data": data}, MERGE_PATCH)

    def folder(self, name: str) -> Path:
        """Give a folder that is gone with the stage."""
        found = self._supervisor.folder / name
        found.mkdir(exist_ok=True)
        return found

    def pods(self) -> list[Json]:
        """Give all pods of the load that were kept."""
        found: list[Json] = self.control_plane.api.request("GET", PODS)["items"]
        return found

    def clear(self) -> None:
        """Delete them; a thousand may take a busy API server longer than a request may."""
        eventually(self._is_cleared, "the pods of the load to go", PATIENCE_SECONDS)

    def _is_cleared(self) -> bool:
        try:
            self.control_plane.api.request("DELETE", f"{PODS}?gracePeriodSeconds=0")
            return not self.pods()
        except OSError:
            return False

    @contextlib.contextmanager
    def without_controller(self) -> Iterator[None]:
        """Have nobody who mends things for as long as the block runs."""
        self.kill(CONTROLLER)
        try:
            yield
        finally:
            self.start_controller(CONTROLLER)

    def _serve(self, make: Make, address: Address, probes: int) -> list[str]:
        """Give a replica's command line."""
        return [
            *make.before,
            *(make.program or gpuclass("serve")),
            f"--certs={self.certs}",
            f"--bind={address}",
            f"--metrics-bind=127.0.0.1:{probes}",
            "--poll-seconds=0.2",
            *(make.flags or (f"--kubeconfig={self._kubeconfig(SERVER)}",)),
        ]

    def _kubeconfig(self, account: str) -> Path:
        """Give the kubeconfig of a ServiceAccount that goes through the relay."""
        plain = super()._kubeconfig(account)
        relayed = self._supervisor.folder / f"{account}.kubeconfig"
        if not relayed.exists():
            text = plain.read_text(encoding="utf-8")
            url = f"https://{self.relay.address}"
            relayed.touch(mode=0o600)
            relayed.write_text(text.replace(self.control_plane.server, url), encoding="utf-8")
        return relayed
