"""`gpu-node` with the real kubectl and kubeadm, before a real API server and scheduler.

The containers alone are pretended: joining is a registration with the node's own credential.
"""

import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.cluster.api import Json
from tests.cluster.controlplane import ControlPlane
from tests.cluster.simulation import Capacity, PodRunner, create_node, delete_node
from tests.cluster.waiting import eventually
from tests.core.given import shipped
from tests.deploy.bootstrap.bench import Bench, Ran
from tests.e2e import steps
from tests.e2e.__main__ import main
from tests.e2e.machine import Machine
from webhook.core import join

pytestmark = pytest.mark.cluster

NODE = "gpu-train-77"
ADD = ("add", NODE, "--type", "training")
ROOT = Path(__file__).parents[2]
CPU_PODS = [f"cpu-{number}" for number in range(1, 13)]
TOLERANT = "tolerant"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lab:
    """A bench whose kubectl and kubeadm are real, and the control plane that they speak to."""

    bench: Bench
    plane: ControlPlane
    variables: dict[str, str]

    def run(self, *arguments: str) -> Ran:
        """Run `gpu-node`."""
        return self.bench.run("gpu-node", *arguments, **self.variables)

    def node(self) -> Json:
        """Give the Node, as it is."""
        found: Json = json.loads(self.plane.kubectl("get", "node", NODE, "-o", "json").stdout)
        return found

    def secrets(self) -> list[str]:
        """Give the Secrets of bootstrap tokens."""
        flags = ("-n", "kube-system", "get", "secrets", "-o", "name", "--field-selector")
        found = self.plane.kubectl(*flags, "type=bootstrap.kubernetes.io/token").stdout
        return found.splitlines()


@pytest.fixture
def lab(control_plane: ControlPlane, kubeadm: Path, tmp_path: Path) -> Lab:
    """Give a kind cluster `c` whose API server and kubectl are real."""
    bench = Bench(tmp_path)
    bench.set(
        server=control_plane.server, port=f"127.0.0.1:{control_plane.server.rpartition(':')[2]}"
    )
    config = yaml.safe_load(control_plane.kubeconfig.read_text(encoding="utf-8"))
    config["contexts"][0]["name"] = config["current-context"] = "kind-c"
    admin = tmp_path / "kubeconfig"
    admin.write_text(json.dumps(config), encoding="utf-8")
    bench.put("kubectl", f'#!/bin/sh\nexec {control_plane.kubectl_path} "$@"\n')
    hook = f'cd {ROOT}\nexec {sys.executable} -m tests.cluster.kubeadm_stand_in "$@"\n'
    node = control_plane.kubeconfig_for(f"system:node:{NODE}", ["system:nodes"])
    variables = {
        "KUBECONFIG": str(admin),
        "NODE_KUBECONFIG": str(node),
        "REAL_KUBECTL": str(control_plane.kubectl_path),
        "REAL_KUBEADM": str(kubeadm),
        "STAND_IN_KUBEADM": str(bench.put("kubeadm", f"#!/bin/sh\n{hook}")),
    }
    return Lab(bench=bench, plane=control_plane, variables=variables)


def waiting(name: str, *, tolerant: bool = False) -> Json:
    """Give a CPU pod that waits for the node."""
    spec: Json = {
        "nodeSelector": {"kubernetes.io/hostname": NODE},
        "containers": [{"name": "c", "image": "none"}],
        "terminationGracePeriodSeconds": 0,
    }
    if tolerant:
        spec["tolerations"] = [{"operator": "Exists"}]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}


@pytest.fixture
def pods(lab: Lab, namespace: str, pod_runner: PodRunner) -> Iterator[str]:  # noqa: ARG001 - drained pods end
    """Let twelve CPU pods wait for the node, and one that tolerates everything."""
    made = [waiting(each) for each in CPU_PODS] + [waiting(TOLERANT, tolerant=True)]
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": made})
    lab.plane.kubectl("-n", namespace, "create", "-f", "-", input=text)
    yield namespace
    lab.plane.kubectl("-n", namespace, "delete", "pods", "--all", "--wait=false")


def places(plane: ControlPlane, namespace: str) -> dict[str, str]:
    """Give where each pod is, or why the scheduler says that it is nowhere."""
    items = json.loads(plane.kubectl("-n", namespace, "get", "pods", "-o", "json").stdout)["items"]
    return {each["metadata"]["name"]: _place(each) for each in items}


def _place(pod: Json) -> str:
    said = pod["status"].get("conditions") or []
    why = [each.get("message", "") for each in said if each["type"] == "PodScheduled"]
    return str(pod["spec"].get("nodeName") or "".join(why))


