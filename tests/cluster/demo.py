"""`make demo`: gpuclass installed in front of a real API server and scheduler, step by step.

Every line that begins with `$` is a command that was run, what follows is what it printed. With
`--once` the demo ends after its last step instead of staying up.
"""

import json
import shlex
import shutil
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.cluster.access import KubectlError
from tests.cluster.api import Json
from tests.cluster.binaries import find
from tests.cluster.controlplane import ControlPlane
from tests.cluster.gobuild import BinariesUnavailable
from tests.cluster.governed.cluster import Namespace
from tests.cluster.governed.manifests import GPU, pod, workload
from tests.cluster.installed import Installed
from tests.cluster.process import ComponentFailed
from tests.cluster.shipped import POLICIES
from tests.cluster.simulation import PodRunner, create_pool
from tests.cluster.waiting import eventually
from webhook.core.errors import GpuclassError

NODES: Mapping[str, int] = {"worker": 2, "production": 2, "training": 2, "cpu-a": 1, "cpu-b": 1}
TEAM = "team-a"
BAD = 2

_COLUMNS = (
    "custom-columns=POD:.metadata.name,CLASS:.metadata.labels.gpuclass\\.io/class,"
    "NODE:.spec.nodeName,PRIORITY CLASS:.spec.priorityClassName,PRIORITY:.spec.priority"
)


class Show:
    """Says what happens, runs what it says, and prints what comes of it."""

    def __init__(self, namespace: Namespace) -> None:
        """Take where commands run."""
        self._namespace = namespace

    def say(self, text: str) -> None:
        """Say what comes next."""
        print(f"\n\x1b[1m{text}\x1b[0m" if sys.stdout.isatty() else f"\n{text}", flush=True)

    def run(self, *arguments: str, hidden: tuple[str, ...] = (), text: str | None = None) -> None:
        """Run a kubectl command and print it with its answer; a refusal is an answer too.

        `hidden` are flags that only bring the answer into a shape that fits the screen.
        """
        print(f"  $ kubectl {shlex.join(arguments)}", flush=True)
        answer = self._namespace.kubectl(*arguments, *hidden, text=text, check=False)
        for line in (answer.stdout + answer.stderr).splitlines():
            print(f"    {line}", flush=True)

    def edit(self, kind: str, name: str, patch: Json) -> None:
        """Change an object by a merge patch."""
        self.run("patch", kind, name, "--type=merge", f"--patch={json.dumps(patch)}")

    def pods(self) -> None:
        """Show which pods run where, once the Deployment's rollout is complete."""
        self._namespace.rolled("trainer")
        self.run("get", "pods", hidden=("--output", _COLUMNS))


def show(team: Namespace) -> None:
    """Go through the story: a class by annotation, and a CPU pod that is refused."""
    stage = Show(team)
    stage.say("The nodes: three pools with GPUs, each tainted, and two without")
    stage.run("get", "nodes", "--label-columns", "nvidia.com/gpu.present,gpu-type,node-role")
    stage.say(f"A Deployment that asks for {GPU}: 1, and says nothing of where to run")
    _create(team, workload("Deployment", "trainer"))
    stage.pods()
    stage.say("One word, and its pods roll to where training belongs, at batch priority")
    stage.run("annotate", "deployment", "trainer", "gpu-class=training")
    stage.pods()
    stage.say("A pod without GPUs that tolerates the taint of GPU nodes is refused, and told why")
    aiming = pod("web", gpus=None, tolerations=[{"key": GPU, "operator": "Exists"}])
    stage.run("create", "--filename", "-", hidden=("--output=name",), text=json.dumps(aiming))
    stage.say("A class that does not exist is refused where it is written")
    stage.run("annotate", "deployment", "trainer", "gpu-class=trainin", "--overwrite")


