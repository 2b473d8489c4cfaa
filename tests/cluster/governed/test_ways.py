"""Ways round: each is tried on the real API server, and what is no way round stays open."""

import json
from collections.abc import Iterator

import pytest

from tests.cluster.api import MERGE_PATCH, Api, ApiError, Json
from tests.cluster.components import ADMIN_GROUPS
from tests.cluster.governed.cluster import Namespace
from tests.cluster.governed.manifests import GPU, pod
from tests.cluster.simulation import GPU_TAINT, create_node, delete_node
from tests.cluster.waiting import eventually
from tests.cluster.webhook import Webhook

pytestmark = pytest.mark.cluster

TOLERATION: Json = {"key": GPU, "operator": "Exists", "effect": "NoSchedule"}
DEBUGGERS = "gpuclass:node-debuggers"
DENIED = "denied the request"
GPU_PATH = GPU.replace("/", "~1")


def pods_of(team: Namespace, name: str = "", sub_resource: str = "") -> str:
    parts = (f"/api/v1/namespaces/{team.name}/pods", name, sub_resource)
    return "/".join(each for each in parts if each)


def tried(team: Namespace, manifest: Json, api: Api | None = None) -> tuple[str, Json]:
    """Try to create a pod by dry-run: the words of a refusal, and what would be stored."""
    try:
        made = (api or team.control_plane.api).request(
            "POST", f"{pods_of(team)}?dryRun=All", manifest
        )
    except ApiError as error:
        return str(error), {}
    return "", made


def acting(team: Namespace, user: str, *groups: str) -> Api:
    return team.control_plane.api.acting_as(user, (*groups, *ADMIN_GROUPS))


def asking(limits: Json, requests: Json | None = None, **more: object) -> Json:
    made = pod("x", None, None, **more)
    resources = {"limits": limits} | ({"requests": requests} if requests else {})
    made["spec"]["containers"][0]["resources"] = resources
    return made


@pytest.mark.parametrize("amount", ["1", 1, "1e0", "1k", "2000m"])
def test_any_way_to_write_some_gpus_asks_for_them(team: Namespace, amount: str | int) -> None:
    said, made = tried(team, asking({GPU: amount}, tolerations=[TOLERATION]))
    assert said == ""
    assert made["metadata"]["labels"] == {"gpuclass.io/class": "general"}


def test_gpus_that_a_namespace_gives_to_its_containers_are_asked_for(team: Namespace) -> None:
    given = {"type": "Container", "default": {GPU: "1"}}
    limits = {"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "gpus"}}
    team.apply({**limits, "spec": {"limits": [given]}})
    said, made = tried(team, asking({}))
    assert said == ""
    assert made["spec"]["containers"][0]["resources"]["requests"] == {GPU: "1"}
    assert made["metadata"]["labels"] == {"gpuclass.io/class": "general"}


def test_gpus_that_another_policy_limits_a_container_to_are_asked_for(team: Namespace) -> None:
    adds = f'[JSONPatch{{op: "add", path: "/spec/containers/0/resources/limits/{GPU_PATH}", '
    described = {
        "matchConstraints": {
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": team.name}},
            "resourceRules": [
                {
                    "apiGroups": [""],
                    "apiVersions": ["v1"],
                    "operations": ["CREATE"],
                    "resources": ["pods"],
                }
            ],
        },
        "mutations": [
            {"patchType": "JSONPatch", "jsonPatch": {"expression": adds + 'value: "1"}]'}}
        ],
        "reinvocationPolicy": "Never",
    }
    team.apply(
        _admission("MutatingAdmissionPolicy", team, described),
        _admission("MutatingAdmissionPolicyBinding", team, {"policyName": f"adds-{team.name}"}),
    )
    manifest = asking({"cpu": "1"})
    eventually(lambda: GPU in str(tried(team, manifest)[1]), "the other policy to add a GPU")
    said, made = tried(team, manifest)
    assert said == ""
    assert made["spec"]["containers"][0]["resources"]["requests"] == {"cpu": "1", GPU: "1"}
    assert made["metadata"]["labels"] == {"gpuclass.io/class": "general"}


def _admission(kind: str, team: Namespace, spec: Json) -> Json:
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": kind,
        "metadata": {"name": f"adds-{team.name}"},
        "spec": spec,
    }


@pytest.mark.parametrize("amount", ["0", 0, "0e3", "0k", "0.0"])
def test_no_way_to_write_no_gpus_asks_for_any(team: Namespace, amount: str | int) -> None:
    said, _ = tried(team, asking({GPU: amount}, tolerations=[TOLERATION]))
    assert "spec.tolerations[0]: tolerates nvidia.com/gpu=present:NoSchedule" in said


