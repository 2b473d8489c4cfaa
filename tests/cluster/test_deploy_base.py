"""deploy/base on a real control plane, as its README says, from the first command to the last.

The tests are the steps of an installation, in order, on a cluster that an earlier release was
registered in by files.
"""

import json
from collections.abc import Iterator
from functools import partial

import pytest

from tests.cli.shipped import policy
from tests.cluster.api import MERGE_PATCH, ApiError, Json
from tests.cluster.binaries import Binaries
from tests.cluster.controlplane import ControlPlane
from tests.cluster.governed.manifests import KINDS, pod, workload
from tests.cluster.installed import CONTROLLER, SERVER, SYSTEM, Installed
from tests.cluster.shipped import BASE, POLICIES
from tests.cluster.simulation import POOLS, PodRunner, create_pool
from tests.cluster.waiting import eventually
from tests.control.world import START
from webhook.cli.main import main
from webhook.control.certificates import make_ca, write_all
from webhook.control.configurations import bundles, encode
from webhook.core import (
    paths,
    registration,  # fmt: skip
)
from webhook.core import workload as table
from webhook.core.names import CLASS_ANNOTATION, CLASS_LABEL
from webhook.core.paths import Step

pytestmark = pytest.mark.cluster

EARLIER = "earlier"
SERVICE_NUMBER = 256
NOBODY = "failed calling webhook"
OLD_ENTRY = "old.gpuclass.io"


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
def installed(plane: ControlPlane) -> Iterator[Installed]:
    """Follow the README, in a cluster that an earlier release was registered in by files."""
    register_by_files(plane)
    with Installed(plane, ("--settle=1s",), SERVICE_NUMBER) as running:
        yield running


@pytest.fixture(scope="module")
def outage(installed: Installed) -> ControlPlane:
    """Give the control plane when nobody answers any more."""
    plane = installed.control_plane
    installed.kill(SERVER)
    eventually(lambda: NOBODY in refusal(plane, pod("gpu-")), "the outage")
    return plane


def register_by_files(plane: ControlPlane) -> None:
    """Apply what `gpuclass render` and `gpuclass certs` gave, and an entry that is no more."""
    bundle = encode(write_all([make_ca(START).certificate]))
    for each in registration.render(policy()):
        made: Json = json.loads(json.dumps(each))
        made["webhooks"].append(made["webhooks"][0] | {"name": OLD_ENTRY})
        head = {key: made[key] for key in ("apiVersion", "kind")}
        trusted = [
            {"name": entry["name"], "clientConfig": {"caBundle": bundle}}
            for entry in made["webhooks"]
        ]
        bundles = {**head, "metadata": {"name": registration.NAME}, "webhooks": trusted}
        for manager, body in (("kubectl", made), ("gpuclass-certs", bundles)):
            flags = ("--server-side", f"--field-manager={manager}", "-f", "-")
            plane.kubectl("apply", *flags, input=json.dumps(body))


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
    """Give the version of every object of the base that no built-in controller writes."""
    kinds = "serviceaccount,service,networkpolicy,role,rolebinding"
    ours = plane.kubectl("-n", SYSTEM, "get", kinds, "-o", "json").stdout
    webhooks = ",".join(kind.lower() for kind in registration.ENTRIES)
    theirs = plane.kubectl("get", f"{webhooks},priorityclass", "-o", "json").stdout
    items = [*json.loads(ours)["items"], *json.loads(theirs)["items"]]
    return {
        (each["kind"], each["metadata"]["name"]): each["metadata"]["resourceVersion"]
        for each in items
    }


def differences(installed: Installed) -> str:
    overlay = str(installed.overlay())
    answer = installed.control_plane.kubectl("diff", "--server-side", "-k", overlay, check=False)
    assert answer.returncode in {0, 1}, answer.stderr
    return answer.stdout