def show_edits(team: Namespace, stack: ExitStack) -> None:
    """Go on with policies: one is edited, one is broken, one is changed in files, as Git has it."""
    stage = Show(team)
    stage.say("Policies are objects: who edits one changes what every replica decides")
    patch = {"spec": {"pools": [{"name": "production"}], "placement": "Required"}}
    stage.edit("gpuclass", "training", patch)
    print(f"    in force after {_seconds_until(team, 'production'):.2f} s", flush=True)
    stage.say("An edit that fits no other document is refused where it is written")
    stage.edit("gpuclass", "training", {"spec": {"pools": [{"name": "prodction"}]}})
    stage.say("A commit: the files as they are shipped are synced again")
    folder = Path(stack.enter_context(TemporaryDirectory())) / "policies"
    shutil.copytree(POLICIES, folder)
    print("  $ kubectl apply --server-side --force-conflicts -k policies/", flush=True)
    team.kubectl("apply", "--server-side", "--force-conflicts", "-k", str(folder))
    print(f"    in force after {_seconds_until(team, 'training'):.2f} s", flush=True)
    path, api = "/apis/gpuclass.io/v1alpha1/gpuclasses/training", team.control_plane.api
    eventually(
        lambda: api.request("GET", path)["status"]["poolNames"].startswith("training"), "its status"
    )
    stage.run("get", "gpuclasses")
    stage.run("get", "gpunodepools")


def _seconds_until(team: Namespace, pool: str) -> float:
    """Wait until pods of class training are led to a pool; give how long that took."""
    began = time.monotonic()
    path = f"/api/v1/namespaces/{team.name}/pods?dryRun=All"

    def is_led() -> bool:
        made = team.control_plane.api.request("POST", path, pod("probe-", "training"))
        return any(each.get("value") == pool for each in made["spec"]["tolerations"])

    eventually(is_led, f"the edit to lead pods to {pool}")
    return time.monotonic() - began


def _create(team: Namespace, manifest: Json) -> None:
    print("  $ kubectl create --filename trainer.yaml", flush=True)
    team.create(manifest)


def main(arguments: list[str]) -> int:
    """Run the demo; give the exit code."""
    try:
        with ExitStack() as stack:
            return _run(stack, once="--once" in arguments)
    except (BinariesUnavailable, ComponentFailed, GpuclassError, KubectlError) as fault:
        print(f"the demo can not go on: {fault}", file=sys.stderr)
        return BAD
    except KeyboardInterrupt:
        return 130


def _run(stack: ExitStack, *, once: bool) -> int:
    print("etcd, kube-apiserver, kube-scheduler, kube-controller-manager: starting", flush=True)
    control_plane = stack.enter_context(ControlPlane(find(_progress)))
    print("gpuclass: deploy/base and policies/ applied; a controller, two servers", flush=True)
    installed = stack.enter_context(Installed(control_plane, servers=2))
    print(f"  the first pod got its class {installed.seconds:.0f} s later", flush=True)
    for pool, count in NODES.items():
        create_pool(control_plane.api, pool, count)
    stack.enter_context(PodRunner(control_plane.api))
    control_plane.kubectl("create", "namespace", TEAM)
    team = Namespace(control_plane=control_plane, name=TEAM)
    show(team)
    show_edits(team, stack)
    for line in _ending(control_plane):
        print(line, flush=True)
    if not once:
        _wait()
        print("\nending ...", flush=True)
    return 0


def _progress(line: str) -> None:
    print(f"  {line}", flush=True)


def _ending(control_plane: ControlPlane) -> Iterator[str]:
    kubectl = control_plane.kubectl_path
    yield "\nIt stays up until Ctrl-C. In another terminal:"
    yield f"  export KUBECONFIG={control_plane.kubeconfig}"
    yield f"  {kubectl} -n {TEAM} get pods -o wide"
    yield f"  {kubectl} -n {TEAM} annotate deployment trainer gpu-class=production --overwrite"
    yield f"  {kubectl} explain gpuclass.spec"
    yield f"  {kubectl} edit gpuclass training"


def _wait() -> None:
    """Wait for Ctrl-C or SIGTERM."""
    over = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: over.set())
    over.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
