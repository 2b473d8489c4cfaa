"""deploy/base on a real control plane, as its README says, from the first command to the last.

The tests are the steps of an installation, in order. The only thing that differs from production is
the Service's address, at which the real process listens in place of kube-proxy.
"""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.cluster.access import clean_environment
from tests.cluster.api import MERGE_PATCH, ApiError, Json
from tests.cluster.binaries import Binaries
from tests.cluster.controlplane import ControlPlane
from tests.cluster.governed.manifests import KINDS, pod, workload
from tests.cluster.probing import is_ready
from tests.cluster.simulation import POOLS, PodRunner, create_pool
from tests.cluster.supervisor import Launch, Supervisor
from tests.cluster.waiting import eventually
from webhook.cli.certs import FIELD_MANAGER
from webhook.cli.main import main
from webhook.core import (
    paths,
    registration,  # fmt: skip
)
from webhook.core import workload as table
from webhook.core.names import CLASS_ANNOTATION, CLASS_LABEL
from webhook.core.paths import Step

pytestmark = pytest.mark.cluster

ROOT = Path(__file__).parents[2]
BASE, POLICIES = ROOT / "deploy" / "base", ROOT / "policies"
SYSTEM, EARLIER = registration.NAMESPACE, "earlier"
SERVICE_NUMBER = 256 + os.getpid() % 60_000
"""An address of its own: other test runs on this machine use port 443 too."""
NOBODY = "failed calling webhook"


@pytest.fixture(scope="module")
def plane(binaries: Binaries) -> Iterator[ControlPlane]:
    """Give a control plane of its own with nodes, and workloads that name a class already."""
    with ControlPlane(binaries) as running, PodRunner(running.api):
        for name in POOLS:
            create_pool(running.api, name)
        running.kubectl("create", "namespace", EARLIER)
        for kind in KINDS:
            made = workload(kind, kind.lower(), "training")
            path = (*row(kind).templates[0].path, "metadata", "annotations", CLASS_ANNOTATION)
            running.kubectl(
                *("-n", EARLIER, "create", "-f", "-"),
                input=json.dumps(paths.put(made, path, "training")),
            )
        yield running


