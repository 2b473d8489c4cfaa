"""deploy/base as kustomize builds it: what is in it, and in which order (no cluster is asked)."""

import subprocess
from itertools import groupby
from pathlib import Path

import pytest
import yaml

from tests.cli.shipped import POLICIES
from tests.cluster.binaries import Binaries
from tests.deploy.test_base import BASE, CONTROLLER, KINDS, PROGRAMS, SERVER, Json, labels
from webhook.core import registration
from webhook.core.policy.decode import read_object
from webhook.watch import files

pytestmark = pytest.mark.cluster

BOTH = (
    "ServiceAccount",
    "ClusterRole",
    "ClusterRoleBinding",
    "Deployment",
    "PodDisruptionBudget",
    "NetworkPolicy",
)
"""What there is of each program."""


@pytest.fixture(scope="module")
def built(binaries: Binaries) -> dict[tuple[str, str], Json]:
    """Give every object of the base by kind and name, as `kubectl kustomize` builds it."""
    return build(binaries, BASE)


@pytest.fixture(scope="module")
def applied(binaries: Binaries) -> dict[tuple[str, str], Json]:
    """Give every object of policies/ by kind and name."""
    return build(binaries, POLICIES)


def build(binaries: Binaries, folder: Path) -> dict[tuple[str, str], Json]:
    command = [str(binaries.kubectl), "kustomize", str(folder)]
    answer = subprocess.run(command, capture_output=True, check=True)
    assert answer.stderr == b""
    documents = yaml.safe_load_all(answer.stdout)
    return {(each["kind"], each["metadata"]["name"]): each for each in documents}


def test_the_base_holds_what_it_says(built: dict[tuple[str, str], Json]) -> None:
    assert set(built) == {
        ("Namespace", "gpuclass-system"),
        ("ResourceQuota", "gpuclass-critical-pods"),
        *((kind, name) for kind in BOTH for name in PROGRAMS),
        *(("CustomResourceDefinition", f"{name}.gpuclass.io") for name in KINDS),
        ("Role", "gpuclass-controller"),
        ("RoleBinding", "gpuclass-controller"),
        ("Role", "gpuclass-controller-events"),
        ("RoleBinding", "gpuclass-controller-events"),
        ("Service", "gpuclass"),
    }


def test_with_cert_manager_the_controller_makes_no_certificates(binaries: Binaries) -> None:
    found = build(binaries, BASE.parent / "overlays" / "cert-manager")
    args = found["Deployment", CONTROLLER]["spec"]["template"]["spec"]["containers"][0]["args"]
    assert "--certificates=external" in args
    leaf, ca = (found["Certificate", name]["spec"] for name in ("gpuclass", "gpuclass-ca"))
    assert tuple(leaf["dnsNames"]) == registration.Service().hosts
    assert (leaf["secretName"], ca["secretName"]) == ("gpuclass-tls", "gpuclass-ca")
    assert found["Issuer", leaf["issuerRef"]["name"]]["spec"]["ca"]["secretName"] == "gpuclass-ca"
    assert ca["isCA"]
    for each in (leaf, ca):
        duration, early = (int(each[key].removesuffix("h")) for key in ("duration", "renewBefore"))
        assert early * 3 == duration


def test_what_others_need_comes_first(built: dict[tuple[str, str], Json]) -> None:
    kinds = [kind for kind, _ in built]
    assert kinds[0] == "Namespace"
    assert kinds.index("CustomResourceDefinition") < kinds.index("Deployment")
    assert kinds.index("RoleBinding") < kinds.index("Deployment")


def test_everything_of_a_namespace_is_in_ours_but_events_about_the_cluster(
    built: dict[tuple[str, str], Json],
) -> None:
    names: dict[str | None, set[str]] = {}
    for (_, name), each in built.items():
        names.setdefault(each["metadata"].get("namespace"), set()).add(name)
    assert set(names) == {None, registration.NAMESPACE, "default"}
    assert names["default"] == {"gpuclass-controller-events"}


def test_everything_of_ours_has_our_labels(built: dict[tuple[str, str], Json]) -> None:
    shared = {"Namespace", "CustomResourceDefinition"}
    for (kind, name), each in built.items():
        program = CONTROLLER if "controller" in name else SERVER
        assert kind in shared or each["metadata"]["labels"] == labels(program), (kind, name)


def test_the_policies_that_are_applied_are_those_of_the_files(
    applied: dict[tuple[str, str], Json],
) -> None:
    read = [read_object(each, "built") for each in applied.values()]
    written, _ = files.load(POLICIES)
    assert [faults for _, faults in read if faults] == []
    assert {document for document, _ in read} == set(written)


def test_what_is_named_is_applied_before_what_names_it(
    applied: dict[tuple[str, str], Json],
) -> None:
    kinds = [kind for kind, _ in groupby(kind for kind, _ in applied)]
    assert kinds == ["PriorityClass", "GPUNodePool", "GPUClass", "GPUPolicy"]


def test_no_document_waits_for_the_health_of_another(
    applied: dict[tuple[str, str], Json],
) -> None:
    assert {annotation(each, "sync-wave") for each in applied.values()} == {""}


def test_argo_cd_deletes_nothing_that_keeps_the_cluster_closed(
    applied: dict[tuple[str, str], Json],
) -> None:
    kept = {kind for (kind, _), each in applied.items()
            if annotation(each, "sync-options") == "Prune=false"}  # fmt: skip
    assert kept == {"GPUNodePool", "GPUPolicy"}


def annotation(document: Json, name: str) -> str:
    found: str = document["metadata"].get("annotations", {}).get(f"argocd.argoproj.io/{name}", "")
    return found
