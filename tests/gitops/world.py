"""A cluster that Argo CD fills from Git: control plane, kubelets' stand-in, Argo CD, and us.

What a kubelet would start for the Deployments of deploy/base is started here, with the rights of
their ServiceAccounts: the controller once that is there, the server once its Secret is.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.api import ApiError, Json
from tests.cluster.binaries import Binaries
from tests.cluster.controlplane import ControlPlane
from tests.cluster.governed.manifests import pod
from tests.cluster.installed import CONTROLLER, Installed
from tests.cluster.simulation import POOLS, PodRunner, create_pool
from tests.gitops.argocd import ArgoCD, health
from tests.gitops.programs import Programs
from tests.gitops.repository import BRANCH, Repository
from tests.gitops.waiting import eventually
from webhook.core import registration

ROOT = Path(__file__).parents[2]
SERVICE = f"/api/v1/namespaces/{registration.NAMESPACE}/services/{registration.Service().name}"
GROUP = "/apis/gpuclass.io/v1alpha1"
CLASSES = f"{GROUP}/gpuclasses"
DRY_RUN = "/api/v1/namespaces/default/pods?dryRun=All"


class Synced(Installed):
    """gpuclass as Argo CD installs it: nothing is applied, and its Service has any address."""

    def start(self) -> None:
        """Start it as its parts arrive, and wait until documents and registration are there."""
        self.apply()
        self.start_controller(CONTROLLER)
        self.start_servers()
        eventually(self.is_governed, "a GPU pod to get its class")
        eventually(self.is_registered, "both webhook configurations")

    def apply(self) -> None:
        """Wait until Argo CD has brought the Service and the rights."""
        found = eventually(self._service, "the Service from Git")
        assert found is not None
        self._address = found["spec"]["clusterIP"]
        account = f"/api/v1/namespaces/{registration.NAMESPACE}/serviceaccounts/{CONTROLLER}"
        eventually(lambda: self.control_plane.api.is_ready(account), "the controller's account")

    def _service(self) -> Json | None:
        try:
            return self.control_plane.api.request("GET", SERVICE)
        except ApiError:
            return None


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """All of it."""

    plane: ControlPlane
    argo: ArgoCD
    repository: Repository
    ours: Synced

    def pod(self, gpu_class: str) -> Json:
        """Give a GPU pod of a class as the API server would keep it; raise ApiError if refused."""
        made = pod("p-", gpu_class)
        return self.plane.api.request("POST", DRY_RUN, made)

    def spec(self, gpu_class: str) -> Json:
        """Give the spec of a GPUClass as it is in the cluster."""
        found: Json = self.plane.api.request("GET", f"{CLASSES}/{gpu_class}")["spec"]
        return found

    def push(self, message: str, *applications: str) -> str:
        """Commit what was changed, tell Argo CD, and give the revision."""
        revision = self.repository.push(message)
        self.argo.refresh(*applications)
        return revision

    def is_well(self, name: str) -> bool:
        """Tell whether Argo CD finds nothing to do and nothing to wait for in an Application."""
        status = self.argo.application(name).get("status", {})
        return (status.get("sync", {}).get("status"), health(status)) == ("Synced", "Healthy")

    def pods(self, namespace: str) -> list[Json]:
        """Give the pods of a namespace."""
        found: list[Json] = self.plane.api.request("GET", f"/api/v1/namespaces/{namespace}/pods")[
            "items"
        ]
        return found

    def get(self, path: str) -> Json | None:
        """Give an object; None where there is none."""
        try:
            return self.plane.api.request("GET", path)
        except ApiError as error:
            if error.status != 404:
                raise
            return None


def root(url: str, path: str = "deploy/argocd") -> str:
    """Give deploy/bootstrap/root.yaml as the script `argocd` fills it in."""
    text = (ROOT / "deploy" / "bootstrap" / "root.yaml").read_text(encoding="utf-8")
    for name, value in (("REPO_URL", url), ("REVISION", BRANCH), ("REPO_PATH", path)):
        text = text.replace(f'"{name}"', f'"{value}"')
    return text


@contextmanager
def filled(
    binaries: Binaries, programs: Programs, folder: Path, git: Repository, manifest: str
) -> Iterator[World]:
    """Run a cluster that a root Application fills, without anything done by hand."""
    with ControlPlane(binaries) as plane, PodRunner(plane.api):
        for pool in POOLS:
            create_pool(plane.api, pool)
        with ArgoCD(plane, programs, folder) as argo:
            plane.kubectl("apply", "--server-side", "--filename", "-", input=manifest)
            with Synced(plane) as ours:
                made = World(plane=plane, argo=argo, repository=git, ours=ours)
                eventually(lambda: made.is_well("root"), "everything to be Synced and Healthy")
                yield made
