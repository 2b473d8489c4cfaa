"""Pods that are written again: no back door, and never in anybody's way."""

from http import HTTPStatus

import pytest

from tests.cluster.api import MERGE_PATCH, ApiError, Json
from tests.cluster.components import ADMIN_GROUPS
from tests.cluster.governed.cluster import Namespace
from tests.cluster.governed.manifests import GPU, pod
from tests.cluster.governed.test_shapes import expression, requiring, terms_of
from tests.cluster.waiting import eventually

pytestmark = pytest.mark.cluster

TOLERATION: Json = {"key": GPU, "operator": "Exists", "effect": "NoSchedule"}
GATED: Json = {"schedulingGates": [{"name": "example.com/wait"}]}
DENIED = "denied the request"
EXEMPT = ("gpuclass:node-debuggers", *ADMIN_GROUPS)
"""What they make is as if it had been there before the policy."""


def path(team: Namespace, name: str, sub_resource: str = "") -> str:
    return f"/api/v1/namespaces/{team.name}/pods/{name}{sub_resource}"


def patched(team: Namespace, name: str, body: Json, sub_resource: str = "") -> str:
    """Patch a pod; give the words of a refusal."""
    try:
        team.control_plane.api.request("PATCH", path(team, name, sub_resource), body, MERGE_PATCH)
    except ApiError as error:
        return str(error)
    return ""


def test_a_gated_cpu_pod_gains_no_way_to_gpu_nodes(team: Namespace) -> None:
    team.create(pod("x", gpus=None, **GATED))
    tolerations = team.get("pod", "x")["spec"]["tolerations"]
    for brought, field in (
        ({"nodeSelector": {"gpu-type": "training"}}, 'spec.nodeSelector["gpu-type"]'),
        (
            {"affinity": requiring({"matchExpressions": [expression("gpu-type", "training")]})},
            "nodeSelectorTerms[0].matchExpressions[0]",
        ),
        (
            {"affinity": requiring({"matchFields": [expression("metadata.name", "gpu-train-7")]})},
            "nodeSelectorTerms[0].matchFields[0]",
        ),
        ({"tolerations": [*tolerations, TOLERATION]}, "spec.tolerations[2]"),
        ({"tolerations": [*tolerations, {"operator": "Exists"}]}, "spec.tolerations[2]"),
    ):
        said = patched(team, "x", {"spec": brought})
        assert DENIED in said
        assert field in said
    assert patched(team, "x", {"spec": {"nodeSelector": {"node-role": "cpu"}}}) == ""
    assert patched(team, "x", {"spec": {"schedulingGates": []}}) == ""
    assert team.bound("x")["spec"]["nodeName"].startswith("cpu-")


def test_a_gated_gpu_pod_is_narrowed_and_never_widened(team: Namespace) -> None:
    team.create(pod("x", "training", **GATED))
    injected = terms_of(team.get("pod", "x"))
    wider = requiring(*injected, {"matchExpressions": [expression("node-role", "cpu")]})
    said = patched(team, "x", {"spec": {"affinity": wider}})
    assert "no additions/deletions to non-empty NodeSelectorTerms list are allowed" in said
    (term,) = injected
    narrower = [*term["matchExpressions"], expression("gpu-type", "development")]
    assert (
        patched(team, "x", {"spec": {"affinity": requiring({"matchExpressions": narrower})}}) == ""
    )
    assert patched(team, "x", {"spec": {"schedulingGates": None}}) == ""
    assert team.bound("x")["spec"]["nodeName"].startswith("development-")


def test_what_was_there_before_the_policy_is_written_and_deleted_as_ever(team: Namespace) -> None:
    who = team.control_plane.api.acting_as("dana", EXEMPT)
    before = pod("x", gpus=None, nodeName="training-1", tolerations=[TOLERATION])
    before["metadata"]["finalizers"] = ["example.com/hold"]
    who.request("POST", path(team, "").rstrip("/"), before)
    eventually(lambda: team.get("pod", "x")["status"].get("phase") == "Running", "it to run")
    tolerations = team.get("pod", "x")["spec"]["tolerations"]
    other = {"key": "example.com/x", "operator": "Exists"}
    for body, sub_resource in (
        ({"metadata": {"labels": {"step": "1"}, "annotations": {"note": "1"}}}, ""),
        ({"spec": {"containers": None}, "status": {"message": "told"}}, "/status"),
        ({"spec": {"activeDeadlineSeconds": 86_400}}, ""),
        ({"spec": {"tolerations": [*tolerations, other]}}, ""),
    ):
        assert patched(team, "x", body, sub_resource) == "", body
    assert DENIED in patched(
        team,
        "x",
        {"spec": {"tolerations": [*tolerations, other, {"key": "gpu-type", "operator": "Exists"}]}},
    )
    team.kubectl("delete", "pod", "x", "--wait=false")
    assert "deletionTimestamp" in team.get("pod", "x")["metadata"]
    assert patched(team, "x", {"metadata": {"finalizers": None}}) == ""
    eventually(lambda: not team.pods(), "the pod to be gone")


def test_sub_resources_of_pods_carry_no_gpu_and_wait_for_nobody(team: Namespace) -> None:
    team.create(pod("cpu", gpus=None), pod("gpu", "training"))
    team.bound("cpu")
    team.bound("gpu")
    api = team.control_plane.api
    resources = {"limits": {GPU: "1"}}
    debugger: Json = {"name": "debug", "image": "example.com/debug:1"}
    for name in ("cpu", "gpu"):
        greedy = {"spec": {"ephemeralContainers": [{**debugger, "resources": resources}]}}
        said = patched(team, name, greedy, "/ephemeralcontainers")
        assert "cannot be set for an Ephemeral Container" in said
        assert DENIED not in said
        plain = {"spec": {"ephemeralContainers": [debugger]}}
        assert patched(team, name, plain, "/ephemeralcontainers") == ""
    found = team.get("pod", "cpu")["spec"]["containers"]
    resized = {"spec": {"containers": [{**found[0], "resources": resources}]}}
    said = patched(team, "cpu", resized, "/resize")
    assert f"{HTTPStatus.UNPROCESSABLE_ENTITY}" in said
    assert DENIED not in said
    for name in ("cpu", "gpu"):
        eviction = {
            "apiVersion": "policy/v1",
            "kind": "Eviction",
            "metadata": {"name": name, "namespace": team.name},
        }
        api.request("POST", path(team, name, "/eviction"), eviction)
    eventually(lambda: not team.pods(), "both to be evicted")
