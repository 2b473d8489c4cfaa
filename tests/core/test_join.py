"""What a node of a pool tells kubeadm; tests/deploy asks kubeadm itself about it."""

import dataclasses

import pytest

from tests.core.given import shipped
from webhook.core import join
from webhook.core.errors import OperatorError
from webhook.core.join import Discovery
from webhook.core.policy.documents import GPUNodePool

TOKEN = "abcdef.0123456789abcdef"  # noqa: S105 - of nothing
HASH = f"sha256:{'0a' * 32}"
COMMAND = (
    f"kubeadm join c-control-plane:6443 --token {TOKEN} --discovery-token-ca-cert-hash {HASH} \n"
)
DISCOVERY = Discovery(endpoint="c-control-plane:6443", token=TOKEN, ca_hash=HASH)


def pool(name: str = "training") -> GPUNodePool:
    return next(each for each in shipped().pools if each.name == name)


def test_a_container_of_kind_joins_with_everything_at_once() -> None:
    found = join.configuration(pool(), node="gpu-train-1", kind="c", discovery=DISCOVERY)
    assert found == {
        "apiVersion": "kubeadm.k8s.io/v1beta4",
        "kind": "JoinConfiguration",
        "discovery": {
            "bootstrapToken": {
                "apiServerEndpoint": "c-control-plane:6443",
                "token": TOKEN,
                "caCertHashes": [HASH],
            }
        },
        "nodeRegistration": {
            "name": "gpu-train-1",
            "criSocket": "unix:///run/containerd/containerd.sock",
            "taints": [
                {"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"},
                {"key": "gpu-type", "value": "training", "effect": "NoSchedule"},
            ],
            "kubeletExtraArgs": [
                {
                    "name": "node-labels",
                    "value": "gpu-type=training,node-role=gpu-training,nvidia.com/gpu.present=true",
                },
                {"name": "provider-id", "value": "kind://docker/c/gpu-train-1"},
            ],
        },
        "skipPhases": ["preflight"],
        "timeouts": {"discovery": "20s", "tlsBootstrap": "60s", "kubeletHealthCheck": "60s"},
    }


def test_a_node_of_another_kind_is_checked_by_kubeadm_and_has_no_provider() -> None:
    found = join.configuration(pool("worker"))
    assert list(found) == ["apiVersion", "kind", "nodeRegistration", "timeouts"]
    (argument,) = found["nodeRegistration"]["kubeletExtraArgs"]
    assert argument["value"] == "node-role=gpu-worker,nvidia.com/gpu.present=true"


def test_the_patch_names_no_version_and_has_a_map() -> None:
    assert join.patch(pool("worker")) == {
        "kind": "JoinConfiguration",
        "nodeRegistration": {
            "kubeletExtraArgs": {"node-labels": "node-role=gpu-worker,nvidia.com/gpu.present=true"},
            "taints": [{"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"}],
        },
    }


def test_labels_that_a_kubelet_may_not_set_are_withheld() -> None:
    role = "node-role.kubernetes.io/gpu"
    given = dataclasses.replace(pool("worker"), labels={role: "", "tier": "a"})
    said = join.registration(given)
    assert said.withheld == {role: ""}
    assert set(said.labels) == {"nvidia.com/gpu.present", "node-role", "tier"}


def test_the_command_that_kubeadm_prints_is_read_and_never_shown() -> None:
    found = join.read_command(COMMAND)
    assert found == DISCOVERY
    assert TOKEN not in repr(found)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param(COMMAND.replace(TOKEN, TOKEN.upper()), id="no-token"),
        pytest.param(COMMAND.replace("sha256", "md5"), id="no-hash"),
        pytest.param(f"{COMMAND}--control-plane", id="more"),
        pytest.param(COMMAND.replace("--token", "\n- evil\n--token"), id="lines-between"),
    ],
)
def test_anything_else_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(OperatorError) as caught:
        join.read_command(text)
    assert str(caught.value) == (
        "discovery: this is not what `kubeadm token create --print-join-command` prints "
        "(not shown here: it may hold a token)"
    )


def test_labels_that_the_controller_sets_are_no_difference() -> None:
    given = dataclasses.replace(pool("worker"), labels={"node-role.kubernetes.io/gpu": "yes"})
    said = join.registration(given)
    node = {"metadata": {"labels": said.labels}, "spec": {"taints": list(said.taints)}}
    assert join.differences(given, node) == ()


def test_a_node_that_registered_so_has_no_differences() -> None:
    node = {
        "metadata": {"labels": {"x": "y", **join.registration(pool()).labels}},
        "spec": {
            "taints": [
                {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"},
                *join.registration(pool()).taints,
            ]
        },
    }
    assert join.differences(pool(), node) == ()


def test_what_a_node_lacks_is_said_label_by_label_and_taint_by_taint() -> None:
    node = {"metadata": {"labels": {"gpu-type": "dev", "node-role": "gpu-training"}}, "spec": {}}
    assert join.differences(pool(), node) == (
        "label gpu-type: expected training, found dev",
        "label nvidia.com/gpu.present: expected true, found none",
        "taint nvidia.com/gpu=present:NoSchedule is missing",
        "taint gpu-type=training:NoSchedule is missing",
    )
