"""What documents say of one another: each contradiction in the exact words that authors see."""

from collections.abc import Sequence

import pytest

from webhook.core.policy.check import check
from webhook.core.policy.decode import read
from webhook.core.policy.documents import Document

API = "apiVersion: gpuclass.io/v1alpha1"
TAINTS = "taints: [{key: gpu-type, value: x, effect: NoSchedule}]"


def pool(name: str, spec: str) -> str:
    return f"{API}\nkind: GPUNodePool\nmetadata: {{name: {name}}}\nspec:\n{_indent(spec)}"


def node(name: str, pool_name: str) -> str:
    return f"{API}\nkind: GPUNode\nmetadata: {{name: {name}}}\nspec: {{pool: {pool_name}}}\n"


def gpu_class(name: str, spec: str) -> str:
    return f"{API}\nkind: GPUClass\nmetadata: {{name: {name}}}\nspec:\n{_indent(spec)}"


def policy(spec: str) -> str:
    text = f"{API}\nkind: GPUPolicy\nmetadata: {{name: cluster}}\nspec:\n"
    return text + _indent(f"defaultClass: training\n{spec}")


def priority(name: str, fields: str) -> str:
    head = "apiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\n"
    return f"{head}metadata: {{name: {name}}}\n{fields}\n"


def _indent(text: str) -> str:
    return "".join(f"  {line}\n" for line in text.splitlines())


STEADY_POOL = pool("training", f"selector: {{gpu-type: x}}\n{TAINTS}")
CLASS = gpu_class("training", "pools: [{name: training}]")


def documents(texts: Sequence[str]) -> tuple[Document, ...]:
    """Read texts as files 0.yaml, 1.yaml ..."""
    found: list[Document] = []
    for index, text in enumerate(texts):
        more, faults = read(text, f"{index}.yaml")
        assert faults == ()
        found.extend(more)
    return tuple(found)


def errors(*texts: str) -> list[str]:
    return [str(f) for f in check(documents(texts)) if f.severity == "error"]


def warnings(*texts: str) -> list[str]:
    return [str(f) for f in check(documents(texts)) if f.severity == "warning"]


def test_sound_documents_have_no_faults() -> None:
    assert check(documents([policy(""), STEADY_POOL, CLASS])) == ()


def test_nothing_at_all_lacks_a_policy() -> None:
    (fault,) = check((), "policies")
    assert str(fault) == "policies: no GPUPolicy: add one, named cluster"


