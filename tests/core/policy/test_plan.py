"""What a class makes of a pod, derived from its pools."""

from collections.abc import Iterable

import pytest

from tests.core.given import gpu_class, policy, pool, priority_class, shipped
from webhook.core.pod import NodeSelectorRequirement, NodeSelectorTerm
from webhook.core.policy.documents import GPUNodePool
from webhook.core.policy.plan import (
    ClassPlan,
    PriorityTarget,
    is_discovered,
    labels_of,
    merge,
    steady_label,
    steering,
)

GPU = "{key: nvidia.com/gpu, value: present, effect: NoSchedule}"


def lines(requirements: Iterable[NodeSelectorRequirement] | None) -> list[str]:
    return [
        " ".join((each.key, each.operator, *(each.values or ()))) for each in requirements or ()
    ]


def terms(found: Iterable[NodeSelectorTerm]) -> list[list[str]]:
    return [lines(each.match_expressions) for each in found]


def alternatives(plan: ClassPlan) -> list[list[str]]:
    return [lines(each) for each in plan.alternatives]


def preferences(plan: ClassPlan) -> list[tuple[int, list[str]]]:
    return [(each.weight, lines(each.preference.match_expressions)) for each in plan.preferred]


@pytest.mark.parametrize(
    ("selectors", "expected"),
    [
        pytest.param([], [], id="none"),
        pytest.param([{"a": "1", "b": "2"}], [["a In 1", "b In 2"]], id="one"),
        pytest.param([{"a": "1"}, {"a": "1"}], [["a In 1"]], id="equal"),
        pytest.param(
            [{"a": "1", "b": "2"}, {"b": "3", "a": "1"}],
            [["a In 1", "b In 2 3"]],
            id="one-label-differs",
        ),
        pytest.param(
            [{"a": "1", "b": "2"}, {"a": "2", "b": "3"}],
            [["a In 1", "b In 2"], ["a In 2", "b In 3"]],
            id="two-labels-differ",
        ),
        pytest.param(
            [{"a": "1"}, {"a": "1", "b": "2"}],
            [["a In 1"], ["a In 1", "b In 2"]],
            id="a-label-is-absent",
        ),
        pytest.param([{"a": "1"}, {"b": "1"}], [["a In 1"], ["b In 1"]], id="nothing-in-common"),
    ],
)
def test_selectors_become_as_few_alternatives_as_are_exact(
    selectors: list[dict[str, str]], expected: list[list[str]]
) -> None:
    assert [lines(each) for each in merge(selectors)] == expected


@pytest.mark.parametrize(
    ("name", "required", "preferred", "taints", "priority"),
    [
        (
            "general",
            [["nvidia.com/gpu.present In true", "node-role In gpu-worker"]],
            [],
            ["nvidia.com/gpu"],
            None,
        ),
        (
            "production",
            [["nvidia.com/gpu.present In true", "gpu-type In production"]],
            [],
            ["nvidia.com/gpu", "gpu-type"],
            PriorityTarget(
                name="gpu-high-priority", value=1000000, preemption_policy="PreemptLowerPriority"
            ),
        ),
        (
            "training",
            [["nvidia.com/gpu.present In true"]],
            [(100, ["gpu-type In training development"])],
            ["nvidia.com/gpu", "gpu-type", "gpu-type"],
            PriorityTarget(name="gpu-batch-priority", value=50, preemption_policy="Never"),
        ),
    ],
)
def test_shipped_classes_have_their_final_states(
    name: str,
    required: list[list[str]],
    preferred: list[tuple[int, list[str]]],
    taints: list[str],
    priority: PriorityTarget | None,
) -> None:
    plan = shipped().classes[name]
    assert alternatives(plan) == required
    assert preferences(plan) == preferred
    assert [each.key for each in plan.taints] == taints
    assert plan.priority == priority


def test_every_shipped_class_requires_what_only_gpu_nodes_have() -> None:
    for plan in shipped().classes.values():
        for each in alternatives(plan):
            assert "nvidia.com/gpu.present In true" in each


def test_affinity_of_a_bare_pod_is_the_whole_plan() -> None:
    affinity = shipped().classes["training"].affinity
    required = affinity.required_during_scheduling_ignored_during_execution
    assert required is not None
    assert terms(required.node_selector_terms or ()) == [["nvidia.com/gpu.present In true"]]
    assert affinity.preferred_during_scheduling_ignored_during_execution == (
        shipped().classes["training"].preferred
    )


def planned(pools: str, references: str, more: str = "") -> ClassPlan:
    return policy(pools + gpu_class("c", references, more), "defaultClass: c").classes["c"]


PAIR = pool("a", "gpu: x, type: a", GPU) + pool("b", "gpu: x, type: b", GPU)


def test_required_class_with_pools_that_differ_in_one_label_has_one_alternative() -> None:
    plan = planned(PAIR, "{name: a}, {name: b}")
    assert alternatives(plan) == [["gpu In x", "type In a b"]]
    assert preferences(plan) == []


def test_preferred_class_has_pools_of_one_weight_in_one_term_heaviest_first() -> None:
    pools = PAIR + pool("c", "gpu: x, type: c", GPU)
    references = "{name: a, weight: 10}, {name: b, weight: 50}, {name: c, weight: 10}"
    plan = planned(pools, references, "placement: Preferred")
    assert alternatives(plan) == [["gpu In x"]]
    assert preferences(plan) == [(50, ["type In b"]), (10, ["type In a c"])]


