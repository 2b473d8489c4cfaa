"""The half of deploy/terraform that needs no provider, run by OpenTofu and by Terraform.

Where neither is here, test_terraform.py still holds the files against the provider's attributes.
"""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.shipped import policy
from tests.core.test_join import DISCOVERY
from tests.deploy import opentofu, terraform
from tests.deploy.terraform import Workspace
from tests.deploy.test_join import validate
from webhook.core import join
from webhook.core.policy.documents import GPUNodePool

POOLS = policy().pools

MISSING = {
    "tofu": "OpenTofu is not here: `make tofu` builds it (5 minutes, once)",
    "terraform": "Terraform is not on PATH; OpenTofu says the same",
}


@pytest.fixture(scope="module", params=list(MISSING))
def workspace(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Workspace:
    """Give a copy of the module, prepared for each of the two programs that is here."""
    name = str(request.param)
    program = opentofu.find(name)
    if program is None:
        pytest.skip(MISSING[name])
    return terraform.prepare(program, tmp_path_factory.mktemp(name))


def test_the_files_are_formatted(workspace: Workspace) -> None:
    answer = workspace.run("fmt", "-check", "-diff", "-recursive", str(workspace.nodes.parent))
    assert (answer.returncode, answer.stdout) == (0, "")


def test_the_module_is_valid(workspace: Workspace) -> None:
    answer = workspace.run("validate", "-no-color")
    assert (answer.returncode, answer.stderr) == (0, "")


def test_its_own_tests_pass(workspace: Workspace) -> None:
    answer = workspace.run("test", "-no-color")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    passed = (line for line in answer.stdout.splitlines() if line.lstrip().startswith("run "))
    written = sum(
        path.read_text(encoding="utf-8").count('\nrun "')
        for path in (workspace.nodes / "tests").glob("*.tftest.hcl")
    )
    assert sum(line.endswith("pass") for line in passed) == written > 0


def test_every_pool_registers_with_what_its_document_says(workspace: Workspace) -> None:
    nodes = workspace.nodes_of({"cluster_name": "c", "pools": {pool.name: {} for pool in POOLS}})
    patches = {node["type"]: node["kubeadm_config_patches"] for node in nodes if node["type"]}
    assert {name: [yaml.safe_load(each) for each in texts] for name, texts in patches.items()} == {
        pool.name: [join.patch(pool)] for pool in POOLS
    }


AWKWARD = """\
apiVersion: gpuclass.io/v1alpha1
kind: GPUNodePool
metadata: {name: awkward}
spec:
  selector:
    nvidia.com/gpu.present: "true"
    node-role.kubernetes.io/gpu: "true"
    example.node-restriction.kubernetes.io/gpu: "true"
    kubernetes.io/arch: arm64
    kubernetes.io/role: gpu
    k8s.io/gpu: "true"
    node.kubernetes.io/gpu: "true"
    kubelet.kubernetes.io/gpu: "true"
    a.kubelet.kubernetes.io/gpu: "true"
    topology.kubernetes.io/zone: a
    topology.kubernetes.io/rack: b
    notkubernetes.io/gpu: "true"
"""


def test_labels_that_no_kubelet_may_set_are_those_of_the_bootstrap(workspace: Workspace) -> None:
    folder = workspace.folder / "awkward"
    folder.mkdir()
    (folder / "pool.yaml").write_text(AWKWARD, encoding="utf-8")
    nodes = workspace.nodes_of(
        {"cluster_name": "c", "pools": {"awkward": {}}, "pools_folder": str(folder)}
    )
    pool = GPUNodePool(name="awkward", selector=yaml.safe_load(AWKWARD)["spec"]["selector"])
    assert nodes[-1]["labels"] == dict(join.registration(pool).labels)


def test_a_file_that_is_no_yaml_is_named(workspace: Workspace) -> None:
    folder = workspace.folder / "broken"
    folder.mkdir()
    (folder / "pool.yaml").write_text("kind: [GPUNodePool", encoding="utf-8")
    messages = workspace.refusals({"cluster_name": "c", "pools_folder": str(folder)})
    assert messages == [
        f"pools_folder: pool.yaml of {folder} can not be read as YAML: `gpuclass lint` says where "
        "and why.",
        f"pools_folder: {folder} holds no GPUNodePool (*.yaml): name the folder that has your "
        "pools, such as policies/pools.",
    ]


@pytest.mark.cluster
def test_kubeadm_takes_the_patch_of_every_pool(
    workspace: Workspace, kubeadm: Path, tmp_path: Path
) -> None:
    pools = {pool.name: {"labels": {"example.com/tier": "a"}, "taints": [SPOT]} for pool in POOLS}
    for node in workspace.nodes_of({"cluster_name": "c", "pools": pools}):
        for text in node["kubeadm_config_patches"]:
            answer = validate(kubeadm, tmp_path / "join.yaml", merged(yaml.safe_load(text)))
            assert (answer.returncode, answer.stderr) == (0, "")


SPOT = {"key": "example.com/spot", "effect": "NoSchedule"}


def merged(patch: dict[str, Any]) -> dict[str, Any]:
    """Put a patch into what kind writes for a worker: a list in v1beta4, where it has a map."""
    node: dict[str, Any] = patch["nodeRegistration"]
    arguments = {"provider-id": "kind://docker/c/c-worker2", **node["kubeletExtraArgs"]}
    found = join.configuration(POOLS[0], node="c-worker2", kind="c", discovery=DISCOVERY)
    found["nodeRegistration"] |= node
    found["nodeRegistration"]["kubeletExtraArgs"] = [
        {"name": name, "value": value} for name, value in arguments.items()
    ]
    return found


@pytest.mark.cluster
def test_kubeadm_of_today_no_longer_reads_what_the_provider_writes(
    kubeadm: Path, tmp_path: Path
) -> None:
    """Why `node_image` is v1.36 at most: the provider embeds kind 0.31, which writes v1beta3."""
    document = {
        "apiVersion": "kubeadm.k8s.io/v1beta3",
        "kind": "JoinConfiguration",
        "discovery": {"file": {"kubeConfigPath": "/kind/discovery.conf"}},
    }
    answer = validate(kubeadm, tmp_path / "join.yaml", document)
    assert answer.returncode == 1
    assert 'old API spec: "kubeadm.k8s.io/v1beta3"' in answer.stderr


IMAGE = "kindest/node:v1.37.2"
KNOWN = "count, extra_mounts, extra_port_mappings, gpus, image, labels, taints, type"

REFUSED = [
    pytest.param(
        {"cluster_name": "My_GPUs"},
        'cluster_name: "My_GPUs" can not begin the names of nodes: take at most 50 small letters, '
        "digits and '-', with a letter or digit at both ends.",
        id="name",
    ),
    pytest.param(
        {"node_image": "kindest node"},
        'node_image: "kindest node" is no image: write it as kindest/node:v1.35.0, best with its '
        "@sha256 digest.",
        id="image",
    ),
    pytest.param(
        {"node_image": IMAGE},
        "node_image: Kubernetes 1.37 and newer read no kubeadm v1beta3, which is what the provider "
        f"0.11 writes, so that {IMAGE} would not come up: take an image up to v1.36.",
        id="image that is too new",
    ),
    pytest.param(
        {"control_planes": 2},
        "control_planes: etcd needs an odd number that can outvote the rest, and 2 is not 1, 3 or "
        "5: take 1, or 3 to lose one of them unharmed.",
        id="control planes",
    ),
    pytest.param(
        {"workers": 0},
        "workers: 0 leaves no place for what needs no GPU (Argo CD, gpuclass itself): give a whole "
        "number from 1 to 100.",
        id="workers",
    ),
    pytest.param(
        {"pools": {"training": 2}},
        "pools: each is written as a name and its attributes: pools = { training = { count = 2 } "
        "}.",
        id="pool without attributes",
    ),
    pytest.param(
        {"pools": {"training": {"counts": 2, "gpu": 1}}},
        f'pools["training"]: unknown counts, gpu; there are: {KNOWN}.',
        id="attribute of a pool",
    ),
    pytest.param(
        {"pools": {"training": {"count": "two"}}},
        'pools["training"].count: "two" is no number of nodes: give a whole number from 0 to 100.',
        id="count",
    ),
    pytest.param(
        {"pools": {"training": {"extra_mounts": [{"host_path": "/a", "readonly": True}]}}},
        'pools["training"].extra_mounts: unknown readonly; there are: container_path, host_path, '
        "propagation, read_only, selinux_relabel.",
        id="attribute of a mount",
    ),
    pytest.param(
        {"pools": {"training": {"taints": [{"key": "a", "effects": "NoSchedule"}]}}},
        'pools["training"].taints: unknown effects; there are: effect, key, value.',
        id="attribute of a taint",
    ),
    pytest.param(
        {"kubeadm_config_patches": ["failCgroupV1=false"]},
        "kubeadm_config_patches: each is a YAML document with a kind, such as "
        '"kind: KubeletConfiguration"; 1 of 1 is none.',
        id="patch without a kind",
    ),
    pytest.param(
        {"kubeadm_config_patches": ["kind: JoinConfiguration"]},
        "kubeadm_config_patches: a JoinConfiguration for every node would replace the labels and "
        "taints of the pools: use pools[...].labels and .taints.",
        id="patch over the pools' own",
    ),
    pytest.param(
        {"pools_folder": "tests"},
        "pools_folder: tests holds no GPUNodePool (*.yaml): name the folder that has your pools, "
        "such as policies/pools.",
        id="folder",
    ),
    pytest.param(
        {"pools": {"trainin": {}, "worker": {"count": 1.5}}},
        'pools["trainin"].type: there is no GPUNodePool trainin; there are: development, '
        "production, training, worker. Name one of these, or commit that pool first "
        '(pools_folder).\npools["worker"].count: 1.5 is no number of nodes: give a whole number '
        "from 0 to 100.",
        id="two faults of pools at once",
    ),
]


@pytest.mark.parametrize(("variables", "message"), REFUSED)
def test_a_refusal_says_where_what_and_what_to_do(
    workspace: Workspace, variables: dict[str, Any], message: str
) -> None:
    assert workspace.refusals({"cluster_name": "c", **variables}) == [message]
