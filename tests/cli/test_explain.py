"""`gpuclass explain` of manifests and nodes in files, as people and programs see it."""

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from tests.cli.shipped import POLICIES
from webhook.cli.main import main

Explain: TypeAlias = Callable[..., tuple[int, list[str], list[str]]]

TERM = "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms"
GPU = "{name: c, image: i, resources: {limits: {nvidia.com/gpu: 1}}}"


def node(name: str, kind: str, spec: str = "") -> str:
    taints = (
        "{key: nvidia.com/gpu, value: present, effect: NoSchedule}, "
        f"{{key: gpu-type, value: {kind}, effect: NoSchedule}}"
    )
    return (
        "---\napiVersion: v1\nkind: Node\n"
        f"metadata:\n  name: {name}\n"
        f'  labels: {{nvidia.com/gpu.present: "true", gpu-type: {kind}}}\n'
        f"spec: {{taints: [{taints}]{spec}}}\n"
        'status: {allocatable: {nvidia.com/gpu: "8"}}\n'
    )


CPU = """\
apiVersion: v1
kind: Node
metadata: {name: cpu-1}
spec: {}
status: {allocatable: {cpu: 1}}
"""
NODES = "".join(
    (
        CPU,
        node("gpu-1", "training"),
        node("gpu-2", "training", ", unschedulable: true"),
        *(node(f"prod-{number}", "production") for number in range(5)),
    )
)


def pod(containers: str = GPU, spec: str = "", gpu_class: str = "training") -> str:
    return (
        "apiVersion: v1\nkind: Pod\n"
        f"metadata: {{name: p, namespace: team, annotations: {{gpu-class: {gpu_class}}}}}\n"
        f"spec: {{containers: [{containers}]{spec}}}\n"
    )


@pytest.fixture
def explain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Explain:
    """Give the command on one manifest and the nodes above."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    Path("nodes.yaml").write_text(NODES)

    def run(text: str, *flags: str) -> tuple[int, list[str], list[str]]:
        Path("a.yaml").write_text(text)
        code = main(["explain", "a.yaml", "--policies", str(POLICIES), *flags])
        captured = capsys.readouterr()
        return code, captured.out.splitlines(), captured.err.splitlines()

    return run


FILE = ("--nodes", "nodes.yaml")


def test_people_see_where_it_may_land_and_what_says_no(explain: Explain) -> None:
    near = "; spec.tolerations[1] has its key, not its value or effect"
    code, out, err = explain(pod(), *FILE)
    assert (code, err) == (0, [])
    assert out == [
        "Pod team/p: class training, from its annotation gpu-class",
        "  may land on 1 of 8 nodes",
        "",
        "  NODES                           POOL        MAY LAND  WHY NOT",
        "  gpu-1                           training    yes",
        "  5: prod-0, prod-1, prod-2, ...  production  no        spec.tolerations: none covers the "
        f"taint gpu-type=production:NoSchedule{near}",
        "  gpu-2                           training    no        spec.tolerations: none covers the "
        "taint node.kubernetes.io/unschedulable:NoSchedule",
        "  cpu-1                           -           no        ...nodeSelectorTerms[0]."
        "matchExpressions[0]: wants nvidia.com/gpu.present In [true], the node has no such label",
        "                                                        spec.containers[0].resources."
        'limits["nvidia.com/gpu"]: asks for 1, the node has none',
    ]


def test_programs_see_an_entry_a_node_with_whole_paths(explain: Explain) -> None:
    code, out, _ = explain(pod(), *FILE, "-o", "json")
    (entry,) = json.loads("\n".join(out))
    nodes = {each["name"]: each for each in entry.pop("nodes")}
    assert code == 0
    assert entry == {
        "source": "a.yaml",
        "kind": "Pod",
        "namespace": "team",
        "name": "p",
        "path": "",
        "class": "training",
        "reason": "class training, from its annotation gpu-class",
        "node": None,
        "lands": True,
        "refused": [],
    }
    assert len(nodes) == 8
    assert nodes["gpu-1"] == {
        "name": "gpu-1",
        "pools": ["training"],
        "lands": True,
        "refusals": [],
    }
    assert (nodes["cpu-1"]["pools"], nodes["cpu-1"]["lands"]) == ([], False)
    assert nodes["cpu-1"]["refusals"][0] == {
        "path": f"{TERM}[0].matchExpressions[0]",
        "message": "wants nvidia.com/gpu.present In [true], the node has no such label",
    }


def test_a_pod_that_fits_nowhere_is_told_by_the_exit_code(explain: Explain) -> None:
    code, out, err = explain(pod(spec=", nodeSelector: {zone: a}"), *FILE)
    assert (code, err) == (1, [])
    assert out[1] == "  may land on 0 of 8 nodes"


def test_a_refused_pod_lands_nowhere_and_all_is_said_at_once(explain: Explain) -> None:
    code, out, _ = explain(pod(containers="{name: c}", spec=", nodeName: gpu-1"), *FILE)
    assert code == 1
    assert out[0] == "Pod team/p: no class: asks for no GPU"
    assert out[1].startswith("  refused spec.nodeName: gpu-1 is a node of pool training, but ")
    assert out[2] == "  it is refused, but would fit on 1 of 8 nodes"


def test_pods_without_a_gpu_are_kept_off_as_in_the_cluster(explain: Explain) -> None:
    code, out, _ = explain(pod("{name: c}", ", tolerations: [{operator: Exists}]"), *FILE)
    assert code == 0
    assert out[1] == "  may land on 1 of 8 nodes"
    assert out[4].split() == ["cpu-1", "-", "yes"]


WORKLOAD = f"""\
apiVersion: apps/v1
kind: KIND
metadata: {{name: web, namespace: team, annotations: {{gpu-class: training}}}}
spec: {{template: {{spec: {{containers: [{GPU}], tolerations: [{{key: nvidia.com/gpu, \
operator: Exists}}, {{key: gpu-type, operator: Exists}}]}}}}}}
"""


def test_pods_of_a_workload_are_those_that_its_controller_makes(explain: Explain) -> None:
    code, out, _ = explain(WORKLOAD.replace("KIND", "Deployment"), *FILE)
    assert code == 0
    assert out[:2] == [
        "Deployment team/web: class training, from its annotation gpu-class",
        "  may land on 6 of 8 nodes",
    ]


def test_pods_of_a_daemon_set_tolerate_cordoned_nodes(explain: Explain) -> None:
    _, out, _ = explain(WORKLOAD.replace("KIND", "DaemonSet"), *FILE)
    assert out[1] == "  may land on 7 of 8 nodes"


def test_nodes_that_are_not_ready_are_tolerated_as_far_as_the_api_server_says(
    explain: Explain,
) -> None:
    key = "node.kubernetes.io/not-ready"
    taints = "".join(f"{{key: {key}, effect: {each}}}, " for each in ("NoExecute", "NoSchedule"))
    away = CPU.replace("spec: {}", f"spec: {{taints: [{taints}]}}")
    code, out, _ = explain(f"{pod('{name: c}')}---\n{away}")
    assert code == 1
    assert out[4:] == [
        f"  cpu-1  -     no        spec.tolerations: none covers the taint {key}:NoSchedule; "
        "spec.tolerations[0] has its key, not its value or effect"
    ]


KIND = """\
---
apiVersion: kubeflow.org/v1
kind: PyTorchJob
metadata: {name: train, namespace: team, annotations: {gpu-class: training}}
spec:
  pytorchReplicaSpecs:
    Master: {template: {spec: {containers: [{name: c}]}}}
    Worker: {template: {spec: {containers: [GPU]}}}
