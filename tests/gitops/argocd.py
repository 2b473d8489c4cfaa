"""Argo CD's components as processes beside a control plane, configured as the bootstrap does it.

No user interface and no API server of its own: Applications are read and written in the cluster.
"""

import json
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Self

import yaml

from tests.cluster.access import clean_environment
from tests.cluster.api import MERGE_PATCH, Json
from tests.cluster.controlplane import ControlPlane
from tests.cluster.supervisor import Launch, Supervisor
from tests.gitops.programs import CRDS, Programs
from tests.gitops.waiting import eventually

ROOT = Path(__file__).parents[2]
NAMESPACE = "argocd"
APPLICATIONS = f"/apis/argoproj.io/v1alpha1/namespaces/{NAMESPACE}/applications"

REFRESH = "argocd.argoproj.io/refresh"
"""An annotation that is taken away once it was heeded."""

CONFIGURED = ("argocd-cm", "argocd-cmd-params-cm", "argocd-gpg-keys-cm", "argocd-notifications-cm",
              "argocd-rbac-cm", "argocd-ssh-known-hosts-cm", "argocd-tls-certs-cm")  # fmt: skip
"""ConfigMaps that its components want to see; the manifests of an installation have them too."""

COMPONENTS = ("argocd-repo-server", "argocd-application-controller", "argocd-notifications")
"""Names that the one program is started under."""


