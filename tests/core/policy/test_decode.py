"""Documents from text and from objects: what is read, and every fault with its place."""

import pytest

from tests.core.policy.documents_text import CLASS, POLICY, POOL, PRIORITY
from webhook.core.policy.decode import read, read_object
from webhook.core.policy.documents import (
    BlanketToleration,
    Claims,
    CpuPods,
    CpuTarget,
    Document,
    Effect,
    Exempt,
    GPUClass,
    GPUNodePool,
    GPUPolicy,
    Mode,
    Placement,
    PoolReference,
    PreemptionPolicy,
    PriorityClass,
    Taint,
)


def only(text: str) -> Document:
    (document,), found = read(text, "p.yaml")
    assert found == ()
    return document


def faults(text: str) -> list[str]:
    documents, found = read(text, "p.yaml")
    assert documents == ()
    return [str(fault) for fault in found]


def test_a_pool_is_read() -> None:
    assert only(POOL) == GPUNodePool(
        name="training",
        selector={"nvidia.com/gpu.present": "true", "gpu-type": "training"},
        labels={"node-role": "gpu-training"},
        taints=(
            Taint(key="nvidia.com/gpu", value="present", effect=Effect.NO_SCHEDULE),
            Taint(
                key="kubernetes.io/arch", value="arm64", effect=Effect.NO_SCHEDULE, tolerate=False
            ),
        ),
        resources=("nvidia.com/gpu",),
        claims=Claims(
            names=("gpu-train-*",),
            match_labels={"cloud.google.com/gke-accelerator": "nvidia-h100-80gb"},
        ),
    )


def test_a_class_is_read() -> None:
    assert only(CLASS) == GPUClass(
        name="training",
        pools=(PoolReference(name="training", weight=80), PoolReference(name="development")),
        placement=Placement.PREFERRED,
        priority_class_name="gpu-batch-priority",
        allowed_priority_class_names=("other",),
        allowed_namespaces=("team-*",),
    )


def test_a_policy_is_read_and_has_defaults() -> None:
    assert only(POLICY) == GPUPolicy(
        name="cluster",
        mode=Mode.WARN,
        default_class="training",
        gpu_resources=("nvidia.com/gpu", "nvidia.com/gpu.shared", "nvidia.com/mig-*"),
        device_classes=("gpu.nvidia.com", "mig.nvidia.com"),
        cpu_pods=CpuPods(on_target=CpuTarget.WARN, on_blanket_toleration=BlanketToleration.STEER),
        rules={"tolerations": Mode.OFF},
        schedulers=("system:kube-scheduler",),
        exempt=Exempt(namespaces=("kube-system",)),
    )


def test_a_priority_class_is_read_from_the_top_level() -> None:
    assert only(PRIORITY) == PriorityClass(
        name="gpu-batch-priority", value=50, preemption_policy=PreemptionPolicy.NEVER
    )


def test_a_policy_needs_no_spec() -> None:
    text = "apiVersion: gpuclass.io/v1alpha1\nkind: GPUPolicy\nmetadata: {name: cluster}\n"
    assert only(text) == only(f"{text}spec:\n") == GPUPolicy(name="cluster")


def test_a_document_knows_its_lines() -> None:
    document = only(f"---\n{CLASS}")
    assert (document.source, document.line) == ("p.yaml", 2)
    assert document.line_of("spec.pools[0].weight") == 10
    assert document.line_of("spec.pools[1].weight") == 11, "of what holds the field"
    assert document.line_of('spec.labels["a.b/c"]') == 8, "of what holds the fields"
    assert document.line_of("status") == 2, "of the document"


def test_equality_and_hash_are_those_of_what_is_said() -> None:
    one, other = only(CLASS), only(f"# moved\n{CLASS}")
    assert one == other
    assert hash(one) == hash(other)


