"""deploy/client-certificates: the component on the base, and what the control plane is given."""

import json
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.cluster.binaries import Binaries
from tests.deploy.test_base import BASE, CONTROLLER, SERVER, Json
from tests.deploy.test_kustomize import build
from webhook.core import registration
from webhook.serve import settings

pytestmark = pytest.mark.cluster

FOLDER = BASE.parent / "client-certificates"
NODE = "/etc/kubernetes/gpuclass"
FLAG = "admission-control-config-file"


@pytest.fixture(scope="module")
def built(
    binaries: Binaries, tmp_path_factory: pytest.TempPathFactory
) -> dict[tuple[str, str], Json]:
    """Give the base with the component, as an overlay of a user has it."""
    overlay = tmp_path_factory.mktemp("overlay")
    for name in ("base", "crds", "client-certificates"):
        (overlay / name).symlink_to(BASE.parent / name)
    document = {"resources": ["base"], "components": ["client-certificates"]}
    (overlay / "kustomization.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
    return build(binaries, overlay)


def test_the_server_demands_what_the_api_server_shows(built: dict[tuple[str, str], Json]) -> None:
    spec = built["Deployment", SERVER]["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    flags = (each.removeprefix("--").split("=", 1) for each in container["args"][1:])
    given = settings.read({name.replace("-", "_"): value for name, value in flags}, {})
    assert given.client_ca is not None
    place = next(each for each in container["volumeMounts"] if each["name"] == "client-ca")
    assert str(given.client_ca) == f"{place['mountPath']}/ca.crt"
    volume = next(each for each in spec["volumes"] if each["name"] == "client-ca")
    assert volume["configMap"] == {"name": "gpuclass-client-ca"}
    pair = kubeconfig()["user"]
    assert [Path(path).stem for path in pair.values()] == [*given.client_names] * 2


def test_nothing_else_is_changed(built: dict[tuple[str, str], Json], binaries: Binaries) -> None:
    base = build(binaries, BASE)
    assert [key for key, each in built.items() if each != base[key]] == [("Deployment", SERVER)]
    assert ("Deployment", CONTROLLER) in built


def kubeconfig() -> Json:
    """Give the one user of the kubeconfig."""
    (user,) = read("kubeconfig.yaml")["users"]
    found: Json = user
    return found


def read(name: str) -> Json:
    found: Json = yaml.safe_load((FOLDER / "control-plane" / name).read_text(encoding="utf-8"))
    return found


def test_the_certificate_is_for_our_service_alone() -> None:
    service = registration.Service()
    assert service.port == 443
    assert kubeconfig()["name"] == service.hosts[0]
    plugins = read("admission.yaml")["plugins"]
    assert [each["name"] for each in plugins] == [
        "MutatingAdmissionWebhook",
        "ValidatingAdmissionWebhook",
    ]
    paths = {each["configuration"]["kubeConfigFile"] for each in plugins}
    assert paths == {f"{NODE}/kubeconfig.yaml"}


def test_kubeadm_takes_its_file(kubeadm: Path, tmp_path: Path) -> None:
    file = tmp_path / "kubeadm.yaml"
    # Without a version it would ask the internet for one.
    file.write_text(json.dumps({**read("kubeadm.yaml"), "kubernetesVersion": "v1.37.2"}))
    command = [str(kubeadm), "config", "validate", "--config", str(file)]
    answer = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    assert (answer.returncode, answer.stderr) == (0, "")
    assert is_given(read("kubeadm.yaml"))


def is_given(configuration: Json) -> bool:
    """Tell whether kube-apiserver is given the file, and sees it."""
    server = configuration["apiServer"]
    flags = server["extraArgs"]
    if isinstance(flags, list):
        flags = {each["name"]: each["value"] for each in flags}
    (volume,) = server["extraVolumes"]
    return bool(flags == {FLAG: f"{NODE}/admission.yaml"} and volume["mountPath"] == NODE)


def test_kind_is_given_the_same_for_either_version_of_kubeadm() -> None:
    cluster = read("kind.yaml")
    patches = [yaml.safe_load(each) for each in cluster["kubeadmConfigPatches"]]
    versions = {each.pop("apiVersion").rpartition("/")[2]: each for each in patches}
    assert set(versions) == {"v1beta3", "v1beta4"}
    assert all(map(is_given, versions.values()))
    (node,) = cluster["nodes"]
    assert [each["containerPath"] for each in node["extraMounts"]] == [NODE]