@pytest.mark.parametrize(
    ("manifest", "words"),
    [
        (asking({}, {GPU: "1"}), "Limit must be set for non overcommitable resources"),
        (asking({GPU: "2"}, {GPU: "1"}), "must be equal to nvidia.com/gpu limit of 2"),
        (asking({GPU: "500m"}), "must be an integer"),
        (asking({GPU: "-1"}), "must be greater than or equal to 0"),
        (pod("x", gpus=None, resources={"limits": {GPU: "1"}}), "Unsupported value"),
    ],
    ids=["requests-only", "unequal", "half", "negative", "of-the-whole-pod"],
)
def test_what_asks_for_no_whole_gpu_the_api_server_itself_refuses(
    team: Namespace, manifest: Json, words: str
) -> None:
    said, _ = tried(team, manifest)
    assert words in said
    assert DENIED not in said
    manifest["spec"]["tolerations"] = [TOLERATION]
    assert tried(team, manifest)[0]


@pytest.mark.parametrize(
    "toleration",
    [
        {"key": GPU, "value": "present"},
        {"key": GPU, "operator": "Equal", "value": "present", "effect": ""},
        {"key": "gpu-type", "operator": "Exists"},
    ],
    ids=["operator-left-out", "every-effect", "second-taint"],
)
def test_every_toleration_that_matches_a_taint_of_a_pool_aims(
    team: Namespace, toleration: Json
) -> None:
    said, _ = tried(team, pod("x", gpus=None, tolerations=[toleration]))
    assert "spec.tolerations[0]: tolerates " in said


@pytest.mark.parametrize("effect", [None, "NoSchedule", ""])
def test_every_toleration_of_everything_is_steered(team: Namespace, effect: str | None) -> None:
    toleration = {"operator": "Exists"} | ({} if effect is None else {"effect": effect})
    said, made = tried(team, pod("x", gpus=None, tolerations=[toleration]))
    assert said == ""
    terms = made["spec"]["affinity"]["nodeAffinity"][
        "requiredDuringSchedulingIgnoredDuringExecution"
    ]["nodeSelectorTerms"]
    assert [(each["key"], each["operator"]) for each in terms[0]["matchExpressions"]] == [
        ("gpu-type", "NotIn"),
        ("node-role", "NotIn"),
    ]


def test_a_mirror_pod_passes_and_whoever_forges_one_does_not(team: Namespace) -> None:
    node = team.control_plane.api.request("GET", "/api/v1/nodes/training-1")
    owner = {"apiVersion": "v1", "kind": "Node", "name": "training-1", "controller": True}
    mirror = pod("static-training-1", gpus=None, nodeName="training-1")
    mirror["metadata"] |= {
        "annotations": {"kubernetes.io/config.mirror": "6f3b"},
        "ownerReferences": [{**owner, "uid": node["metadata"]["uid"]}],
    }
    mirror["spec"]["tolerations"] = [TOLERATION]
    kubelet = acting(team, "system:node:training-1", "system:nodes")
    assert tried(team, mirror, kubelet)[0] == ""
    assert DENIED in tried(team, mirror, acting(team, "carol", "team-blue"))[0]
    assert DENIED in tried(team, mirror, acting(team, "system:node:training-1"))[0]


def test_labels_of_the_namespace_exempt_nobody(team: Namespace) -> None:
    labels = {"kubernetes.io/metadata.name": "kube-system", "gpuclass.io/exempt": "true"}
    path = f"/api/v1/namespaces/{team.name}"
    team.control_plane.api.request("PATCH", path, {"metadata": {"labels": labels}}, MERGE_PATCH)
    found = team.control_plane.api.request("GET", path)["metadata"]["labels"]
    assert found["kubernetes.io/metadata.name"] == team.name
    assert found["gpuclass.io/exempt"] == "true"
    assert DENIED in tried(team, pod("x", gpus=None, tolerations=[TOLERATION]))[0]


def test_kubectl_debug_of_a_node_is_for_a_group(team: Namespace) -> None:
    api, node = team.control_plane.api, "gpu-train-9"
    create_node(api, node, taints=[GPU_TAINT])
    command = ("debug", f"node/{node}", "--image=example.com/busybox:1", "--profile=general")
    for groups, is_let in (((DEBUGGERS,), True), ((), False)):
        who = team.control_plane.kubeconfig_for("dana", (*groups, *ADMIN_GROUPS))
        answer = team.control_plane.kubectl(
            "--namespace", team.name, *command, check=False, as_=who
        )
        assert (answer.returncode == 0) is is_let, answer.stderr
        assert (f"spec.nodeName: {node} is a node of pool" in answer.stderr) is not is_let
    delete_node(api, node)


