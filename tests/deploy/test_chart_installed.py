"""deploy/chart on a real API server, by a real Helm: the steps of its README, in order.

That what it renders is the base, field by field, is tested in test_chart.py.
"""

import json
import os
import shutil
import subprocess
import sys
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography import x509

from tests.cluster.access import clean_environment
from tests.cluster.binaries import Binaries
from tests.cluster.controlplane import ControlPlane
from tests.cluster.probing import is_ready
from tests.cluster.supervisor import Launch, Supervisor
from tests.cluster.waiting import eventually
from tests.deploy.chart import CHART
from tests.deploy.test_base import CONTROLLER
from webhook.core import registration

pytestmark = pytest.mark.cluster

SYSTEM = registration.NAMESPACE
NAMESPACED = "deployment,service,serviceaccount,role,rolebinding,networkpolicy,pdb,resourcequota"
WRITTEN_TO = {"PodDisruptionBudget", "ResourceQuota"}
"""Controllers write their status, and they count no generations."""

COLUMN = """\
    - name: Degraded
      type: string
"""


class Release:
    """Helm, and the cluster that it installs into; nothing of the user's is read or written."""

    def __init__(
        self, helm: Path, plane: ControlPlane, home: Path, namespace: str = SYSTEM
    ) -> None:
        self.plane = plane
        self._command = (str(helm), f"--kubeconfig={plane.kubeconfig}", f"--namespace={namespace}")
        self._environment = {"PATH": os.defpath, "HOME": str(home)}

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run Helm."""
        return subprocess.run(
            [*self._command, *arguments],
            env=self._environment,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )

    def install(self, chart: Path = CHART, *flags: str) -> str:
        """Install a chart, or upgrade what is installed; give the notes."""
        command = ("upgrade", "--install", "gpuclass", str(chart), "--create-namespace")
        answer = self.run(*command, *flags)
        assert (answer.returncode, answer.stderr) == (0, "")
        return answer.stdout

    def versions(self) -> dict[tuple[str, str], str]:
        """Give the generation of every object of ours, or the version of those that have none."""
        ours = self.plane.kubectl("-n", SYSTEM, "get", NAMESPACED, "-o", "json").stdout
        clusters = self.plane.kubectl("get", "crd,clusterrole,clusterrolebinding", "-o", "json")
        found = [*json.loads(ours)["items"], *json.loads(clusters.stdout)["items"]]
        heads = {(each["kind"], each["metadata"]["name"]): each["metadata"] for each in found}
        return {
            key: str(head.get("generation") or head["resourceVersion"])
            for key, head in heads.items()
            if "gpuclass" in key[1] and key[0] not in WRITTEN_TO
        }


@pytest.fixture(scope="module")
def plane(binaries: Binaries) -> Iterator[ControlPlane]:
    with ControlPlane(binaries) as running:
        yield running


@pytest.fixture(scope="module")
def release(helm: Path, plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Release:
    """Give a cluster in which an earlier chart, whose kinds say less, was installed."""
    folder = tmp_path_factory.mktemp("release")
    earlier = folder / "chart"
    shutil.copytree(CHART, earlier)
    made = Release(helm, plane, folder)
    crd = earlier / "templates" / "crds" / "gpuclasses.yaml"
    text = crd.read_text(encoding="utf-8")
    assert COLUMN in text
    crd.write_text(text.replace(COLUMN, COLUMN.replace("Degraded", "Unwell")), encoding="utf-8")
    made.install(earlier)
    return made


def columns(plane: ControlPlane) -> list[str]:
    """Give what `kubectl get gpuclasses` shows."""
    path = "jsonpath={.spec.versions[0].additionalPrinterColumns[*].name}"
    return plane.kubectl("get", "crd", "gpuclasses.gpuclass.io", "-o", path).stdout.split()


def test_an_upgrade_brings_new_kinds_and_says_what_comes_next(release: Release) -> None:
    assert "Unwell" in columns(release.plane)
    notes = release.install()
    assert "Unwell" not in columns(release.plane)
    assert f"gpuclass verify --namespace {SYSTEM}" in notes


def test_installing_it_again_changes_nothing(release: Release) -> None:
    before = release.versions()
    release.install()
    assert release.versions() == before
    assert {("Deployment", "gpuclass"), ("Service", "gpuclass")} <= before.keys()


def test_what_it_installs_is_applied_server_side(release: Release) -> None:
    answer = release.plane.kubectl(
        *("-n", SYSTEM, "get", "deployment", "gpuclass", "-o", "json", "--show-managed-fields")
    )
    fields = json.loads(answer.stdout)["metadata"]["managedFields"]
    assert ("helm", "Apply") in {(each["manager"], each["operation"]) for each in fields}


def test_uninstalling_leaves_the_kinds(release: Release) -> None:
    answer = release.run("uninstall", "gpuclass", "--wait")
    assert (answer.returncode, answer.stderr) == (0, "")
    assert {kind for kind, _ in release.versions()} == {"CustomResourceDefinition"}
    assert len(release.versions()) == 4


def test_applied_by_kubectl_a_second_time_differs_in_nothing(release: Release) -> None:
    text = release.run("template", "gpuclass", str(CHART)).stdout
    flags = ("--server-side", "--filename=-")
    # The kinds were Helm's; their lists are atomic, and so a conflict though nothing differs.
    release.plane.kubectl("apply", "--force-conflicts", *flags, input=text)

    def differs_in_nothing() -> bool:
        """Ask between two writes of a status: what lies there is read twice."""
        return not release.plane.kubectl("diff", *flags, input=text, check=False).stdout

    eventually(differs_in_nothing, "no difference")


def test_what_kubectl_installed_is_taken_over_when_told(release: Release) -> None:
    answer = release.run("install", "gpuclass", str(CHART))
    assert answer.returncode == 1
    assert "invalid ownership metadata" in answer.stderr
    release.install(CHART, "--take-ownership", "--force-conflicts")
    assert release.run("status", "gpuclass").returncode == 0


@contextmanager
def controller(plane: ControlPlane, namespace: str) -> Iterator[None]:
    """Run the controller with the rights of its account, and the variable that its pod has."""
    found = plane.kubectl("-n", namespace, "get", "deployment", CONTROLLER, "-o", "json").stdout
    (container,) = json.loads(found)["spec"]["template"]["spec"]["containers"]
    (variable,) = container["env"]
    assert variable["valueFrom"]["fieldRef"]["fieldPath"] == "metadata.namespace"
    config = plane.kubeconfig_for(f"system:serviceaccount:{namespace}:{CONTROLLER}")

    def command(ports: list[int]) -> list[str]:
        program = Path(sys.executable).with_name("gpuclass")
        flags = (f"--kubeconfig={config}", f"--metrics-bind=127.0.0.1:{ports[0]}")
        return [str(program), "controller", *flags]

    environment = {**clean_environment(), variable["name"]: namespace}
    supervisor = Supervisor("gpuclass-elsewhere-", environment)
    try:
        supervisor.start(Launch(name=CONTROLLER, ports=1, command=command, is_ready=is_ready))
        yield
    finally:
        supervisor.stop()


def test_in_another_namespace_the_controller_works_there(
    helm: Path, release: Release, tmp_path: Path
) -> None:
    """Beside ours: the kinds and the roles of the cluster are taken over."""
    plane = release.plane
    elsewhere = Release(helm, plane, tmp_path, "elsewhere")
    elsewhere.install(CHART, "--take-ownership", "--force-conflicts")
    secret = (
        "-n",
        "elsewhere",
        "get",
        "secret",
        "gpuclass-tls",
        "-o",
        r"jsonpath={.data.tls\.crt}",
    )
    with controller(plane, "elsewhere"):
        eventually(lambda: plane.kubectl(*secret, check=False).stdout, "the server's certificate")
    leaf = x509.load_pem_x509_certificate(b64decode(plane.kubectl(*secret).stdout))
    said = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    hosts = registration.Service(namespace="elsewhere").hosts
    assert tuple(said.get_values_for_type(x509.DNSName)) == hosts
