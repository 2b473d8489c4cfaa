"""What `make e2e` proves, a function each, in order: the bootstrap as docs/bootstrap.md has it."""

import json
import os
from collections.abc import Callable, Mapping

import webhook
from tests.cluster.api import Json
from tests.cluster.waiting import eventually
from tests.core.given import shipped
from tests.e2e.machine import BOOTSTRAP, ROOT, Machine, UnprovedError, expect
from webhook.core import join
from webhook.core.names import API_GROUP, NAMESPACE
from webhook.core.policy import crd

NODE, POOL, GPUS = "gpu-train-1", "training", "2"
ADD = ("add", NODE, "--type", POOL, "--gpus", f"mock:{GPUS}")
CPU_PODS = 12
SECONDS = 300
REPOSITORY = "E2E_REPO_URL"


def cluster(machine: Machine) -> str:
    """Make the cluster, twice; its control plane is tainted, and kind's token gone."""
    command = (str(BOOTSTRAP / "cluster"), "--name", machine.cluster)
    machine.run(*command)
    again = machine.run(*command)
    expect(holds="is there already" in again, what=f"the second run made something:\n{again}")
    node = machine.get("node", f"{machine.cluster}-control-plane")
    keys = [each["key"] for each in node["spec"].get("taints", [])]
    expect(holds="node-role.kubernetes.io/control-plane" in keys, what=f"control plane: {keys}")
    expect(holds=not tokens(machine), what="a bootstrap token was left")
    return "two nodes, the control plane tainted, no token left; the second run made nothing"


def waiting_pods(machine: Machine) -> str:
    """Let CPU pods wait for the node to come."""
    pods = [_pod(f"cpu-{number}") for number in range(CPU_PODS)]
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": pods})
    machine.kubectl("create", "--filename", "-", text=text)
    return f"{CPU_PODS} CPU pods wait for {NODE}"


def add(machine: Machine) -> str:
    """Add the node; it is as its pool says, offers GPUs, and no pod slipped onto it."""
    machine.script("gpu-node", *ADD)
    node = machine.get("node", NODE)
    pool = next(each for each in shipped().pools if each.name == POOL)
    lacking = join.differences(pool, node)
    expect(holds=not lacking, what=f"{NODE}: {lacking}")
    offered = node["status"]["allocatable"].get("nvidia.com/gpu")
    expect(holds=offered == GPUS, what=f"{NODE} offers {offered} GPUs")
    expect(holds=not tokens(machine), what="a bootstrap token was left")
    eventually(lambda: _judged(machine) == CPU_PODS, "the scheduler to judge every pod", SECONDS)
    before = node["metadata"]["creationTimestamp"]
    machine.script("gpu-node", *ADD)
    after = machine.get("node", NODE)["metadata"]["creationTimestamp"]
    expect(holds=before == after, what="the second run made the node anew")
    return f"{NODE} joined with labels and taints, offers {GPUS}; none of {CPU_PODS} pods landed"


def argocd(machine: Machine) -> str:
    """Install Argo CD and let it sync a repository."""
    url = os.environ.get(REPOSITORY, "")
    if not url:
        raise UnprovedError(f"set {REPOSITORY} to a repository that the cluster reaches")
    machine.script("argocd", "--repo-url", url)
    return f"Argo CD is up, and root is synced from {url}"


def governed(machine: Machine) -> str:
    """Build the image, install gpuclass, and let `verify` find all of it well."""
    image = f"gpuclass:{webhook.__version__}"
    machine.run("docker", "build", "--quiet", "--tag", image, str(ROOT))
    machine.run("kind", "load", "docker-image", image, "--name", machine.cluster)
    machine.kubectl("apply", "--server-side", "--kustomize", str(ROOT / "deploy" / "base"))
    kinds = [f"crd/{each}.{API_GROUP}" for each in crd.RESOURCES]
    machine.kubectl("wait", "--for=condition=Established", "--timeout=60s", *kinds)
    machine.kubectl("apply", "--server-side", "--kustomize", str(ROOT / "policies"))
    for each in ("gpuclass", "gpuclass-controller"):
        flags = ("--namespace", NAMESPACE, f"--timeout={SECONDS}s")
        machine.kubectl("rollout", "status", f"deployment/{each}", *flags)
    eventually(lambda: _is_well(machine), "every check of verify to pass", SECONDS)
    return "gpuclass runs from its image, and verify finds every check well"


def remove(machine: Machine) -> str:
    """Take the node away again, twice."""
    machine.script("gpu-node", "remove", NODE, "--delete-bare-pods")
    names = [each["metadata"]["name"] for each in machine.get("nodes")["items"]]
    expect(holds=NODE not in names, what=f"nodes: {names}")
    left = machine.run("docker", "ps", "--all", "--filter", f"name=^{NODE}$", "--quiet")
    expect(holds=not left.strip(), what=f"a container is left: {left}")
    machine.script("gpu-node", "remove", NODE)
    return "drained and gone, container and Node; the second run did nothing"


def tokens(machine: Machine) -> list[Json]:
    """Give the bootstrap tokens that there are."""
    kind = "--field-selector=type=bootstrap.kubernetes.io/token"
    found: list[Json] = machine.get("secrets", "--namespace", "kube-system", kind)["items"]
    return found


def _pod(name: str) -> Json:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {
            "nodeSelector": {"kubernetes.io/hostname": NODE},
            "containers": [{"name": "c", "image": "registry.k8s.io/pause:3.10"}],
        },
    }


def _judged(machine: Machine) -> int:
    """Count the pods that the scheduler holds back for the taint; one that landed is a failure."""
    items = machine.get("pods")["items"]
    landed = [each["metadata"]["name"] for each in items if "nodeName" in each["spec"]]
    expect(holds=not landed, what=f"pods slipped onto {NODE}: {landed}")
    said = [each["status"].get("conditions") or [{}] for each in items]
    return sum("taint" in each[0].get("message", "") for each in said)


def _is_well(machine: Machine) -> bool:
    command = (str(BOOTSTRAP / "verify"), "--context", machine.context, "--output", "json")
    checks = json.loads(machine.run("sh", "-c", f"{' '.join(command)} || true"))
    return not [each for each in checks if each["verdict"] == "FAILED"]


STEPS: Mapping[str, Callable[[Machine], str]] = {
    "cluster": cluster,
    "waiting pods": waiting_pods,
    "gpu-node add": add,
    "argocd": argocd,
    "verify": governed,
    "gpu-node remove": remove,
}
