"""Where pods come to run, by all that is known of nodes and namespaces: on a real control plane.

The plug-ins by which namespaces give fields to their pods are on here (they are off by default).
"""

import json
from collections.abc import Iterator
from http import HTTPStatus

import msgspec
import pytest

from tests import oracle
from tests.cluster import batch
from tests.cluster.api import MERGE_PATCH, ApiError, Json
from tests.cluster.binaries import Binaries
from tests.cluster.components import Admission
from tests.cluster.controlplane import ControlPlane
from tests.cluster.governed.cluster import Namespace, fresh_name
from tests.cluster.governed.manifests import GPU, pod
from tests.cluster.shipped import apply_kinds, apply_policies
from tests.cluster.simulation import NODES, POOLS, Capacity, create_node
from tests.cluster.waiting import eventually
from tests.cluster.webhook import Watching
from webhook.core.node_filter import read_candidate, refusals
from webhook.core.pod import Pod

pytestmark = pytest.mark.cluster

COUNT, WAIT_SECONDS = 150, 120
PLUGINS = ("PodNodeSelector", "PodTolerationRestriction")
PREFIX = "scheduler.alpha.kubernetes.io"
PRODUCT = "nvidia.com/gpu.product"
TOLERATION: Json = {"key": GPU, "operator": "Exists", "effect": "NoSchedule"}


@pytest.fixture(scope="module")
def plane(binaries: Binaries) -> Iterator[ControlPlane]:
    """Give a control plane with these plug-ins, two nodes a pool, and a replica that watches."""
    with ControlPlane(binaries, admission=Admission(plugins=PLUGINS)) as running:
        apply_kinds(running)
        apply_policies(running)
        for pool, kind in POOLS.items():
            for name in (f"{pool}-1", f"{pool}-2"):
                room = Capacity(pods="900", extended={GPU: "900"} if kind.gpus else {})
                create_node(
                    running.api, name, labels=kind.labels, taints=kind.taints, capacity=room
                )
        with Watching(running):
            yield running


@pytest.fixture(scope="module")
def team(plane: ControlPlane) -> Namespace:
    """Give a namespace that adds nothing."""
    return namespace(plane)


def namespace(plane: ControlPlane, **annotations: str) -> Namespace:
    """Give a fresh namespace with annotations of the plug-ins."""
    name = fresh_name("team")
    keyed = {f"{PREFIX}/{key.replace('_', '-')}": text for key, text in annotations.items()}
    document = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": name, "annotations": keyed},
    }
    plane.kubectl("create", "--filename", "-", input=json.dumps(document))
    account = f"/api/v1/namespaces/{name}/serviceaccounts/default"
    eventually(lambda: plane.api.is_ready(account), f"a ServiceAccount in {name}")
    return Namespace(control_plane=plane, name=name)


def test_a_label_that_discovery_wrote_on_a_node_of_a_pool_is_an_aim(
    plane: ControlPlane, team: Namespace
) -> None:
    labels: Json = {"metadata": {"labels": {PRODUCT: "H100"}}}
    plane.api.request("PATCH", f"{NODES}/training-1", labels, MERGE_PATCH)
    selecting = pod("x", gpus=None, nodeSelector={PRODUCT: "H100"})

    def refused() -> str:
        command = ("create", "--dry-run=server", "--filename", "-")
        return team.kubectl(*command, text=json.dumps(selecting), check=False).stderr

    assert (
        f'spec.nodeSelector["{PRODUCT}"]: {PRODUCT}=H100 selects nodes of pool training, but the '
        "pod asks for no GPU; drop it, ask for a GPU, or have its namespace exempted"
    ) in eventually(refused, "a refusal once the node's label is known")
    team.create(pod("none-has-it", gpus=None, nodeSelector={PRODUCT: "B200"}))


def test_a_toleration_that_the_namespace_adds_is_refused_with_its_origin(
    plane: ControlPlane,
) -> None:
    added = namespace(plane, defaultTolerations=json.dumps([TOLERATION]))
    # The manifest has no toleration at all.
    said = eventually(
        lambda: _said(added, pod("web", gpus=None), "gives it"), "the annotation to be known"
    )
    assert (
        f"tolerates {GPU}=present:NoSchedule of pools development, production,"
        f" training, worker, but the pod asks for no GPU; namespace {added.name} gives it to its "
        f"pods by the annotation {PREFIX}/defaultTolerations: change it there, ask for a GPU, or "
        "have the namespace exempted (GPUPolicy spec.exempt)"
    ) in said


def test_a_selector_that_the_namespace_adds_is_refused_with_its_origin(
    plane: ControlPlane,
) -> None:
    added = namespace(plane, node_selector="node-role=gpu-training")
    said = eventually(
        lambda: _said(added, pod("web", gpus=None), "gives it"), "the annotation to be known"
    )
    origin = f"namespace {added.name} gives it to its pods by the annotation {PREFIX}/node-selector"
    assert (
        'spec.nodeSelector["node-role"]: node-role=gpu-training selects nodes of pool training, '
        f"but the pod asks for no GPU; {origin}: change it there, ask for a GPU"
    ) in said
    assert (
        'spec.nodeSelector["node-role"]: gpu-training contradicts class production: nodes of pool '
        "production carry node-role=gpu-prod; "
        f"{origin}: change it there or name another class"
    ) in added.refused(pod("serve", "production"))
    added.create(pod("train", "training"))
    assert added.bound("train")["spec"]["nodeName"].startswith("training-")