def verdicts(plane: ControlPlane, capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    """Give how each check of `gpuclass verify` ended; its exit code says the same."""
    capsys.readouterr()
    code = main(["verify", "--kubeconfig", str(plane.kubeconfig), "-o", "json"])
    found = {each["name"]: each["verdict"] for each in json.loads(capsys.readouterr().out)}
    assert code == ("FAILED" in found.values())
    return found


WELL = {
    **dict.fromkeys(("kinds", "documents", "programs", "lease", "webhooks", "answer"), "ok"),
    "nodes": "ok",
    "device-plugin": "-",
    "argocd": "-",
}


def test_the_base_itself_is_accepted_whole(plane: ControlPlane) -> None:
    plane.kubectl("create", "namespace", SYSTEM)
    answer = plane.kubectl("apply", "--server-side", "--dry-run=server", "-k", str(BASE))
    assert answer.stderr == ""


def test_a_registration_by_files_is_taken_over(installed: Installed) -> None:
    found = installed.configurations()
    for kind, entries in registration.ENTRIES.items():
        assert {each["name"] for each in found[kind]["webhooks"]} == set(entries)
    assert len(bundles(found).every) == len(bundles(found).any) == 1


def test_applying_it_again_changes_nothing(installed: Installed) -> None:
    plane = installed.control_plane
    assert differences(installed) == ""
    before = versions(plane)
    installed.apply()
    assert versions(plane) == before


def test_its_pods_are_admitted_and_spread_over_cpu_nodes(installed: Installed) -> None:
    def nodes(component: str) -> list[str]:
        """Give where the two pods are."""
        chosen = f"app.kubernetes.io/component={component}"
        kubectl = installed.control_plane.kubectl
        found = kubectl("-n", SYSTEM, "get", "pods", "-l", chosen, "-o", "json").stdout
        names = [each["spec"].get("nodeName", "") for each in json.loads(found)["items"]]
        return sorted(names) if len(names) == 2 and all(names) else []

    for component in ("admission", "controller"):
        found = eventually(partial(nodes, component), f"two pods of {component} on nodes")
        assert found == ["cpu-a-1", "cpu-b-1"]


def test_verify_finds_it_well(installed: Installed, capsys: pytest.CaptureFixture[str]) -> None:
    plane = installed.control_plane
    eventually(lambda: verdicts(plane, capsys) == WELL, "every check to pass")


def test_gpu_pods_get_their_class(installed: Installed) -> None:
    path = "/api/v1/namespaces/default/pods?dryRun=All"
    made = installed.control_plane.api.request("POST", path, pod("p-", "training"))
    assert made["metadata"]["labels"][CLASS_LABEL] == "training"


def test_workloads_carry_their_class_and_warnings_are_heard(installed: Installed) -> None:
    kubectl = installed.control_plane.kubectl
    manifest = json.dumps(workload("Deployment", "x", "training"))
    answer = kubectl("create", "--dry-run=server", "-o", "json", "-f", "-", input=manifest)
    made = json.loads(answer.stdout)
    assert table.annotation(made, ("spec", "template")) == "training"
    aiming = json.dumps(
        workload("Deployment", "x", gpus=None, nodeSelector={"gpu-type": "training"})
    )
    answer = kubectl("create", "--dry-run=server", "-f", "-", input=aiming)
    assert "Warning: its pods would be refused" in answer.stderr


def test_a_gpu_that_no_list_has_is_warned_of(installed: Installed) -> None:
    manifest = pod("p-", gpus=None)
    manifest["spec"]["containers"][0]["resources"] = {"limits": {"nvidia.com/TU104GL": 1}}
    create = ("create", "--dry-run=server", "-f", "-")
    answer = installed.control_plane.kubectl(*create, input=json.dumps(manifest))
    assert answer.stderr.count("nvidia.com/TU104GL is in no list of GPUs") == 1


def test_while_nobody_answers_verify_says_so(
    outage: ControlPlane, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verdicts(outage, capsys) == {**WELL, "answer": "FAILED"}


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
def test_while_nobody_answers_only_what_concerns_gpus_waits(
    outage: ControlPlane,
    manifest: Json,
    is_refused: bool,
) -> None:
    assert (NOBODY in refusal(outage, manifest)) == is_refused
    assert refusal(outage, manifest, "kube-system") == ""


@pytest.mark.parametrize("kind", KINDS)
def test_while_nobody_answers_workloads_are_scaled_rolled_and_deleted(
    outage: ControlPlane, kind: str
) -> None:
    group = f"/apis/{row(kind).group}/v1" if row(kind).group else "/api/v1"
    path = f"{group}/namespaces/{EARLIER}/{kind.lower()}s/{kind.lower()}"

    def patch(*steps: Step, value: object) -> None:
        body: Json = paths.put({}, steps, value)  # type: ignore[arg-type]
        outage.api.request("PATCH", path, body, MERGE_PATCH)

    sizes = {"Job": ("spec", "parallelism"), "CronJob": ("spec", "suspend")}
    if kind != "DaemonSet":
        patch(*sizes.get(kind, ("spec", "replicas")), value=kind == "CronJob" or 0)
    if kind != "Job":
        patch(*row(kind).templates[0].path, "metadata", "annotations", "restarted", value="now")
    patch("metadata", "finalizers", value=["example.com/waits"])
    options: Json = {"propagationPolicy": "Foreground"}
    outage.api.request("DELETE", path, options)
    patch("metadata", "finalizers", value=[])
    eventually(lambda: not outage.api.is_ready(path), f"the {kind} to be gone")


def test_at_last_it_goes_without_a_refusal_and_without_a_trace(installed: Installed) -> None:
    plane = installed.control_plane
    installed.restart(SERVER)
    eventually(installed.is_governed, "the end of the outage")
    plane.kubectl("delete", "gpupolicy", "cluster")
    for kind in registration.ENTRIES:
        plane.kubectl("wait", "--for=delete", f"{kind.lower()}/gpuclass", "--timeout=180s")
    eventually(lambda: not refusal(plane, pod("p-", "nonsense")), "the end of its effect")
    for name in (CONTROLLER, SERVER):
        installed.end(name)
    plane.kubectl("delete", "-k", str(POLICIES), "--ignore-not-found")
    plane.kubectl("delete", "-k", str(installed.overlay()), "--ignore-not-found", "--wait=false")
    kinds = f"{','.join(kind.lower() for kind in registration.ENTRIES)},crd,clusterrole,role -A"
    eventually(
        lambda: "gpuclass" not in plane.kubectl("get", *kinds.split(), "-o", "name").stdout,
        "everything to be gone",
    )
    assert refusal(plane, pod("p-")) == ""
