"""gpuclass itself in front of a control plane: its real process, by the registration it renders.

The process is bound to the address of its Service, which lies inside 127.0.0.0/8, so the API
server reaches it as in production: by `clientConfig.service`, names in the certificate included.
"""

import base64
import http.client
import json
import re
import shutil
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from tests.cluster.access import clean_environment
from tests.cluster.api import ApiError, Json
from tests.cluster.controlplane import ControlPlane
from tests.cluster.probing import is_ready
from tests.cluster.shipped import POLICIES
from tests.cluster.supervisor import Launch, Supervisor
from tests.cluster.waiting import eventually
from tests.docs.log_page import unlisted
from webhook.cli import certs
from webhook.control.certificates import make_ca, make_leaf
from webhook.core import registration
from webhook.watch import policies as policy_folder

SERVICE_NUMBER = 10
NAME = "gpuclass"

PROBE: Json = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"generateName": "probe-"},
    "spec": {
        "containers": [
            {"name": "c", "image": "x", "resources": {"limits": {"nvidia.com/gpu": "1"}}}
        ]
    },
}


class Webhook:
    """`gpuclass serve` with policies of its own folder, which a test may edit."""

    GOVERNED = "default"
    """A namespace whose pods are sent to it."""

    def __init__(
        self,
        control_plane: ControlPlane,
        policies: Path = POLICIES,
        service_number: int = SERVICE_NUMBER,
    ) -> None:
        """Describe it; nothing runs before `start`. Two at a time need two numbers."""
        self._control_plane = control_plane
        self._supervisor = Supervisor("gpuclass-webhook-", clean_environment())
        folder = self._supervisor.folder
        self.policies, self._certs = folder / "policies", folder / "certs"
        shutil.copytree(policies, self.policies)
        self._address = control_plane.service_address(service_number)
        self._service = registration.Service(port=registration.SERVE_PORT)

    def __enter__(self) -> Self:
        """Start it."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop it; what it wrote is in docs/logs.md."""
        written = self._supervisor.written()
        self._supervisor.stop()
        assert [*unlisted(written)] == []

    def start(self) -> None:
        """Start the process, register it, and wait until the API server sends it pods."""
        self._make_certificates()
        self._supervisor.start(Launch(name=NAME, ports=1, command=self._command, is_ready=is_ready))
        apply = self._control_plane.kubectl
        apply("apply", "--filename", str(self.policies / "priorityclasses.yaml"))
        for each in (self._namespace(), cluster_ip(self._service, self._address)):
            apply("apply", "--filename", "-", input=json.dumps(each))
        self.register()

    def register(self) -> None:
        """Apply the configurations that the policies call for, and wait for their effect."""
        self.configure()
        eventually(self._is_sent_pods, "a GPU pod to be sent to the webhook")

    def configure(self, *besides: str) -> None:
        """Apply the configurations that the policies call for, `besides` being left out too."""
        for each in self.configurations(*besides):
            self._control_plane.kubectl(
                "apply", "--server-side", "--filename", "-", input=json.dumps(each)
            )

    def configurations(self, *besides: str) -> tuple[Json, ...]:
        """Give the configurations that the policies call for, `besides` being left out too."""
        bundle = base64.b64encode((self._certs / "ca.crt").read_bytes()).decode()
        policy = policy_folder.load(self.policies)
        exempt = replace(policy.exempt, namespaces=policy.exempt.namespaces | {*besides})
        policy = replace(policy, exempt=exempt)
        return registration.render(policy, ca_bundle=bundle, service=self._service)

    def kill(self) -> None:
        """End the process as a crash would; it stays registered."""
        self._supervisor.kill(NAME)

    def restart(self) -> None:
        """Start the process again on its ports."""
        self._supervisor.restart(NAME)

    def metrics(self) -> dict[str, float]:
        """Give every sample of /metrics by its name with labels."""
        return scrape(self._metrics_port)

    def exposition(self) -> str:
        """Give /metrics as it is."""
        return exposition(self._metrics_port)

    def log(self) -> str:
        """Give the end of its log."""
        return self._supervisor.log(NAME)

    def _command(self, ports: list[int]) -> list[str]:
        (self._metrics_port,) = ports
        return [
            *(str(Path(sys.executable).with_name("gpuclass")), "serve"),
            *("--policies", str(self.policies), "--certs", str(self._certs)),
            *("--bind", f"{self._address}:{registration.SERVE_PORT}"),
            *("--metrics-bind", f"127.0.0.1:{self._metrics_port}"),
        ]

    def _make_certificates(self) -> None:
        now = datetime.now(UTC)
        ca = make_ca(now)
        certs.write(self._certs, ca, make_leaf(ca, certs.HOSTS, now))

    def _namespace(self) -> Json:
        metadata = {"name": self._service.namespace}
        return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}

    def _is_sent_pods(self) -> bool:
        path = f"/api/v1/namespaces/{self.GOVERNED}/pods?dryRun=All"
        try:
            made = self._control_plane.api.request("POST", path, PROBE)
        except ApiError:
            return False
        return "gpuclass.io/class" in made["metadata"].get("labels", {})


class Watching(Webhook):
    """`gpuclass serve` that takes its documents from the API server."""

    def _command(self, ports: list[int]) -> list[str]:
        command = super()._command(ports)
        place = command.index("--policies")
        kubeconfig = str(self._control_plane.kubeconfig)
        return [*command[:place], "--kubeconfig", kubeconfig, *command[place + 2 :]]


def cluster_ip(service: registration.Service, address: str) -> Json:
    """Give the Service by which a process at an address is reached."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": service.name, "namespace": service.namespace},
        "spec": {"clusterIP": address, "ports": [{"port": service.port}]},
    }


def exposition(port: int) -> str:
    """Give the /metrics of a process as they are."""
    return _get(port, "/metrics")


def scrape(port: int) -> dict[str, float]:
    """Give every sample of the /metrics of a process by its name with labels."""
    return samples(exposition(port))


def samples(text: str) -> dict[str, float]:
    """Read Prometheus' text format: every sample by its name with labels."""
    return {match[1]: float(match[2]) for match in re.finditer(r"(?m)^([^#\s]\S*) (\S+)$", text)}


def _get(port: int, path: str) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", path)
        return connection.getresponse().read().decode()
    finally:
        connection.close()
