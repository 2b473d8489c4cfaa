"""Pods bound to GPU nodes by somebody who goes round the scheduler, and by the scheduler."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.cluster.api import Json
from tests.cluster.governed.cluster import Namespace
from tests.cluster.governed.manifests import pod

pytestmark = pytest.mark.cluster

MAY_BIND: Json = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "Role",
    "metadata": {"name": "binder"},
    "rules": [{"apiGroups": [""], "resources": ["pods/binding", "bindings"], "verbs": ["create"]}],
}
TENANT = "tenant"
GPU_NODE = "gpu-train-7"
"""Claimed by name: this server watches no nodes. The API server binds to one that is not there."""
CPU_NODE = "cpu-a-1"


def granted(team: Namespace) -> Path:
    """Give the kubeconfig of a tenant who may bind pods, as far as RBAC goes."""
    team.apply(MAY_BIND)
    team.kubectl("create", "rolebinding", "binder", "--role=binder", f"--user={TENANT}")
    return team.control_plane.kubeconfig_for(TENANT)


def bind(team: Namespace, name: str, node: str, path: str) -> subprocess.CompletedProcess[str]:
    """Bind a pod to a node as the tenant, by one of both ways."""
    manifest: Json = {
        "apiVersion": "v1",
        "kind": "Binding",
        "metadata": {"name": name},
        "target": {"apiVersion": "v1", "kind": "Node", "name": node},
    }
    return team.control_plane.kubectl(
        *("create", "--raw", f"/api/v1/namespaces/{team.name}/{path}", "--filename", "-"),
        input=json.dumps(manifest),
        check=False,
        as_=granted(team),
    )


@pytest.mark.parametrize("path", ["pods/x/binding", "bindings"])
def test_a_tenant_who_may_bind_pods_binds_none_to_a_gpu_node(team: Namespace, path: str) -> None:
    team.create(pod("x", gpus=None, schedulerName="nobody"))
    answer = bind(team, "x", GPU_NODE, path)
    assert answer.returncode != 0
    assert (
        'admission webhook "bindings.gpuclass.io" denied the request: target.name: gpu-train-7 is '
        "a node of pool training, to which only schedulers bind pods, and tenant is none; let the "
        "scheduler place the pod, or have tenant listed in GPUPolicy spec.schedulers (rule binding)"
    ) in answer.stderr
    assert "nodeName" not in team.get("pod", "x")["spec"]


def test_a_tenant_who_may_bind_pods_binds_them_to_other_nodes(team: Namespace) -> None:
    team.create(pod("x", gpus=None, schedulerName="nobody"))
    answer = bind(team, "x", CPU_NODE, "pods/x/binding")
    assert answer.returncode == 0, answer.stderr
    assert team.get("pod", "x")["spec"]["nodeName"] == CPU_NODE


def test_the_scheduler_binds_pods_to_gpu_nodes(team: Namespace) -> None:
    team.create(pod("x", "training"))
    assert team.bound("x")["spec"]["nodeName"].startswith(("training-", "development-"))
