"""What changes between policies: a line a document, fields as the files spell them."""

import pytest

from tests.core.policy.documents_text import CLASS, POLICY, POOL, PRIORITY
from webhook.cli.policy_changes import changes
from webhook.core.policy import decode
from webhook.core.policy.documents import Document

ALL = f"{POOL}---\n{CLASS}---\n{POLICY}---\n{PRIORITY}"


def read(text: str) -> tuple[Document, ...]:
    documents, faults = decode.read(text, "given.yaml")
    assert not faults
    return documents


def lines(old: str, new: str) -> list[str]:
    return [each.text for each in changes(read(old), read(new))]


@pytest.mark.parametrize(
    ("was", "now", "expected"),
    [
        ("mode: Warn", "mode: Enforce", "GPUPolicy cluster: mode Warn -> Enforce"),
        (
            "  defaultClass: training\n",
            "",
            "GPUPolicy cluster: defaultClass training -> none",
        ),
        ("onTarget: Warn", "onTarget: Allow", "GPUPolicy cluster: cpuPods.onTarget Warn -> Allow"),
        (
            'rules: {tolerations: "Off"}',
            "rules: {cpu-target: Audit}",
            'GPUPolicy cluster: rules["cpu-target"] none -> Audit; rules.tolerations Off -> none',
        ),
        (
            "exempt: {namespaces: [kube-system]}",
            "exempt: {namespaces: [a, kube-system], users: [bob]}",
            "GPUPolicy cluster: exempt.namespaces +a; exempt.users +bob",
        ),
        (
            "weight: 80",
            "weight: 90",
            "GPUClass training: pools -{name: training, weight: 80} +{name: training, weight: 90}",
        ),
        (
            "allowedPriorityClassNames: [other]",
            "allowedPriorityClassNames: []",
            "GPUClass training: allowedPriorityClassNames -other",
        ),
        (
            "    - {key: nvidia.com/gpu, value: present, effect: NoSchedule}\n",
            "    - {key: nvidia.com/gpu, effect: NoExecute}\n",
            "GPUNodePool training:"
            " taints -{key: nvidia.com/gpu, value: present, effect: NoSchedule}"
            " +{key: nvidia.com/gpu, effect: NoExecute}",
        ),
        (
            "tolerate: false",
            "tolerate: true",
            "GPUNodePool training: taints"
            " -{key: kubernetes.io/arch, value: arm64, effect: NoSchedule, tolerate: false}"
            " +{key: kubernetes.io/arch, value: arm64, effect: NoSchedule}",
        ),
        ("gpu-type: training", "gpu-type: a", 'GPUNodePool training: selector["gpu-type"]'),
        ("value: 50", "value: 60", "PriorityClass gpu-batch-priority: value 50 -> 60"),
        (
            "value: 50",
            "value: 50\nglobalDefault: true\ndescription: for\\n people",
            "PriorityClass gpu-batch-priority: globalDefault false -> true;"
            ' description "" -> "for\\\\n people"',
        ),
    ],
)
def test_a_changed_field_is_named(was: str, now: str, expected: str) -> None:
    assert was in ALL
    (line,) = lines(ALL, ALL.replace(was, now))
    assert line.startswith(expected)


def test_the_order_of_a_list_is_a_change_of_its_own() -> None:
    pools = "    - {name: training, weight: 80}\n    - name: development\n"
    other = "    - name: development\n    - {name: training, weight: 80}\n"
    assert lines(ALL, ALL.replace(pools, other)) == ["GPUClass training: pools reordered"]


def test_documents_come_and_go() -> None:
    spot = POOL.replace("name: training", "name: spot")
    found = changes(read(ALL), read(f"{ALL}---\n{spot}".replace(PRIORITY, "")))
    assert [(each.text, each.document is None) for each in found] == [
        ("GPUNodePool spot: added", False),
        ("PriorityClass gpu-batch-priority: removed", True),
    ]


def test_the_order_and_the_place_of_documents_are_no_change() -> None:
    assert lines(ALL, "---\n".join((PRIORITY, POLICY, "# a comment\n" + CLASS, POOL))) == []
