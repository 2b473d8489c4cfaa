"""Where it is measured: one control plane, both webhooks, the native policy, a namespace an arm.

The API server and etcd have one core. The webhooks share the other with the load, as they would not
take the API server's in a cluster either. Scheduler and controllers have ended before anything is
measured.
"""

import base64
import json
import ssl
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial

from benchmarks import servers
from benchmarks.apiserver import arms, native
from benchmarks.apiserver.situations import GO, GPUCLASS, NATIVE, TWICE
from benchmarks.programs import Programs
from benchmarks.servers import Cores, pinned
from tests.cluster.access import clean_environment
from tests.cluster.api import ApiError, Json
from tests.cluster.binaries import Binaries
from tests.cluster.components import APISERVER, CONTROLLER_MANAGER, SCHEDULER, Admission
from tests.cluster.controlplane import ControlPlane
from tests.cluster.supervisor import Launch, Supervisor
from tests.cluster.waiting import eventually
from tests.cluster.webhook import NAME, PROBE, Webhook, cluster_ip
from webhook.core.names import CLASS_LABEL
from webhook.watch import policies

GO_SERVICE_NUMBER = 11
UNLOGGED = Admission(flags=("--audit-log-path=",))
"""No audit log: what it writes of a patch would be measured as the webhook's."""

PRIORITY_CLASS: Json = {
    "apiVersion": "scheduling.k8s.io/v1",
    "kind": "PriorityClass",
    "metadata": {"name": "batch-low"},
    "value": 10,
}
"""That an author of the samples names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """The running programs: the API server's process, and by arm that of its webhook."""

    control_plane: ControlPlane
    webhook: Webhook
    apiserver: int
    etcd: int
    webhooks: Mapping[str, int]


class Governed(Webhook):
    """gpuclass for two namespaces: as it is registered, and with both calls for every GPU pod."""

    GOVERNED = arms.NAMESPACES[GPUCLASS]

    def configurations(self, *besides: str) -> tuple[Json, ...]:
        """Give both pairs."""
        rendered = super().configurations(*besides)
        once, twice = arms.confined(rendered, GPUCLASS), arms.confined(rendered, TWICE)
        return (*once, *arms.unskipped(twice))

    @property
    def pid(self) -> int:
        """Give the root of its processes."""
        return self._supervisor.pids[NAME]


@contextmanager
def running(binaries: Binaries, built: Programs, cores: Cores) -> Iterator[Stage]:
    """Start everything, register it, and see that each arm's pods get there."""
    with ExitStack() as stack:
        with pinned(cores.server):
            plane = stack.enter_context(ControlPlane(binaries, admission=UNLOGGED))
        _prepare(plane)
        with pinned(cores.load):
            ours = stack.enter_context(Governed(plane))
            go = Go(plane, built)
            stack.callback(go.stop)
            go.start()
        _register_native(plane)
        for arm in (TWICE, GO, NATIVE):
            eventually(partial(_is_governed, plane, arm), f"a GPU pod of {arm} to get its class")
        for name in (SCHEDULER, CONTROLLER_MANAGER):
            plane.end(name)
        yield Stage(
            control_plane=plane,
            webhook=ours,
            apiserver=plane.pids[APISERVER],
            etcd=plane.pids["etcd"],
            webhooks={GPUCLASS: ours.pid, TWICE: ours.pid, GO: go.pid},
        )


def _prepare(plane: ControlPlane) -> None:
    """Make the namespaces, and wait until pods can be created in them."""
    api = plane.api
    api.request("POST", "/apis/scheduling.k8s.io/v1/priorityclasses", PRIORITY_CLASS)
    for name in arms.NAMESPACES.values():
        body: Json = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        api.request("POST", "/api/v1/namespaces", body)
    for name in arms.NAMESPACES.values():
        account = f"/api/v1/namespaces/{name}/serviceaccounts/default"
        eventually(partial(api.is_ready, account), f"a ServiceAccount in {name}")


def _register_native(plane: ControlPlane) -> None:
    found = policies.load(servers.POLICIES)
    for each in native.policy_of(found, arms.selector(NATIVE)):
        plane.kubectl("apply", "--server-side", "--filename", "-", input=json.dumps(each))


def _is_governed(plane: ControlPlane, arm: str) -> bool:
    path = f"/api/v1/namespaces/{arms.NAMESPACES[arm]}/pods?dryRun=All"
    try:
        made = plane.api.request("POST", path, PROBE)
    except ApiError:
        return False
    return CLASS_LABEL in made["metadata"].get("labels", {})


class Go:
    """The Go webhook at the address of its Service."""

    def __init__(self, plane: ControlPlane, built: Programs) -> None:
        """Describe it; nothing runs before `start`."""
        self._plane, self._built = plane, built
        self._supervisor = Supervisor("gpuclass-bench-", clean_environment())
        self._address = plane.service_address(GO_SERVICE_NUMBER)

    @property
    def pid(self) -> int:
        """Give its process."""
        return self._supervisor.pids[GO]

    def start(self) -> None:
        """Start the process and register it."""
        folder = self._supervisor.folder
        servers.write_inputs(folder, arms.go_service().hosts)
        launch = Launch(name=GO, ports=1, command=self._command, is_ready=self._answers)
        service = arms.go_service(self._supervisor.start(launch))
        bundle = base64.b64encode((folder / "ca.crt").read_bytes()).decode()
        registered = arms.go_configuration(service, bundle)
        for each in (cluster_ip(service, self._address), registered):
            self._plane.kubectl("apply", "--filename", "-", input=json.dumps(each))

    def stop(self) -> None:
        """End it."""
        self._supervisor.stop()

    def _command(self, ports: list[int]) -> list[str]:
        folder = self._supervisor.folder
        command = [str(self._built.server), "-bind", f"{self._address}:{ports[0]}"]
        command += ["-cert", str(folder / "tls.crt"), "-key", str(folder / "tls.key")]
        return [*command, "-policy", str(folder / "policy.json")]

    def _answers(self, port: int) -> bool:
        try:
            ssl.get_server_certificate((self._address, port))
        except OSError:
            return False
        return True