"""


def test_each_template_of_a_listed_kind_has_a_table(explain: Explain) -> None:
    code, out, err = explain(KIND.replace("GPU", GPU), *FILE, "--color", "always")
    assert (code, err) == (0, [])
    heads = [line for line in out if line.startswith("PyTorchJob")]
    place = "PyTorchJob team/train: spec.pytorchReplicaSpecs"
    assert [line.partition(".template")[0] for line in heads] == [
        f"{place}.Master",
        f"{place}.Worker",
    ]
    assert any("\x1b[32myes     \x1b[0m" in line for line in out)


def test_nodes_and_other_objects_in_the_input_are_known_too(explain: Explain) -> None:
    space = (
        "---\napiVersion: v1\nkind: Namespace\n"
        "metadata: {name: team, annotations: {gpu-class: training}}\n"
    )
    bare = pod().replace(", annotations: {gpu-class: training}", "")
    code, out, err = explain(f"{bare}{space}{node('gpu-1', 'training')}")
    assert (code, err) == (0, [])
    assert out[0].endswith("class training, from the annotation gpu-class of its namespace")
    assert out[1] == "  may land on 1 of 1 node"


@pytest.mark.parametrize(
    ("text", "flags", "expected"),
    [
        pytest.param(
            pod(),
            (),
            "a.yaml: no Node is known; --nodes FILE names what `kubectl get nodes -o json` writes, "
            "--context NAME a cluster to ask",
            id="no node",
        ),
        pytest.param(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n",
            FILE,
            "a.yaml: no pod or workload in it",
            id="no pod",
        ),
        pytest.param(
            pod(spec=", nodeName: 5"),
            FILE,
            "a.yaml:4: spec.nodeName: expected text, found the number 5: quote it",
            id="a wrong type",
        ),
        pytest.param("kind: Pod", FILE, "a.yaml:1: no manifest: it has no apiVersion", id="kind"),
        pytest.param(pod(), ("--nodes", "none"), "none: no such file or directory", id="no file"),
        pytest.param(
            f"{pod()}{node('m', 'a', ', unschedulable: 5')}",
            (),
            "a.yaml:11: spec.unschedulable: expected true or false, found a whole number",
            id="a node",
        ),
        pytest.param(
            pod(),
            ("--nodes", "-", "--nodes", "-"),
            "- is named more than once, but standard input can be read once",
            id="standard input twice",
        ),
    ],
)
def test_input_that_can_not_be_read_is_one_line(
    explain: Explain, text: str, flags: tuple[str, ...], expected: str
) -> None:
    assert explain(text, *flags) == (2, [], [expected])


def test_nodes_may_come_from_standard_input(
    explain: Explain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(NODES.encode())))
    code, out, err = explain(pod(), "--nodes", "-")
    assert (code, out[1], err) == (0, "  may land on 1 of 8 nodes", [])
