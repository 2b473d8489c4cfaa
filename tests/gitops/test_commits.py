"""What a commit does: in force within seconds, refused with our words, put back, pruned."""

import json
from collections.abc import Iterator
from functools import partial

import pytest

from tests.cluster.answering import answering
from tests.cluster.api import MERGE_PATCH, Json
from tests.cluster.components import LOOPBACK
from tests.cluster.simulation import create_node
from tests.gitops.argocd import operation, results
from tests.gitops.waiting import eventually
from tests.gitops.world import CLASSES, GROUP, World

pytestmark = pytest.mark.cluster

DEVELOPMENT, TRAINING = (f"policies/classes/{name}.yaml" for name in ("development", "training"))
BATCH, HIGH = "gpu-batch-priority", "gpu-high-priority"
REFUSAL = (
    'admission webhook "policies.gpuclass.io" denied the request: spec.pools[0].name: there is no '
    "GPUNodePool trainig; known: development, production, training, worker; did you mean training?;"
    " apply what is named first: PriorityClasses, then pools, classes, the policy (rule document)"
)


def priority(world: World, gpu_class: str) -> str:
    """Give the PriorityClass that a pod of a class gets now."""
    return str(world.pod(gpu_class)["spec"].get("priorityClassName", ""))


def test_a_commit_is_what_the_webhook_decides_by(world: World) -> None:
    assert priority(world, "development") == ""
    line = f"  priorityClassName: {BATCH}\n"
    world.repository.edit(DEVELOPMENT, lambda text: text + line)
    revision = world.push("Let development wait", "gpu-policies")
    eventually(lambda: priority(world, "development") == BATCH, "the webhook to follow")
    world.argo.wait_synced("gpu-policies", revision)


@pytest.fixture(scope="module")
def heard(world: World) -> Iterator[list[str]]:
    """Give what the shipped notifications say, from now on."""
    said: list[str] = []

    def room(_path: str, body: bytes) -> bytes:
        said.append(json.loads(body)["text"])
        return b""

    with answering(room) as port:
        world.argo.notify(f"http://{LOOPBACK}:{port}")
        yield said


def test_a_refused_commit_says_why_and_its_fix_lands(world: World, heard: list[str]) -> None:
    before = world.spec("training")
    world.repository.edit(TRAINING, lambda text: text.replace("name: training,", "name: trainig,"))
    world.repository.edit(DEVELOPMENT, lambda text: text.replace(BATCH, HIGH))
    refused = world.push("Misspell a pool", "gpu-policies")

    def of_training() -> Json:
        application = world.argo.application("gpu-policies")
        is_it = operation(application).get("syncResult", {}).get("revision") == refused
        found = results(application).get(("GPUClass", "training"), {}) if is_it else {}
        return found if found.get("status") == "SyncFailed" else {}

    assert eventually(of_training, "a refusal of training")["message"] == REFUSAL
    assert world.spec("training") == before
    eventually(lambda: priority(world, "development") == HIGH, "what is sound to be in force")
    assert operation(world.argo.application("gpu-policies"))["phase"] == "Running"

    def said() -> list[str]:
        return [each for each in heard if each.startswith("gpu-policies: ")]

    first = f"gpu-policies: {refused[:8]} is refused, and tried again"
    assert eventually(said, "the chat room to hear of it") == [
        f"{first}\nGPUClass training: {REFUSAL}"
    ]
    world.repository.edit(TRAINING, lambda text: text.replace("trainig", "training"))
    fixed = world.push("Spell it well", "gpu-policies")
    world.argo.wait_synced("gpu-policies", fixed)
    assert len(said()) == 1


def test_what_is_changed_by_hand_is_put_back(world: World) -> None:
    before = world.spec("general")
    added: Json = {"spec": {"allowedNamespaces": ["somebody"], "placement": "Preferred"}}
    world.plane.api.request("PATCH", f"{CLASSES}/general", added, MERGE_PATCH)
    eventually(lambda: world.spec("general") == before, "the class to be as in Git")


def test_what_is_deleted_by_hand_comes_back(world: World) -> None:
    before = world.plane.api.request("GET", f"{CLASSES}/general")["metadata"]["uid"]
    world.plane.api.request("DELETE", f"{CLASSES}/general")

    def uid() -> str:
        found = world.get(f"{CLASSES}/general")
        return str(found["metadata"]["uid"]) if found else ""

    eventually(lambda: uid() not in {"", before}, "the class to be made anew")


NODE = "gpu-from-git-1"
DECLARED, SPARE = f"{GROUP}/gpunodes/{NODE}", f"{GROUP}/gpunodepools/spare"
ADDED = {
    "deploy/gpu-nodes/node.yaml": f"""
apiVersion: gpuclass.io/v1alpha1
kind: GPUNode
metadata: {{name: {NODE}}}
spec: {{pool: training}}
""",
    "policies/pools/spare.yaml": """
apiVersion: gpuclass.io/v1alpha1
kind: GPUNodePool
metadata: {name: spare}
spec: {selector: {gpu-type: spare}}
""",
}
WORKER, RACK = "policies/pools/worker.yaml", "  labels: {rack: seven}\n"


def test_what_git_loses_deletes_no_node_opens_none_and_holds_up_nothing(world: World) -> None:
    create_node(world.plane.api, NODE)
    for path, text in ADDED.items():
        world.repository.write(path, text)
        world.repository.edit(_listing(path), partial(_listed, path))
    world.push("Declare a node and a pool", "gpu-nodes")

    def node() -> Json:
        return world.plane.api.request("GET", f"/api/v1/nodes/{NODE}")

    marked = eventually(lambda: node()["spec"].get("taints"), "the node to be marked")
    assert node()["metadata"]["labels"]["gpu-type"] == "training"

    for path in ADDED:
        world.repository.edit(_listing(path), partial(_unlisted, path))
    world.repository.edit(WORKER, lambda text: text.replace("  taints:", f"{RACK}  taints:"))
    lost = world.push("Lose both, and change another", "gpu-nodes")

    def is_done() -> bool:
        latest = operation(world.argo.application("gpu-nodes"))
        return (latest.get("syncResult", {}).get("revision"), latest.get("phase")) == (
            lost,
            "Succeeded",
        )

    eventually(is_done, "the commit to be synced all the same")
    worker = world.plane.api.request("GET", f"{GROUP}/gpunodepools/worker")
    assert worker["spec"]["labels"] == {"rack": "seven"}
    assert world.get(DECLARED) is None
    assert node()["spec"]["taints"] == marked
    assert node()["metadata"]["labels"]["gpu-type"] == "training"
    assert world.argo.application("gpu-nodes")["status"]["sync"]["status"] == "OutOfSync"
    world.plane.api.request("DELETE", SPARE)
    world.argo.wait_synced("gpu-nodes", lost)
    assert world.get(SPARE) is None


def _listing(path: str) -> str:
    """Give where a file is named."""
    return f"{path.rpartition('/')[0]}/kustomization.yaml"


def _listed(path: str, text: str) -> str:
    """Add a file to a kustomization's resources."""
    return text.replace("resources:\n", f"resources:\n{_line(path)}")


def _unlisted(path: str, text: str) -> str:
    return text.replace(_line(path), "")


def _line(path: str) -> str:
    return f"  - {path.rpartition('/')[2]}\n"