def test_required_pod_affinity_to_gpu_pods_opens_no_gpu_node(team: Namespace) -> None:
    gpu = pod("gpu", "production")
    gpu["metadata"]["labels"] = {"app": "gpu"}
    team.create(gpu)
    near = {
        "labelSelector": {"matchLabels": {"app": "gpu"}},
        "topologyKey": "kubernetes.io/hostname",
    }
    affinity = {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [near]}}
    team.bound("gpu")
    team.create(
        pod("x", gpus=None, affinity=affinity),
        pod("y", gpus=None, affinity=affinity, tolerations=[{"operator": "Exists"}]),
    )
    for name in ("x", "y"):
        eventually(lambda each=name: _is_unschedulable(team.get("pod", each)), "no node for it")  # type: ignore[misc]


def _is_unschedulable(found: Json) -> bool:
    conditions = found["status"].get("conditions", [])
    return any(each.get("reason") == "Unschedulable" for each in conditions)


@pytest.fixture
def strict(webhook: Webhook, team: Namespace) -> Iterator[None]:
    """Have the rules that only advise refuse."""
    file = webhook.policies / "policy.yaml"
    text = file.read_text(encoding="utf-8")
    rules = "{runtime: Enforce, priority-borrowed: Enforce, requests: Enforce}"
    probe = pod("probe-", gpus=None, priorityClassName="gpu-high-priority")

    def put(content: str, *, refuses: bool) -> None:
        file.write_text(content, encoding="utf-8")
        webhook.configure()
        eventually(lambda: (DENIED in tried(team, probe)[0]) is refuses, "the rules to be in force")

    put(text.replace("rules: {}", f"rules: {rules}"), refuses=True)
    yield
    put(text, refuses=False)


@pytest.mark.usefixtures("strict")
def test_what_is_only_advice_refuses_where_the_policy_says_so(team: Namespace) -> None:
    seeing = pod("x", gpus=None)
    seeing["spec"]["containers"][0]["env"] = [{"name": "NVIDIA_VISIBLE_DEVICES", "value": "all"}]
    borrowing = pod("x", gpus=None, priorityClassName="gpu-high-priority")
    runtime = {
        "apiVersion": "node.k8s.io/v1",
        "kind": "RuntimeClass",
        "metadata": {"name": "nvidia"},
        "handler": "nvidia",
    }
    team.apply(runtime)
    greedy = asking({GPU: "1"})
    for manifest, words in (
        (seeing, "spec.containers[0].env[0]: NVIDIA_VISIBLE_DEVICES=all hands GPUs to a pod"),
        (pod("x", gpus=None, runtimeClassName="nvidia"), "spec.runtimeClassName: nvidia hands"),
        (borrowing, "spec.priorityClassName: gpu-high-priority"),
        (greedy, "spec.containers[0].resources"),
    ):
        said, _ = tried(team, manifest)
        assert DENIED in said
        assert words in said, json.dumps(manifest)
    assert tried(team, pod("x", gpus=None))[0] == ""
    assert tried(team, pod("x"))[0] == ""


OPEN: Json = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}


def test_any_version_of_a_kind_that_the_policy_lists_is_seen(team: Namespace) -> None:
    served = {"served": True, "schema": {"openAPIV3Schema": OPEN}}
    names = {"kind": "PaddleJob", "plural": "paddlejobs"}
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "paddlejobs.kubeflow.org"},
        "spec": {
            "group": "kubeflow.org",
            "scope": "Namespaced",
            "names": names,
            "versions": [
                {"name": "v1", "storage": True, **served},
                {"name": "v9", "storage": False, **served},
            ],
        },
    }
    team.apply(definition)
    team.kubectl("wait", "--for=condition=Established", "crd/paddlejobs.kubeflow.org")
    template = {"spec": pod("x")["spec"]}
    for version in ("v1", "v9"):
        made = team.control_plane.api.request(
            "POST",
            f"/apis/kubeflow.org/{version}/namespaces/{team.name}/paddlejobs?dryRun=All",
            {
                "apiVersion": f"kubeflow.org/{version}",
                "kind": "PaddleJob",
                "metadata": {"name": "x", "annotations": {"gpu-class": "training"}},
                "spec": {"paddleReplicaSpecs": {"Worker": {"template": template}}},
            },
        )
        found = made["spec"]["paddleReplicaSpecs"]["Worker"]["template"]["metadata"]
        assert found["annotations"]["gpu-class"] == "training"
    team.kubectl("delete", "crd", "paddlejobs.kubeflow.org", "--wait=false")