def test_no_waiting_pod_slips_onto_a_node_that_is_added(lab: Lab, pods: str) -> None:
    ran = lab.run(*ADD, "--gpus", "mock:2", "--timeout", "2")
    told = ran.out + ran.err

    # No kubelet runs here that would offer what its status says: the script waits, and says so.
    assert (ran.code, "waited 2 s for gpu-train-77 to offer nvidia.com/gpu" in told) == (1, True)
    node = lab.node()
    pool = next(each for each in shipped().pools if each.name == "training")
    assert join.differences(pool, node) == ()
    assert node["spec"]["providerID"] == f"kind://docker/c/{NODE}"
    assert node["status"]["capacity"]["nvidia.com/gpu"] == "2"
    token = yaml.safe_load(lab.bench.world["files"][NODE])["discovery"]["bootstrapToken"]["token"]
    assert token not in told
    assert not any(token in " ".join(each["call"]) for each in ran.calls)
    assert lab.secrets() == []

    def are_refused() -> bool:
        found = places(lab.plane, pods)
        return found[TOLERANT] == NODE and all("taint" in found[each] for each in CPU_PODS)

    eventually(are_refused, "the scheduler to judge every pod")

    offer = {"status": {"allocatable": {"nvidia.com/gpu": "2"}}}
    patch = ("--subresource", "status", "--type", "merge", "--patch", json.dumps(offer))
    lab.plane.kubectl("patch", "node", NODE, *patch)
    before = lab.node()["metadata"]["resourceVersion"]
    again = lab.run(*ADD, "--gpus", "mock:2")
    assert (again.code, lab.node()["metadata"]["resourceVersion"]) == (0, before)
    assert f"{NODE} is a training node already" in again.out
    assert lab.run("list").out.split()[-6:] == [NODE, "training", "mock:2", "running", "True", "2"]

    stays = lab.run("remove", NODE, "--timeout", "20")
    assert (stays.code, "--delete-bare-pods, or --no-drain" in stays.err) == (1, True)
    assert lab.run("remove", NODE, "--delete-bare-pods").code == 0
    assert lab.plane.kubectl("get", "node", NODE, "--ignore-not-found").stdout == ""
    assert lab.run("remove", NODE).out.endswith(f"there is no {NODE}: nothing to do\n")


def test_onto_a_node_that_is_tainted_later_they_all_slip(lab: Lab, pods: str) -> None:
    create_node(lab.plane.api, NODE, capacity=Capacity())
    try:
        eventually(lambda: set(places(lab.plane, pods).values()) == {NODE}, "every pod to land")
        taint = ("taint", "node", NODE, "nvidia.com/gpu=present:NoSchedule")
        lab.plane.kubectl(*taint)
        assert set(places(lab.plane, pods).values()) == {NODE}
    finally:
        delete_node(lab.plane.api, NODE)


def test_a_join_that_is_refused_leaves_no_token_and_no_node(lab: Lab) -> None:
    other = lab.plane.kubeconfig_for("system:node:another", ["system:nodes"])
    lab.variables["NODE_KUBECONFIG"] = str(other)
    ran = lab.run(*ADD)
    assert ran.code == 1
    assert f"gpu-node: this failed: join {NODE} to cluster c\n" in ran.err
    assert lab.secrets() == []
    assert lab.plane.kubectl("get", "node", NODE, "--ignore-not-found").stdout == ""
    assert list(lab.bench.world["containers"]) == ["c-control-plane"]


@contextmanager
def offering(lab: Lab, name: str) -> Iterator[None]:
    """Play the part of the kubelet that offers what its node's status says it has."""
    ended = threading.Event()

    def offer() -> None:
        while not ended.wait(0.5):
            found = lab.plane.kubectl("get", "node", name, "-o", "json", check=False)
            capacity = json.loads(found.stdout or "{}").get("status", {}).get("capacity", {})
            patch = json.dumps({"status": {"allocatable": capacity}})
            flags = ("--subresource", "status", "--type", "merge", "--patch", patch)
            lab.plane.kubectl("patch", "node", name, *flags, check=False)

    thread = threading.Thread(target=offer)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@pytest.mark.slow
def test_make_e2e_proves_what_it_says(
    lab: Lab,
    pod_runner: PodRunner,  # noqa: ARG001 - drained pods end
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Run all of it but Argo CD and the image, which need what is not pretended here."""
    kubelet = lab.plane.kubeconfig_for(f"system:node:{steps.NODE}", ["system:nodes"])
    for name, value in lab.bench.environment(lab.variables).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("NODE_KUBECONFIG", str(kubelet))
    monkeypatch.delenv(steps.REPOSITORY, raising=False)
    own = ("c-control-plane", "c-worker")
    for each in own:
        create_node(lab.plane.api, each, capacity=Capacity())
    chosen = {name: step for name, step in steps.STEPS.items() if name != "verify"}
    try:
        with offering(lab, steps.NODE):
            code = main(Machine(cluster="c"), chosen)
    finally:
        lab.plane.kubectl("delete", "pods", "--all", "--wait=false")
        for each in own:
            delete_node(lab.plane.api, each)
    said = capsys.readouterr().out.splitlines()
    proved = [f"ok  {name}" for name in chosen if name != "argocd"]
    assert (code, [line.partition(":")[0] for line in said if line.startswith("ok")]) == (0, proved)
    assert "NOT PROVED  argocd: set E2E_REPO_URL to a repository that the cluster reaches" in said
    assert lab.bench.world["clusters"] == []
