"""What is known of nodes and namespaces, in decisions about pods: on a real API server.

The plug-ins by which namespaces give fields to their pods are on here (they are off by default).
"""

import json
from collections.abc import Iterator

import pytest

from tests.cluster.api import MERGE_PATCH, Json
from tests.cluster.binaries import Binaries
from tests.cluster.components import Admission
from tests.cluster.controlplane import ControlPlane
from tests.cluster.governed.cluster import Namespace, fresh_name
from tests.cluster.governed.manifests import GPU, pod
from tests.cluster.simulation import NODES, POOLS, create_pool
from tests.cluster.waiting import eventually
from tests.cluster.webhook import Watching, apply_documents

pytestmark = pytest.mark.cluster

PLUGINS = ("PodNodeSelector", "PodTolerationRestriction")
PREFIX = "scheduler.alpha.kubernetes.io"
PRODUCT = "nvidia.com/gpu.product"
TOLERATION: Json = {"key": GPU, "operator": "Exists", "effect": "NoSchedule"}


@pytest.fixture(scope="module")
def plane(binaries: Binaries) -> Iterator[ControlPlane]:
    """Give a control plane with these plug-ins, two nodes a pool, and a replica that watches."""
    with ControlPlane(binaries, admission=Admission(plugins=PLUGINS)) as running:
        apply_documents(running)
        for name in POOLS:
            create_pool(running.api, name, 2)
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


def _said(space: Namespace, manifest: Json, words: str) -> str:
    """Give what a pod is refused with, once it has these words."""
    command = ("create", "--dry-run=server", "--filename", "-")
    said = space.kubectl(*command, text=json.dumps(manifest), check=False).stderr
    return said if words in said else ""