class ArgoCD:
    """Repo-server, application controller and notifications, with what they need."""

    def __init__(self, control_plane: ControlPlane, programs: Programs, folder: Path) -> None:
        """Describe it; nothing runs before `start`. `folder` is for what has to be on PATH."""
        self._control_plane = control_plane
        self._programs = programs
        self._tools = folder / "tools"
        self._supervisor = Supervisor("gpuclass-argocd-", self._environment(folder))

    def __enter__(self) -> Self:
        """Start it."""
        try:
            self.start()
        except BaseException:
            self._supervisor.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Stop it; what it synced stays."""
        self._supervisor.stop()

    def start(self) -> None:
        """Put its kinds and settings into the cluster and start the processes."""
        self._lay_tools()
        self._configure()
        redis = self._start("redis", 1, lambda ports: [self._tool("redis"), _local(ports[0])])
        repository = self._start("argocd-repo-server", 2, lambda ports: [
            *(self._tool("argocd-repo-server"), "--disable-tls", "--client-ca-path="),
            *("--address=127.0.0.1", f"--port={ports[0]}"),
            *("--metrics-address=127.0.0.1", f"--metrics-port={ports[1]}"),
            *(f"--redis={_local(redis)}", "--revision-cache-expiration=2s"),
        ])  # fmt: skip
        self._start("argocd-application-controller", 1, lambda ports: [
            *(self._tool("argocd-application-controller"), f"--namespace={NAMESPACE}"),
            *(f"--repo-server={_local(repository)}", "--repo-server-plaintext"),
            *(f"--redis={_local(redis)}", f"--metrics-port={ports[0]}"),
            # As often as it looks for what nobody tells it; two to three minutes by itself.
            *("--app-resync=5", "--app-resync-jitter=0"),
            # Else it is kept in Redis alone.
            "--persist-resource-health",
        ])  # fmt: skip

    def notify(self, url: str) -> None:
        """Start the notifications controller, with the address that the sample's Secret holds."""
        secret = {"gpuclass-url": url}
        self._apply({"kind": "Secret", "metadata": {"name": "argocd-notifications-secret"},
                     "stringData": secret})  # fmt: skip
        self._start("argocd-notifications", 1, lambda ports: [
            *(self._tool("argocd-notifications"), f"--namespace={NAMESPACE}"),
            *(f"--metrics-port={ports[0]}", "--argocd-repo-server-plaintext"),
        ])  # fmt: skip

    def log(self, name: str) -> str:
        """Give the end of a component's log."""
        return self._supervisor.log(name)

    def application(self, name: str) -> Json:
        """Give an Application as it is."""
        return self._control_plane.api.request("GET", f"{APPLICATIONS}/{name}")

    def names(self) -> list[str]:
        """Give the names of all Applications."""
        found = self._control_plane.api.request("GET", APPLICATIONS)["items"]
        return [each["metadata"]["name"] for each in found]

    def refresh(self, *names: str) -> None:
        """Have it look at Git now, as a webhook of the Git server would."""
        for name in names:
            self.patch(name, {"metadata": {"annotations": {REFRESH: "normal"}}})

    def look(self, name: str) -> None:
        """Have it look at Git and at the cluster, and wait until it has."""
        self.refresh(name)

        def has_looked() -> bool:
            return REFRESH not in self.application(name)["metadata"].get("annotations", {})

        eventually(has_looked, f"a look at {name}")

    def sync(self, name: str, revision: str) -> None:
        """Ask for a sync, as `argocd app sync` does."""
        policy = self.application(name)["spec"]["syncPolicy"]
        operation: Json = {
            "initiatedBy": {"username": "somebody"},
            "sync": {"revision": revision, "prune": True, "syncOptions": policy["syncOptions"]},
        }
        self.patch(name, {"operation": operation})

    @property
    def cli(self) -> Path:
        """Give the command `argocd`."""
        return self._tools / "argocd"

    def patch(self, name: str, patch: Json) -> None:
        """Change an Application by a merge patch."""
        self._control_plane.api.request("PATCH", f"{APPLICATIONS}/{name}", patch, MERGE_PATCH)

    def wait_synced(self, name: str, revision: str) -> Json:
        """Wait until a revision is what the cluster has, and give the Application."""

        def ask() -> Json | None:
            found = self.application(name)
            return found if is_synced(found, revision) else None

        found = eventually(ask, f"{name} to be synced to {revision[:8]}")
        assert found is not None
        return found

    def _environment(self, folder: Path) -> dict[str, str]:
        """Give what its images set, pointed at folders of ours."""
        inherited = clean_environment()
        folders = {}
        for name in ("ARGOCD_TLS_DATA_PATH", "ARGOCD_SSH_DATA_PATH", "ARGOCD_GNUPGHOME",
                     "ARGOCD_GPG_DATA_PATH", "TMPDIR"):  # fmt: skip
            place = folder / name.lower()
            place.mkdir(parents=True, mode=0o700)
            folders[name] = str(place)
        return {
            **inherited,
            **folders,
            "PATH": f"{self._tools}{os.pathsep}{inherited['PATH']}",
            "KUBECONFIG": str(self._control_plane.kubeconfig),
            # https://kubernetes.default.svc is then the cluster of KUBECONFIG.
            "ARGOCD_FAKE_IN_CLUSTER": "true",
            "ARGOCD_GPG_ENABLED": "false",
            "ARGOCD_PLUGINSOCKFILEPATH": str(folder),
            # Shards are told by a number at the end.
            "HOSTNAME": "argocd-application-controller-0",
            "GIT_CONFIG_GLOBAL": os.devnull,
        }

    def _lay_tools(self) -> None:
        """Put the program under each of its names, and what the repo-server starts, on PATH."""
        self._tools.mkdir()
        for name in ("argocd", *COMPONENTS):
            (self._tools / name).symlink_to(self._programs.argocd)
        for name in ("helm", "kustomize", "redis"):
            (self._tools / name).symlink_to(getattr(self._programs, name))
        # It checks signatures of commits, which nobody asks for here.
        verify = self._tools / "git-verify-wrapper.sh"
        verify.write_text("#!/bin/sh\n", encoding="utf-8")
        verify.chmod(0o755)

    def _configure(self) -> None:
        kubectl = self._control_plane.kubectl
        kubectl("apply", "--server-side", "--force-conflicts", "-k", str(CRDS))
        kubectl("create", "namespace", NAMESPACE)
        self._apply({"kind": "Secret", "metadata": {"name": "argocd-secret"},
                     "stringData": {"server.secretkey": "no secret"}})  # fmt: skip
        kubectl("apply", "--server-side", "-k", str(self._settings()))

    def _settings(self) -> Path:
        """Give ConfigMaps with the shipped components merged in, laid out as the bootstrap does."""
        folder = self._supervisor.folder / "settings"
        (folder / "base").mkdir(parents=True)
        shipped = ROOT / "deploy" / "argocd"
        for name in ("health", "notifications"):
            (folder / name).symlink_to(shipped / name)
        part_of = {"app.kubernetes.io/part-of": "argocd"}
        documents = [{"apiVersion": "v1", "kind": "ConfigMap",
                      "metadata": {"name": name, "labels": part_of}}
                     for name in CONFIGURED]  # fmt: skip
        (folder / "base" / "install.yaml").write_text(yaml.safe_dump_all(documents))
        for place, content in (
            ("base", {"namespace": NAMESPACE, "resources": ["install.yaml"]}),
            (".", {"resources": ["base"], "components": ["health", "notifications"]}),
        ):
            (folder / place / "kustomization.yaml").write_text(yaml.safe_dump(content))
        return folder

    def _apply(self, document: Json) -> None:
        text = json.dumps({"apiVersion": "v1", **document})
        self._control_plane.kubectl("-n", NAMESPACE, "apply", "-f", "-", input=text)

    def _tool(self, name: str) -> str:
        return str(self._tools / name)

    def _start(self, name: str, ports: int, command: Callable[[list[int]], list[str]]) -> int:
        launch = Launch(name=name, ports=ports, command=command, is_ready=_is_listening)
        return self._supervisor.start(launch)


def is_synced(application: Json, revision: str) -> bool:
    """Tell whether a revision was synced to its end, and is what the cluster has."""
    status = application.get("status", {})
    sync, phase = status.get("sync", {}), status.get("operationState", {}).get("phase")
    return (sync.get("status"), sync.get("revision"), phase) == (
        "Synced",
        revision,
        "Succeeded",
    ) and "operation" not in application


def operation(application: Json) -> Json:
    """Give what becomes of the latest sync; nothing in the moment in which one begins."""
    found: Json = application["status"].get("operationState", {})
    return found


def health(status: Json) -> str:
    """Give what Argo CD says of the health of what an Application has, by its status."""
    return str(status.get("health", {}).get("status"))


def results(application: Json) -> dict[tuple[str, str], Json]:
    """Give what became of each object in the latest sync, by kind and name."""
    found = operation(application).get("syncResult", {}).get("resources", [])
    return {(each["kind"], each["name"]): each for each in found}


def _local(port: int) -> str:
    return f"127.0.0.1:{port}"


def _is_listening(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(5)
        return probe.connect_ex(("127.0.0.1", port)) == 0