def test_preferred_class_whose_pools_differ_in_two_labels_has_a_term_for_each() -> None:
    pools = pool("a", "gpu: x, type: a, zone: v", GPU) + pool("b", "gpu: x, type: b, zone: w", GPU)
    plan = planned(pools, "{name: a}, {name: b}", "placement: Preferred")
    assert preferences(plan) == [
        (100, ["type In a", "zone In v"]),
        (100, ["type In b", "zone In w"]),
    ]


def test_preferred_class_of_one_pool_requires_its_selector_and_prefers_nothing() -> None:
    plan = planned(PAIR, "{name: a}", "placement: Preferred")
    assert alternatives(plan) == [["gpu In x", "type In a"]]
    assert preferences(plan) == []


def test_preferred_class_whose_pools_share_no_label_is_kept_to_its_pools() -> None:
    pools = pool("a", "one: a", GPU) + pool("b", "two: b", GPU)
    plan = planned(pools, "{name: a, weight: 2}, {name: b, weight: 1}", "placement: Preferred")
    assert alternatives(plan) == [["one In a"], ["two In b"]]
    assert preferences(plan) == [(2, ["one In a"]), (1, ["two In b"])]


def test_preferred_class_whose_pools_share_only_an_architecture_is_kept_to_its_pools() -> None:
    arch = "kubernetes.io/arch: arm64"
    pools = pool("a", f"one: a, {arch}", GPU) + pool("b", f"one: b, {arch}", GPU)
    plan = planned(pools, "{name: a}, {name: b}", "placement: Preferred")
    assert alternatives(plan) == [["one In a b", "kubernetes.io/arch In arm64"]]
    assert preferences(plan) == [(100, ["one In a b"])]


def test_taints_that_are_the_pods_own_business_are_not_tolerated() -> None:
    arm = "{key: kubernetes.io/arch, value: arm64, effect: NoSchedule, tolerate: false}"
    plan = planned(pool("a", "gpu: x", f"{GPU}, {arm}"), "{name: a}")
    assert [each.key for each in plan.tolerations] == ["nvidia.com/gpu"]


def test_tolerations_answer_the_taints_one_by_one_with_value_and_effect() -> None:
    bare = "{key: dedicated, effect: NoExecute}"
    plan = planned(pool("a", "gpu: x", f"{GPU}, {bare}"), "{name: a}")
    assert [(t.key, t.operator, t.value, t.effect) for t in plan.tolerations] == [
        ("nvidia.com/gpu", "Equal", "present", "NoSchedule"),
        ("dedicated", "Equal", None, "NoExecute"),
    ]


def test_pools_with_equal_taints_are_tolerated_once() -> None:
    assert len(planned(PAIR, "{name: a}, {name: b}").tolerations) == 1


def test_priority_class_that_no_document_defines_is_known_by_name_only() -> None:
    plan = planned(PAIR, "{name: a}", "priorityClassName: other")
    assert plan.priority == PriorityTarget(name="other")


def test_priority_class_that_a_document_defines_is_known_whole() -> None:
    documents = PAIR + priority_class("low", -5)
    plan = planned(documents, "{name: a}", "priorityClassName: low")
    assert plan.priority == PriorityTarget(
        name="low", value=-5, preemption_policy="PreemptLowerPriority"
    )


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("nvidia.com/gpu.present", True),
        ("feature.node.kubernetes.io/pci-10de", True),
        ("sub.nvidia.com/x", True),
        ("gpu-type", False),
        ("nvidia.com", False),
        ("mynvidia.com/x", False),
        ("kubernetes.io/arch", False),
    ],
)
def test_discovered_is_a_key_under_a_domain_of_discovery(key: str, *, expected: bool) -> None:
    assert is_discovered(key) is expected


def given_pool(selector: dict[str, str], labels: dict[str, str] | None = None) -> GPUNodePool:
    return GPUNodePool(name="p", selector=selector, labels=labels or {})


@pytest.mark.parametrize(
    ("selector", "labels", "expected"),
    [
        ({"nvidia.com/gpu.present": "true", "gpu-type": "a"}, {}, ("gpu-type", "a")),
        ({"nvidia.com/gpu.present": "true"}, {"node-role": "r"}, ("node-role", "r")),
        ({"gpu-type": "a"}, {"node-role": "r"}, ("gpu-type", "a")),
        ({"nvidia.com/gpu.present": "true"}, {}, ("nvidia.com/gpu.present", "true")),
        ({"kubernetes.io/arch": "arm64"}, {"gpu-type": "a"}, ("gpu-type", "a")),
        ({"kubernetes.io/arch": "arm64", "nvidia.com/x": "y"}, {}, ("nvidia.com/x", "y")),
        ({"kubernetes.io/arch": "arm64"}, {}, ("kubernetes.io/arch", "arm64")),
    ],
    ids=[
        "of-the-selector",
        "of-the-labels",
        "selector-first",
        "none-is-steady",
        "generic-and-steady",
        "generic-and-discovered",
        "generic-alone",
    ],
)
def test_steady_label_is_one_that_discovery_does_not_write(
    selector: dict[str, str], labels: dict[str, str], expected: tuple[str, str]
) -> None:
    assert steady_label(given_pool(selector, labels)) == expected


def test_steering_excludes_every_pool_by_one_label_each() -> None:
    pools = [
        given_pool({"nvidia.com/gpu.present": "true", "gpu-type": "a"}),
        given_pool({"node-role": "w"}),
        given_pool({"gpu-type": "b"}),
    ]
    assert lines(steering(pools)) == ["gpu-type NotIn a b", "node-role NotIn w"]
    assert steering([]) == ()


def test_labels_of_a_pool_are_those_that_its_nodes_carry() -> None:
    assert labels_of(given_pool({"a": "1"}, {"b": "2"})) == {"a": "1", "b": "2"}