@pytest.fixture(scope="module")
def overlay(plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give an overlay that sets the address of the Service and nothing else."""
    folder = tmp_path_factory.mktemp("overlay")
    address: Json = {"op": "add", "path": "/spec/clusterIP"}
    address["value"] = plane.service_address(SERVICE_NUMBER)
    document = {
        "resources": [os.path.relpath(BASE, folder.resolve())],
        "patches": [{"target": {"kind": "Service"}, "patch": json.dumps([address])}],
    }
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def installed(plane: ControlPlane, overlay: Path) -> ControlPlane:
    """Take the first step of the README."""
    plane.kubectl("apply", "--server-side", "-k", str(overlay))
    eventually(lambda: NOBODY in refusal(plane, pod("gpu-")), "the registration to take effect")
    return plane


@pytest.fixture(scope="module")
def certified(installed: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Take the second step of the README, and give the folder of certificates."""
    folder = tmp_path_factory.mktemp("certs") / "certs"
    assert main(["certs", "--out", str(folder)]) == 0
    files = ("-f", str(folder / "secret.yaml"), "-f", str(folder / "cabundle.yaml"))
    installed.kubectl("apply", "--server-side", f"--field-manager={FIELD_MANAGER}", *files)
    return folder


@pytest.fixture(scope="module")
def served(installed: ControlPlane, certified: Path) -> Iterator[ControlPlane]:
    """Start the process where the Service leads, with the flags of the Deployment's container."""
    if os.geteuid() != 0:
        pytest.skip("port 443 is for root")
    address = f"{installed.service_address(SERVICE_NUMBER)}:{registration.SERVICE_PORT}"

    def command(ports: list[int]) -> list[str]:
        return [
            *(str(Path(sys.executable).with_name("gpuclass")), "serve"),
            *(f"--policies={POLICIES}", f"--certs={certified}"),
            *(f"--bind={address}", f"--metrics-bind=127.0.0.1:{ports[0]}"),
        ]

    supervisor = Supervisor("gpuclass-deployed-", clean_environment())
    try:
        supervisor.start(Launch(name="gpuclass", ports=1, command=command, is_ready=is_ready))
        eventually(lambda: not refusal(installed, pod("gpu-")), "a GPU pod to be answered")
        yield installed
    finally:
        supervisor.stop()


def row(kind: str) -> table.WorkloadKind:
    return next(each for each in table.KINDS if each.kind == kind)


def refusal(plane: ControlPlane, manifest: Json, namespace: str = "default") -> str:
    """Give why a pod is refused; nothing is stored."""
    try:
        path = f"/api/v1/namespaces/{namespace}/pods?dryRun=All"
        plane.api.request("POST", path, manifest)
    except ApiError as error:
        return str(error)
    return ""


def versions(plane: ControlPlane) -> dict[tuple[str, str], str]:
    """Give the generation or version of every object of the base that no controller writes."""
    kinds = "serviceaccount,configmap,service,networkpolicy"
    ours = plane.kubectl("-n", SYSTEM, "get", kinds, "-o", "json").stdout
    webhooks = ",".join(kind.lower() for kind in registration.ENTRIES)
    theirs = plane.kubectl("get", f"{webhooks},priorityclass", "-o", "json").stdout
    items = [*json.loads(ours)["items"], *json.loads(theirs)["items"]]
    return {
        (each["kind"], each["metadata"]["name"]): each["metadata"]["resourceVersion"]
        for each in items
    }


def differences(plane: ControlPlane, overlay: Path) -> str:
    answer = plane.kubectl("diff", "--server-side", "-k", str(overlay), check=False)
    assert answer.returncode in {0, 1}, answer.stderr
    return answer.stdout


def bundles(plane: ControlPlane) -> set[str | None]:
    names = [f"{kind.lower()}/gpuclass" for kind in registration.ENTRIES]
    found = json.loads(plane.kubectl("get", *names, "-o", "json").stdout)["items"]
    return {entry["clientConfig"].get("caBundle") for each in found for entry in each["webhooks"]}


def test_the_base_itself_is_accepted_whole(plane: ControlPlane) -> None:
    plane.kubectl("create", "namespace", SYSTEM)
    answer = plane.kubectl("apply", "--server-side", "--dry-run=server", "-k", str(BASE))
    assert answer.stderr == ""


def test_applying_it_again_changes_nothing(installed: ControlPlane, overlay: Path) -> None:
    assert differences(installed, overlay) == ""
    before = versions(installed)
    installed.kubectl("apply", "--server-side", "-k", str(overlay))
    assert versions(installed) == before
    assert bundles(installed) == {None}


def test_its_pods_are_admitted_and_spread_over_cpu_nodes(installed: ControlPlane) -> None:
    def nodes() -> list[str]:
        found = installed.kubectl("-n", SYSTEM, "get", "pods", "-o", "json").stdout
        names = [each["spec"].get("nodeName", "") for each in json.loads(found)["items"]]
        return sorted(names) if len(names) == 2 and all(names) else []

    assert eventually(nodes, "two pods on nodes") == ["cpu-a-1", "cpu-b-1"]


@pytest.mark.parametrize(
    ("manifest", "is_refused"),
    [
        pytest.param(pod("p-", gpus=None), False, id="a CPU pod"),
        pytest.param(pod("p-", gpus=0), False, id="a pod that asks for 0 GPUs"),
        pytest.param(pod("p-"), True, id="a GPU pod"),
        pytest.param(
            pod("p-", gpus=None, tolerations=[{"operator": "Exists"}]), True, id="a blanket"
        ),
    ],
)
def test_until_somebody_answers_only_what_concerns_gpus_waits(
    installed: ControlPlane,
    manifest: Json,
    is_refused: bool,
) -> None:
    assert (NOBODY in refusal(installed, manifest)) == is_refused
    assert refusal(installed, manifest, "kube-system") == ""


@pytest.mark.parametrize("kind", KINDS)
def test_until_somebody_answers_workloads_are_scaled_rolled_and_deleted(
    installed: ControlPlane, kind: str
) -> None:
    group = f"/apis/{row(kind).group}/v1" if row(kind).group else "/api/v1"
    path = f"{group}/namespaces/{EARLIER}/{kind.lower()}s/{kind.lower()}"

    def patch(*steps: Step, value: object) -> None:
        body: Json = paths.put({}, steps, value)  # type: ignore[arg-type]
        installed.api.request("PATCH", path, body, MERGE_PATCH)

    sizes = {"Job": ("spec", "parallelism"), "CronJob": ("spec", "suspend")}
    if kind != "DaemonSet":
        patch(*sizes.get(kind, ("spec", "replicas")), value=kind == "CronJob" or 0)
    if kind != "Job":
        patch(*row(kind).templates[0].path, "metadata", "annotations", "restarted", value="now")
    patch("metadata", "finalizers", value=["example.com/waits"])
    options: Json = {"propagationPolicy": "Foreground"}
    installed.api.request("DELETE", path, options)
    patch("metadata", "finalizers", value=[])
    eventually(lambda: not installed.api.is_ready(path), f"the {kind} to be gone")


def test_certificates_are_no_conflict_and_no_difference(
    installed: ControlPlane, overlay: Path, certified: Path
) -> None:
    assert certified.exists()
    assert differences(installed, overlay) == ""
    installed.kubectl("apply", "--server-side", "-k", str(overlay))
    (bundle,) = bundles(installed)
    assert bundle


def test_then_gpu_pods_get_their_class(served: ControlPlane) -> None:
    path = "/api/v1/namespaces/default/pods?dryRun=All"
    made = served.api.request("POST", path, pod("p-", "training"))
    assert made["metadata"]["labels"][CLASS_LABEL] == "training"


def test_then_workloads_carry_their_class_and_warnings_are_heard(served: ControlPlane) -> None:
    manifest = json.dumps(workload("Deployment", "x", "training"))
    answer = served.kubectl("create", "--dry-run=server", "-o", "json", "-f", "-", input=manifest)
    made = json.loads(answer.stdout)
    assert table.annotation(made, ("spec", "template")) == "training"
    aiming = json.dumps(
        workload("Deployment", "x", gpus=None, nodeSelector={"gpu-type": "training"})
    )
    answer = served.kubectl("create", "--dry-run=server", "-f", "-", input=aiming)
    assert "Warning: its pods would be refused" in answer.stderr


def test_then_a_gpu_that_no_list_has_is_warned_of(served: ControlPlane) -> None:
    manifest = pod("p-", gpus=None)
    manifest["spec"]["containers"][0]["resources"] = {"limits": {"nvidia.com/TU104GL": 1}}
    answer = served.kubectl("create", "--dry-run=server", "-f", "-", input=json.dumps(manifest))
    assert answer.stderr.count("nvidia.com/TU104GL is in no list of GPUs") == 1


def test_at_last_it_goes_without_a_trace(served: ControlPlane, overlay: Path) -> None:
    names = [f"{kind.lower()}/gpuclass" for kind in registration.ENTRIES]
    served.kubectl("delete", *names)
    eventually(lambda: not refusal(served, pod("p-", "nonsense")), "the registration to be gone")
    served.kubectl("delete", "-k", str(overlay), "--ignore-not-found", "--wait=false")
