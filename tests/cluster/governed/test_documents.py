"""Documents as they are written to a cluster that gpuclass governs: what its author is told."""

import json
from collections.abc import Iterator

import pytest

from tests.cluster.api import Json
from tests.cluster.controlplane import ControlPlane
from tests.cluster.shipped import CRDS, POLICIES, apply_kinds
from tests.cluster.waiting import eventually
from tests.cluster.webhook import Webhook
from tests.core.policy.bad_documents import gpu_class, policy, pool
from webhook.core.policy import crd

pytestmark = pytest.mark.cluster

DENIED = (
    'Error from server (Forbidden): admission webhook "policies.gpuclass.io" denied the request'
)
ORDER = "; apply what is named first: PriorityClasses, then pools, classes, the policy"


@pytest.fixture(scope="module")
def cluster(
    governed: ControlPlane,
    webhook: Webhook,  # noqa: ARG001 # that is governed
) -> Iterator[ControlPlane]:
    """Give the governed control plane with our kinds and the shipped documents of them."""
    apply_kinds(governed)
    eventually(lambda: refused(governed, UNKNOWN_POOL), "documents to be sent to the webhook")
    governed.kubectl("apply", "--server-side", "--force-conflicts", "-k", str(POLICIES))
    yield governed
    governed.kubectl("delete", "-k", str(CRDS))


UNKNOWN_POOL = gpu_class("unsound", pools=[{"name": "trainig"}])


def refused(plane: ControlPlane, document: Json, *flags: str) -> str:
    """Give what kubectl prints where it can not apply a document; nothing where it can."""
    answer = plane.kubectl(
        *("apply", "--server-side", "-f", "-", *flags), input=json.dumps(document), check=False
    )
    return answer.stderr if answer.returncode else ""


def warned(plane: ControlPlane, *arguments: str, text: str | None = None) -> list[str]:
    """Give the warnings that kubectl prints."""
    lines = plane.kubectl(*arguments, input=text).stderr.splitlines()
    return [each.removeprefix("Warning: ") for each in lines if each.startswith("Warning: ")]


def test_the_shipped_documents_are_let_in_and_taken_again(cluster: ControlPlane) -> None:
    assert warned(cluster, "apply", "--server-side", "-k", str(POLICIES)) == []
    found = cluster.kubectl("get", crd.CATEGORY, "-o", "name").stdout.split()
    assert len(found) == 9


@pytest.mark.parametrize("flags", [[], ["--dry-run=server"]], ids=["stored", "dry-run"])
def test_every_fault_is_said_at_once(cluster: ControlPlane, flags: list[str]) -> None:
    document = gpu_class(
        "unsound",
        pools=[{"name": "trainig"}, {"name": "worker"}],
        priorityClassName="gpu-batch",
    )
    said = refused(cluster, document, *flags)
    assert said.splitlines() == [
        f"{DENIED}: ",
        "- spec.pools[0].name: there is no GPUNodePool trainig; known: development, production,"
        f" training, worker; did you mean training?{ORDER} (rule document)",
        "- spec.priorityClassName: there is no PriorityClass gpu-batch; known: gpu-batch-priority,"
        f" gpu-high-priority; did you mean gpu-batch-priority?{ORDER} (rule document)",
    ]


def test_a_node_of_another_pool_is_refused(cluster: ControlPlane) -> None:
    said = refused(cluster, pool("mine", claims={"names": ["gpu-train-7"]}))
    assert (
        "spec.claims.names[0]: gpu-train-7: pool training claims such nodes by gpu-train-*" in said
    )


def test_warnings_are_shown_of_what_is_let_in_whenever_its_spec_is_written(
    cluster: ControlPlane,
) -> None:
    told = [
        "spec.taints: no taint has effect NoSchedule or NoExecute, so CPU pods may land on its"
        " nodes: add one, such as nvidia.com/gpu=present:NoSchedule"
    ]
    apply = ("apply", "--server-side", "-f", "-")
    assert warned(cluster, *apply, text=json.dumps(pool("untainted", taints=[]))) == told
    # What changes no spec is not sent.
    assert warned(cluster, "annotate", "gpunodepool/untainted", "note=1") == []
    labelled = pool("untainted", taints=[], labels={"team": "a"})
    assert warned(cluster, *apply, text=json.dumps(labelled)) == told
    cluster.kubectl("delete", "gpunodepool/untainted")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        pytest.param(
            "gpunodepool/worker",
            "pool worker is still named by GPUClass general: change that;"
            " the last good policy stays in force until then",
            id="a pool",
        ),
        pytest.param(
            "gpuclass/general",
            "class general is still named by GPUPolicy cluster: change that;"
            " the last good policy stays in force until then",
            id="the default class",
        ),
        pytest.param(
            "gpupolicy/cluster",
            "without a GPUPolicy no pod is placed and none refused;"
            " mode Off does the same and keeps it",
            id="the policy",
        ),
    ],
)
def test_deleting_is_warned_of(cluster: ControlPlane, name: str, told: str) -> None:
    assert warned(cluster, "delete", name, "--dry-run=server") == [told]


def test_while_nobody_answers_documents_can_be_broken_and_mended(
    cluster: ControlPlane, webhook: Webhook
) -> None:
    webhook.kill()
    try:
        assert refused(cluster, policy(mode="Off"), "--dry-run=server", "--force-conflicts") == ""
        assert warned(cluster, "delete", "gpupolicy/cluster", "--dry-run=server") == []
        assert refused(cluster, UNKNOWN_POOL) == ""
        # What one object can know is refused by its schema all the same.
        weightless = gpu_class("unsound", pools=[{"name": "worker", "weight": 0}])
        assert "spec.pools[0].weight" in refused(cluster, weightless)
    finally:
        webhook.restart()
    worse = gpu_class("unsound", pools=[{"name": "trainig"}, {"name": "devel"}])
    eventually(lambda: refused(cluster, worse), "the webhook to answer again")
    assert "spec.pools[1].name: there is no GPUNodePool devel" in refused(cluster, worse)
    assert "trainig" not in refused(cluster, worse)
    assert refused(cluster, gpu_class("unsound", pools=[{"name": "training"}])) == ""
    cluster.kubectl("delete", "gpuclass/unsound")