HEAD = "apiVersion: gpuclass.io/v1alpha1\nkind: GPUClass\nmetadata: {name: a}\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "- a\n",
            ["p.yaml:1: a list is not a document: a mapping with apiVersion and kind"],
            id="no mapping",
        ),
        pytest.param(
            "&a {b: c}", ["p.yaml:1: anchor &a is not accepted: remove it"], id="refused root"
        ),
        pytest.param(
            "a: b\n",
            [
                "p.yaml:1 apiVersion: missing; a document starts with apiVersion and kind",
                "p.yaml:1 kind: missing; a document starts with apiVersion and kind",
            ],
            id="no kind",
        ),
        pytest.param(
            "apiVersion: v1\nkind: List\nitems: []\n",
            [
                "p.yaml:2 kind: List is not accepted in policies: write its items as documents,"
                ' "---" between them'
            ],
            id="list",
        ),
        pytest.param(
            "apiVersion: gpuclass.io/v1alpha1\nkind: GPUPool\n",
            [
                "p.yaml:2 kind: GPUPool is no kind of policy document; known: GPUClass,"
                " GPUNode, GPUNodePool, GPUPolicy, PriorityClass; did you mean GPUNodePool?"
            ],
            id="kind nearly known",
        ),
        pytest.param(
            "apiVersion: v1\nkind: Secret\n",
            [
                "p.yaml:2 kind: Secret is no kind of policy document; known: GPUClass, GPUNode,"
                " GPUNodePool, GPUPolicy, PriorityClass"
            ],
            id="kind of something else",
        ),
        pytest.param(
            "apiVersion: 1\nkind: [GPUClass]\n",
            [
                'p.yaml:2 kind: "" is no kind of policy document; known: GPUClass, GPUNode,'
                " GPUNodePool, GPUPolicy, PriorityClass"
            ],
            id="kind is a list",
        ),
        pytest.param(
            HEAD.replace("v1alpha1", "v1") + "spec: {pools: [{name: a}]}",
            ["p.yaml:1 apiVersion: gpuclass.io/v1 is not gpuclass.io/v1alpha1, that of GPUClass"],
            id="other version",
        ),
        pytest.param(
            "apiVersion: yes\nkind: no\n",
            [
                'p.yaml:1 apiVersion: YAML 1.1 and 1.2 readers differ about yes: quote it: "yes"',
                'p.yaml:2 kind: YAML 1.1 and 1.2 readers differ about no: quote it: "no"',
            ],
            id="refused kind is reported once",
        ),
        pytest.param(
            HEAD.replace("{name: a}", "{}"),
            [
                "p.yaml:3 metadata.name: missing; required: its name, unique among its kind",
                "p.yaml:1 spec.pools: missing; required: the pools that its pods run on",
            ][::-1],
            id="required fields",
        ),
        pytest.param(
            HEAD + "spec: {pools: }\nspecs: 1\n",
            [
                "p.yaml:4 spec.pools: missing; required: the pools that its pods run on",
                "p.yaml:5 specs: unknown field; did you mean spec?",
            ],
            id="null and unknown",
        ),
        pytest.param(
            HEAD + "spec: {pools: [{name: a, zzz: 1}], placment: Required, on: 1}\n",
            [
                'p.yaml:4 spec: YAML 1.1 and 1.2 readers differ about on: quote it: "on"',
                "p.yaml:4 spec.placment: unknown field; did you mean placement?",
                "p.yaml:4 spec.pools[0].zzz: unknown field; known: name, weight",
            ],
            id="unknown fields, nearest or known",
        ),
        pytest.param(
            HEAD + "spec: text\n",
            ["p.yaml:4 spec: text is not a mapping of fields"],
            id="no mapping of fields",
        ),
        pytest.param(
            HEAD + "spec: {pools: [{name: true}, {name: b, weight: 500}, {name: c, weight: '5'}]}",
            [
                'p.yaml:4 spec.pools[0].name: true is not text: quote it: "true"',
                "p.yaml:4 spec.pools[1].weight: 500 is not in 1..100",
                "p.yaml:4 spec.pools[2].weight: 5 is not a whole number",
            ],
            id="wrong scalars",
        ),
        pytest.param(
            HEAD + "spec: {pools: [{name: a, weight: true}, {name: [b]}, {name: c, weight: {}}]}",
            [
                "p.yaml:4 spec.pools[0].weight: true is not a whole number",
                "p.yaml:4 spec.pools[1].name: a list is not text",
                "p.yaml:4 spec.pools[2].weight: a mapping is not a whole number",
            ],
            id="wrong kinds of values",
        ),
        pytest.param(
            HEAD + "spec: {pools: [null, x], placement: preferred, allowedNamespaces: a}",
            [
                "p.yaml:4 spec.pools[0]: null is not a mapping of fields",
                "p.yaml:4 spec.pools[1]: x is not a mapping of fields",
                "p.yaml:4 spec.placement: preferred is not accepted; known: Preferred, Required;"
                " did you mean Preferred?",
                "p.yaml:4 spec.allowedNamespaces: a is not a list: write [a]",
            ],
            id="wrong shapes",
        ),
        pytest.param(
            HEAD + "spec: {pools: [], allowedNamespaces: {}, placement: [x]}",
            [
                "p.yaml:4 spec.pools: empty; required: the pools that its pods run on",
                "p.yaml:4 spec.placement: a list is not accepted; known: Preferred, Required",
                "p.yaml:4 spec.allowedNamespaces: a mapping is not a list",
            ],
            id="empty list",
        ),
        pytest.param(
            HEAD + "spec: {pools: [{name: a}, {name: b}, {name: a}, {name: B}],"
            " allowedNamespaces: [x, x]}",
            [
                "p.yaml:4 spec.pools[3].name: B is no DNS label: at most 63 of a-z, 0-9 and"
                ' "-", a letter or digit at both ends',
                "p.yaml:4 spec.pools[2]: name a is listed twice, first at spec.pools[0]: keep one",
                "p.yaml:4 spec.allowedNamespaces[1]: x is listed twice, first at"
                " spec.allowedNamespaces[0]: keep one",
            ],
            id="listed twice",
        ),
        pytest.param(
            HEAD.replace("{name: a}", '{name: a, labels: {x: 1}, annotations: {"/": a}, uid: b}')
            + "spec: {pools: [{name: a}]}",
            [
                "p.yaml:3 metadata.uid: unknown field; known: annotations, labels, name",
                'p.yaml:3 metadata.labels.x: 1 is not text: quote it: "1"',
                'p.yaml:3 metadata.annotations["/"]: / is no key: at most 63 of letters, digits,'
                ' "-", "_" and ".", after a DNS domain and "/" or none',
            ],
            id="metadata",
        ),
        pytest.param(
            "apiVersion: gpuclass.io/v1alpha1\nkind: GPUNodePool\nmetadata: {name: a}\n"
            "spec:\n  selector: {}\n  labels: [x]\n  claims: {names: ['?']}\n"
            "  taints: [{key: a, effect: NoSchedule, tolerate: 'false'},"
            " {key: b, value: a b, effect: Noschedule}]\n  resources: [gpu]\n",
            [
                "p.yaml:5 spec.selector: empty; required: the labels that identify its nodes;"
                " injected affinity requires these",
                "p.yaml:6 spec.labels: a list is not a mapping",
                "p.yaml:7 spec.claims.names[0]: ? is no glob of node names: a node's name, in"
                ' which "*" stands for any characters, such as gpu-train-*',
                "p.yaml:8 spec.taints[0].tolerate: false is not true or false, unquoted",
                'p.yaml:8 spec.taints[1].value: "a b" is no label value: empty, or at most 63 of'
                ' letters, digits, "-", "_" and ".", alphanumeric at both ends',
                "p.yaml:8 spec.taints[1].effect: Noschedule is not accepted; known: NoExecute,"
                " NoSchedule, PreferNoSchedule; did you mean NoSchedule?",
                "p.yaml:9 spec.resources[0]: gpu is no extended resource name: a DNS domain,"
                ' "/" and a name, such as nvidia.com/gpu or nvidia.com/mig-*',
            ],
            id="pool",
        ),
        pytest.param(
            POLICY.replace("{name: cluster}", "{name: other}").replace(
                "tolerations:", "tolerationz:"
            ),
            [
                "p.yaml:3 metadata.name: other is no name of a GPUPolicy: a cluster has one,"
                " named cluster",
                "p.yaml:7 spec.rules.tolerationz: unknown; known: binding, claim, class,"
                " contradiction, cpu-target, member, node-marks, node-name, offer, placement,"
                " priority, priority-borrowed, requests, restore, rollout, runtime, steering,"
                " tolerations, workload; did you mean tolerations?",
            ],
            id="policy",
        ),
        pytest.param(
            POLICY.replace('{tolerations: "Off"}', "{tolerations: Off, y: Warn}"),
            [
                "p.yaml:7 spec.rules.tolerations: YAML 1.1 and 1.2 readers differ about Off:"
                ' quote it: "Off"',
                'p.yaml:7 spec.rules: YAML 1.1 and 1.2 readers differ about y: quote it: "y"',
            ],
            id="refused entries are reported once",
        ),
        pytest.param(
            PRIORITY.replace("50", "2000000000") + "spec: {}\n",
            [
                "p.yaml:4 value: 2000000000 is not in -2147483648..1000000000",
                "p.yaml:6 spec: unknown field; known: apiVersion, description, globalDefault,"
                " kind, metadata, preemptionPolicy, value",
            ],
            id="priority class",
        ),
        pytest.param(
            PRIORITY.replace("metadata: {name: gpu-batch-priority}", "metadata: &a {name: b}"),
            ["p.yaml:3 metadata: anchor &a is not accepted: remove it"],
            id="refused metadata is reported once",
        ),
    ],
)
def test_every_fault_is_reported_with_its_place(text: str, expected: list[str]) -> None:
    assert faults(text) == expected