def test_a_namespace_that_forbids_what_is_injected_is_refused_by_the_plug_in_and_not_by_us(
    plane: ControlPlane,
) -> None:
    waiting: Json = {"key": "node.kubernetes.io/not-ready", "operator": "Exists"}
    forbids = namespace(plane, tolerationsWhitelist=json.dumps([waiting]))
    said = forbids.refused(pod("x", "training"))
    assert "gpuclass" not in said
    assert "pod tolerations" in said


REACHED = {
    "general": {"worker"},
    "development": {"development"},
    "production": {"production"},
    "training": {"training", "development", "worker"},
}
"""Pools by class; training is Preferred: if need be on workers, whose one taint it tolerates, and
on what further GPU nodes its author tolerates."""


@pytest.mark.parametrize(
    "seed",
    [1, *(pytest.param(number, marks=pytest.mark.slow) for number in range(2, 12))],
)
def test_of_a_batch_of_any_pods_not_one_runs_in_the_wrong_place(
    plane: ControlPlane, seed: int
) -> None:
    space, nodes = namespace(plane), plane.api.request("GET", NODES)["items"]
    manifests = batch.pods(seed, COUNT, tuple(each["metadata"]["name"] for each in nodes))
    for manifest in manifests:
        _create(space, manifest)
    bound_by_itself = {each["metadata"]["name"] for each in manifests if "nodeName" in each["spec"]}
    settled = eventually(lambda: _settled(space), "an answer about each pod", WAIT_SECONDS)
    for found in settled:
        chosen = found["spec"].get("nodeName")
        assert chosen is None or pool_of(chosen) in _allowed(found), found["spec"]
        if found["metadata"]["name"] not in bound_by_itself:
            _assert_ours(found, nodes)
    assert {"nodeName" in each["spec"] for each in settled} == {True, False}
    assert 0 < len(settled) < COUNT


def _assert_ours(found: Json, nodes: list[Json]) -> None:
    """Assert that the scheduler's choice is among ours, and the oracle's; that it has one, if any.

    Every node has room for all.
    """
    spec = {key: value for key, value in found["spec"].items() if key != "nodeName"}
    pod, chosen = {"spec": spec}, found["spec"].get("nodeName")
    by_ours = set(nodes_of(pod, nodes))
    by_oracle = {each["metadata"]["name"] for each in nodes if oracle.may_run(pod, each)}
    assert by_ours <= by_oracle
    assert chosen in by_ours if chosen else not by_ours, (spec, by_ours)


def _create(space: Namespace, manifest: Json) -> None:
    """Create a pod, unless we refuse it; nobody else may."""
    path = f"/api/v1/namespaces/{space.name}/pods"
    try:
        space.control_plane.api.request("POST", path, manifest)
    except ApiError as error:
        if error.status != HTTPStatus.FORBIDDEN or "gpuclass.io" not in str(error):
            raise


def _settled(space: Namespace) -> list[Json]:
    """Give all pods once the scheduler has answered about each."""
    pods = space.pods()
    return pods if all(each["spec"].get("nodeName") or _waits(each) for each in pods) else []


def _waits(found: Json) -> bool:
    conditions = found["status"].get("conditions", [])
    return any(each.get("reason") == "Unschedulable" for each in conditions)


def nodes_of(found: Json, nodes: list[Json]) -> Iterator[str]:
    """Give the nodes on which our filter lets a pod."""
    read = msgspec.convert(found, Pod)
    for each in nodes:
        if not refusals(read, read_candidate(each)):
            yield each["metadata"]["name"]


def pool_of(node: str) -> str:
    """Give the pool of a node."""
    return node.rpartition("-")[0]


def _allowed(found: Json) -> set[str]:
    """Give the pools on which a pod may run, by the words of the documentation."""
    if GPU not in found["spec"]["containers"][0].get("resources", {}).get("limits", {}):
        return {"cpu-a", "cpu-b"}
    named = found["metadata"].get("annotations", {}).get("gpu-class", "general")
    own = [each for each in found["spec"]["tolerations"] if each.get("operator") == "Exists"]
    opens_all = any(each.get("key", "gpu-type") == "gpu-type" for each in own)
    further = {"production"} if named == "training" and opens_all else set()
    return REACHED[named] | further


def _said(space: Namespace, manifest: Json, words: str) -> str:
    """Give what a pod is refused with, once it has these words."""
    command = ("create", "--dry-run=server", "--filename", "-")
    said = space.kubectl(*command, text=json.dumps(manifest), check=False).stderr
    return said if words in said else ""