def test_faults_come_by_file_and_line() -> None:
    found = check(documents([priority("system-x", "value: 1"), CLASS]))
    assert [(fault.source, fault.line) for fault in found] == [
        ("0.yaml", 3),
        ("1.yaml", 5),
        ("policies", 0),
    ]


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        pytest.param(
            [policy(""), STEADY_POOL, CLASS, policy("mode: Warn")],
            ["3.yaml:3 metadata.name: GPUPolicy cluster is also at 0.yaml:3: rename or remove one"],
            id="two policies",
        ),
        pytest.param(
            [policy(""), STEADY_POOL, CLASS, CLASS],
            ["3.yaml:3 metadata.name: GPUClass training is also at 2.yaml:3: rename or remove one"],
            id="two classes of one name",
        ),
        pytest.param(
            [policy(""), STEADY_POOL, gpu_class("training", "pools: [{name: trainin}]")],
            [
                "2.yaml:5 spec.pools[0].name: there is no GPUNodePool trainin; known: training;"
                " did you mean training?"
            ],
            id="unknown pool",
        ),
        pytest.param(
            [policy(""), CLASS],
            ["1.yaml:5 spec.pools[0].name: there is no GPUNodePool training; there is none"],
            id="no pool at all",
        ),
        pytest.param(
            [policy("").replace("training", "xyz"), STEADY_POOL, CLASS],
            ["0.yaml:5 spec.defaultClass: there is no GPUClass xyz; known: training"],
            id="unknown default class",
        ),
        pytest.param(
            [policy("gpuResources: []\ndeviceClasses: []"), STEADY_POOL, CLASS],
            [
                "0.yaml:6 spec.gpuResources: empty, and spec.deviceClasses too: no pod would be a"
                " GPU pod; name one"
            ],
            id="nothing is a GPU",
        ),
        pytest.param(
            [
                policy(
                    "exempt:\n  users: [ann, 'system:serviceaccount:kube-system:job-controller']\n"
                    "  groups: [ops, '*', 'system:authenticated']"
                ),
                STEADY_POOL,
                CLASS,
            ],
            [
                "0.yaml:7 spec.exempt.users[1]: system:serviceaccount:kube-system:job-controller"
                " creates everybody's pods: exempt namespaces instead",
                "0.yaml:8 spec.exempt.groups[1]: * is a glob: name each of the groups exactly",
                "0.yaml:8 spec.exempt.groups[2]: system:authenticated lets in everybody's pods:"
                " name users or namespaces instead",
            ],
            id="exempt everybody",
        ),
        pytest.param(
            [
                policy(""),
                STEADY_POOL,
                CLASS,
                priority("a", "value: 1\nglobalDefault: true"),
                priority("b", "value: 1\nglobalDefault: true"),
                priority("system-a", "value: 1"),
            ],
            [
                "4.yaml:5 globalDefault: a (3.yaml:5) is the global default already: a cluster"
                " has one",
                "5.yaml:3 metadata.name: system-a: names with system- are Kubernetes' own; choose"
                " another",
            ],
            id="priority classes",
        ),
        pytest.param(
            [
                policy(""),
                STEADY_POOL,
                gpu_class(
                    "training",
                    "pools: [{name: training}]\npriorityClassName: system-node-critical\n"
                    "allowedPriorityClassNames: [system-cluster-critical]",
                ),
            ],
            [
                "2.yaml:6 spec.priorityClassName: system-node-critical is for Kubernetes' own"
                " pods: choose another",
                "2.yaml:7 spec.allowedPriorityClassNames[0]: system-cluster-critical is for"
                " Kubernetes' own pods: choose another",
            ],
            id="system priority",
        ),
        pytest.param(
            [
                policy(""),
                pool("training", f"selector: {{gpu-type: x}}\nlabels: {{gpu-type: w}}\n{TAINTS}"),
                CLASS,
            ],
            ['1.yaml:6 spec.labels["gpu-type"]: w contradicts x in spec.selector: remove one'],
            id="label against selector",
        ),
        pytest.param(
            [
                policy(""),
                pool("training", f"selector: {{gpu-type: x}}\n{TAINTS}\nclaims: {{names: ['**']}}"),
                CLASS,
            ],
            [
                "1.yaml:7 spec.claims.names[0]: ** claims every node of the cluster: name those of"
                " the pool"
            ],
            id="every node claimed",
        ),
        pytest.param(
            [
                policy(""),
                CLASS,
                pool(
                    "training",
                    f"selector: {{gpu-type: x}}\n{TAINTS}\n"
                    "claims: {names: ['a-*', c], matchLabels: {m: h100}}",
                ),
                pool(
                    "other",
                    f"selector: {{gpu-type: w}}\n{TAINTS}\n"
                    "claims: {names: ['b-*', a-7], matchLabels: {m: h100}}",
                ),
            ],
            [
                "3.yaml:7 spec.claims.names[1]: a-7: pool training claims such nodes by a-*"
                " (2.yaml:7): part them",
                "3.yaml:7 spec.claims.matchLabels: equal to those of pool training (2.yaml:7):"
                " a node has one pool; part them",
            ],
            id="nodes claimed twice",
        ),
        pytest.param(
            [
                policy(""),
                CLASS,
                pool(
                    "training", f"selector: {{gpu-type: x}}\n{TAINTS}\nclaims: {{names: ['a-*']}}"
                ),
                pool("other", f"selector: {{gpu-type: w}}\n{TAINTS}"),
                node("a-7", "other"),
                node("a-8", "training"),
                node("b", "trainin"),
            ],
            [
                "4.yaml:4 spec.pool: other: pool training claims a-7 by a-* (2.yaml:7): a node has"
                " one pool; part them",
                "6.yaml:4 spec.pool: there is no GPUNodePool trainin; known: other, training;"
                " did you mean training?",
            ],
            id="declared nodes",
        ),
    ],
)
def test_contradictions_are_errors(texts: list[str], expected: list[str]) -> None:
    assert errors(*texts) == expected


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        pytest.param(
            [policy("").replace("  defaultClass: training\n", "  mode: Warn\n")],
            ["0.yaml:4 spec.defaultClass: absent: a GPU pod that names no class is refused"],
            id="no default class",
        ),
        pytest.param(
            [
                policy(""),
                STEADY_POOL,
                gpu_class("training", "pools: [{name: training}]\npriorityClassName: batch"),
            ],
            [
                "2.yaml:6 spec.priorityClassName: no document defines the PriorityClass batch: the"
                " cluster must; there is none"
            ],
            id="priority class of the cluster",
        ),
        pytest.param(
            [
                policy(""),
                STEADY_POOL,
                gpu_class("training", "pools: [{name: training}]\npriorityClassName: low"),
                priority("low", "value: -11"),
            ],
            [
                "2.yaml:6 spec.priorityClassName: low has value -11: Cluster Autoscaler adds no"
                " node for pods below -10; raise it"
            ],
            id="priority below what is scaled for",
        ),
        pytest.param(
            [policy(""), CLASS, pool("training", "selector: {gpu-type: x}")],
            [
                "2.yaml:4 spec.taints: no taint has effect NoSchedule or NoExecute, so CPU pods may"
                " land on its nodes: add one, such as nvidia.com/gpu=present:NoSchedule"
            ],
            id="no taint",
        ),
        pytest.param(
            [
                policy(""),
                CLASS,
                pool(
                    "training",
                    "selector: {gpu-type: x}\ntaints:\n"
                    "  - {key: nvidia.com/spot, effect: NoSchedule}\n"
                    "  - {key: kubernetes.io/arch, value: arm64, effect: NoSchedule}\n"
                    "  - {key: on-spot, effect: NoSchedule}\n"
                    "  - {key: cloud.google.com/gke-spot, effect: NoSchedule, tolerate: false}\n",
                ),
            ],
            [
                "2.yaml:8 spec.taints[1]: every pod of a class with this pool tolerates"
                " kubernetes.io/arch, also one whose image or purpose does not suit such nodes:"
                " set tolerate: false",
                "2.yaml:9 spec.taints[2]: every pod of a class with this pool tolerates on-spot,"
                " also one whose image or purpose does not suit such nodes: set tolerate: false",
            ],
            id="taints of another business",
        ),
        pytest.param(
            [
                policy(""),
                CLASS,
                pool("training", f"selector: {{nvidia.com/gpu.present: 'true'}}\n{TAINTS}"),
            ],
            [
                "2.yaml:5 spec.selector: every label of the pool is written by node discovery,"
                " which takes it away while it restarts: add a label of your own, such as"
                " gpu-type, to steer CPU pods by",
                "2.yaml:5 spec.selector: nvidia.com/gpu.present: usually written by node"
                " discovery, so an autoscaler at zero nodes knows it only if the node group's"
                " template declares it: declare it there, or select a label of your own",
            ],
            id="only discovered labels",
        ),
        pytest.param(
            [
                policy(""),
                CLASS,
                pool(
                    "training",
                    "selector: {feature.node.kubernetes.io/gpu: 'true'}\nlabels: {mine: a}\n"
                    + TAINTS,
                ),
            ],
            [
                "2.yaml:5 spec.selector: feature.node.kubernetes.io/gpu: usually written by node"
                " discovery, so an autoscaler at zero nodes knows it only if the node group's"
                " template declares it: declare it there, or select a label of your own"
            ],
            id="only discovered labels in the selector",
        ),
        pytest.param(
            [
                policy(""),
                CLASS,
                pool("training", f"selector: {{a: b}}\n{TAINTS}\nresources: [amd.com/gpu]"),
            ],
            [
                "2.yaml:7 spec.resources[0]: spec.gpuResources (0.yaml:4) does not list"
                " amd.com/gpu: pods that ask for it are left alone; add it there"
            ],
            id="resource that is no GPU",
        ),
        pytest.param(
            [policy(""), CLASS, STEADY_POOL, STEADY_POOL.replace("name: training", "name: other")],
            [
                "3.yaml:5 spec.selector: equal to that of pool training (2.yaml:5): add a label"
                " that tells them apart"
            ],
            id="equal selectors",
        ),
        pytest.param(
            [
                policy(""),
                CLASS,
                pool("training", f"selector: {{gpu-type: x, a: b}}\n{TAINTS}"),
                STEADY_POOL.replace("name: training", "name: other"),
            ],
            [
                "3.yaml:5 spec.selector: with pool training (2.yaml:5) ambiguous: the selector of"
                " other takes in the nodes of training, and their taints are the same: add a label"
                " that tells them apart"
            ],
            id="selector inside another",
        ),
        pytest.param(
            [
                policy(""),
                gpu_class("training", "pools: [{name: a}, {name: b}]\nplacement: Preferred"),
                pool("a", f"selector: {{gpu-type: x}}\n{TAINTS}"),
                pool("b", f"selector: {{gpu-type: w}}\n{TAINTS}"),
            ],
            [
                "1.yaml:5 spec.pools: the selectors of the pools share no label that tells GPU"
                " nodes from others, so no required one keeps the pods on GPU nodes: they are kept"
                " to these pools instead; give the pools one in common"
            ],
            id="preferred pools without a common label",
        ),
        pytest.param(
            [
                policy(""),
                gpu_class("training", "pools: [{name: a}, {name: b}]\nplacement: Preferred"),
                pool("a", f"selector: {{gpu-type: x, kubernetes.io/arch: arm64}}\n{TAINTS}"),
                pool("b", f"selector: {{gpu-type: w, kubernetes.io/arch: arm64}}\n{TAINTS}"),
            ],
            [
                "1.yaml:5 spec.pools: the selectors of the pools share no label that tells GPU"
                " nodes from others, so no required one keeps the pods on GPU nodes: they are kept"
                " to these pools instead; give the pools one in common"
            ],
            id="preferred pools that share an architecture",
        ),
        pytest.param(
            [
                policy(""),
                gpu_class("training", "pools: [{name: a}, {name: b}]"),
                pool("a", f"selector: {{gpu-type: x}}\n{TAINTS}"),
                pool("b", f"selector: {{role: w}}\n{TAINTS}"),
            ],
            [
                "1.yaml:5 spec.pools: the pools differ in gpu-type, role: every node selector term"
                " of a pod is multiplied by the pools; let their selectors differ in one label"
            ],
            id="required pools that differ in two labels",
        ),
    ],
)
def test_what_is_hardly_meant_is_a_warning(texts: list[str], expected: list[str]) -> None:
    assert warnings(*texts) == expected