def test_sound_documents_beside_a_faulty_one_are_given() -> None:
    documents, found = read(f"{PRIORITY}---\na: b\n---\n{POOL}", "p.yaml")
    assert [document.name for document in documents] == ["gpu-batch-priority", "training"]
    assert len(found) == 2


OBJECT: dict[str, object] = {
    "apiVersion": "gpuclass.io/v1alpha1",
    "kind": "GPUClass",
    "metadata": {"name": "training", "uid": "1", "managedFields": [{"manager": "x"}]},
    "spec": {"pools": [{"name": "training", "weight": 50}]},
    "status": {"conditions": []},
}


def test_an_object_of_the_api_server_is_read() -> None:
    document, found = read_object(OBJECT, "GPUClass/training")
    assert found == ()
    assert document == GPUClass(name="training", pools=(PoolReference(name="training", weight=50),))
    assert (document.source, document.line, document.lines) == ("GPUClass/training", 0, {})


def test_a_faulty_object_has_no_line() -> None:
    document, found = read_object({**OBJECT, "spec": {}, "metadata": None}, "GPUClass/training")
    assert document is None
    assert [str(fault) for fault in found] == [
        "GPUClass/training metadata.name: missing; required: its name, unique among its kind",
        "GPUClass/training spec.pools: missing; required: the pools that its pods run on",
    ]
