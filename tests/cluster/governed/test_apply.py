"""The same manifest applied twice: no drift, no refusal, by either way of applying."""

import json

import pytest

from tests.cluster.api import Json
from tests.cluster.governed.cluster import Namespace
from tests.cluster.governed.manifests import pod, workload

pytestmark = pytest.mark.cluster

SERVER_SIDE = ("--server-side", "--force-conflicts")
WAYS = [pytest.param((), id="client-side"), pytest.param(SERVER_SIDE, id="server-side")]

OWN_TOLERATION: Json = {"key": "example.com/team", "operator": "Exists", "effect": "NoSchedule"}
OWN_AFFINITY: Json = {
    "nodeAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": {
            "nodeSelectorTerms": [
                {
                    "matchExpressions": [
                        {"key": "kubernetes.io/os", "operator": "In", "values": ["linux"]}
                    ]
                }
            ]
        }
    }
}


def spec_of(found: Json) -> Json:
    return {
        key: found["spec"].get(key)
        for key in ("affinity", "tolerations", "priorityClassName", "priority", "preemptionPolicy")
    }


@pytest.mark.parametrize("flags", WAYS)
@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job"])
def test_a_workload_applied_again_does_not_change(
    team: Namespace, kind: str, flags: tuple[str, ...]
) -> None:
    manifest = workload(kind, "x", "training")
    team.apply(manifest, flags=flags)
    before = team.get(kind, "x")["metadata"]
    for _ in range(2):
        team.apply(manifest, flags=flags)
    after = team.get(kind, "x")["metadata"]
    assert after["generation"] == before["generation"]
    diff = team.kubectl("diff", "--filename", "-", *flags, text=json.dumps(manifest), check=False)
    assert (diff.returncode, diff.stdout) == (0, "")


@pytest.mark.parametrize("flags", WAYS)
@pytest.mark.parametrize(
    "own",
    [
        pytest.param({}, id="nothing of its own"),
        pytest.param({"tolerations": [OWN_TOLERATION]}, id="its own tolerations"),
        pytest.param({"affinity": OWN_AFFINITY}, id="its own affinity"),
        pytest.param(
            {"affinity": OWN_AFFINITY, "tolerations": [OWN_TOLERATION], "priorityClassName": "own"},
            id="its own affinity, tolerations and priority class",
        ),
    ],
)
def test_a_bare_pod_applied_again_keeps_what_was_injected(
    team: Namespace, own: Json, flags: tuple[str, ...]
) -> None:
    manifest = pod("x", "training", **own)
    team.apply(manifest, flags=flags)
    before = spec_of(team.bound("x"))
    for _ in range(2):
        team.apply(manifest, flags=flags)
    assert spec_of(team.get("pod", "x")) == before
    assert before["priorityClassName"] == "gpu-batch-priority"


@pytest.mark.parametrize("flags", WAYS)
def test_a_steered_cpu_pod_applied_again_keeps_its_anti_affinity(
    team: Namespace, flags: tuple[str, ...]
) -> None:
    manifest = pod("x", gpus=None, tolerations=[{"operator": "Exists"}], affinity=OWN_AFFINITY)
    team.apply(manifest, flags=flags)
    before = spec_of(team.bound("x"))
    team.apply(manifest, flags=flags)
    assert spec_of(team.get("pod", "x")) == before


def test_a_class_that_was_annotated_by_hand_survives_an_apply_that_does_not_name_it(
    team: Namespace,
) -> None:
    manifest = workload("Deployment", "x")
    team.apply(manifest)
    team.kubectl("annotate", "deployment", "x", "gpu-class=production")
    before = team.get("deployment", "x")
    team.apply(manifest)
    after = team.get("deployment", "x")
    assert after["metadata"]["generation"] == before["metadata"]["generation"]
    template = after["spec"]["template"]["metadata"]
    assert template["annotations"] == {"gpu-class": "production"}


@pytest.mark.parametrize("flags", WAYS)
def test_a_class_that_leaves_the_manifest_leaves_the_template(
    team: Namespace, flags: tuple[str, ...]
) -> None:
    team.apply(workload("Deployment", "x", "production"), flags=flags)
    team.apply(workload("Deployment", "x"), flags=flags)
    found = team.get("deployment", "x")
    assert "gpu-class" not in found["metadata"].get("annotations", {})
    assert "annotations" not in found["spec"]["template"]["metadata"]