@pytest.mark.parametrize(
    "texts",
    [
        pytest.param(
            [
                policy(""),
                CLASS,
                pool("training", f"selector: {{gpu-type: x, a: b}}\n{TAINTS}"),
                pool("other", "selector: {gpu-type: x}\ntaints: [{key: gpu, effect: NoExecute}]"),
            ],
            id="selector inside another, with other taints",
        ),
        pytest.param(
            [
                policy(""),
                gpu_class("training", "pools: [{name: a}, {name: b}]"),
                pool("a", f"selector: {{gpu-type: x}}\n{TAINTS}"),
                pool("b", f"selector: {{gpu-type: w}}\n{TAINTS}"),
            ],
            id="required pools that differ in one label",
        ),
        pytest.param(
            [
                policy(""),
                gpu_class("training", "pools: [{name: a}, {name: b}]\nplacement: Preferred"),
                pool("a", f"selector: {{g: x, gpu-type: x}}\n{TAINTS}"),
                pool("b", f"selector: {{g: x, gpu-type: w}}\n{TAINTS}"),
            ],
            id="preferred pools with a common label",
        ),
        pytest.param(
            [
                policy(""),
                gpu_class("training", "pools: [{name: training}]\npriorityClassName: low"),
                STEADY_POOL,
                priority("low", "value: -10"),
            ],
            id="priority that is still scaled for",
        ),
    ],
)
def test_what_is_sound_is_let_pass(texts: list[str]) -> None:
    assert check(documents(texts)) == ()
