"""A policy, prepared: what is looked up by key, and what makes a revision."""

from pathlib import Path

import pytest

from tests.core.given import gpu_class, policy, pool, priority_class, shipped
from webhook.core.errors import PolicyError
from webhook.core.policy.choices import RULE_NAMES
from webhook.core.policy.decode import read
from webhook.core.policy.documents import Mode
from webhook.core.policy.policy import REVISION_LENGTH, compile_policy, revision
from webhook.watch.files import load

POOL = pool("a", "gpu-type: a", "{key: gpu, effect: NoSchedule}", 'claims: {names: ["gpu-*"]}')
CLASS = gpu_class("c", "{name: a}")


def test_classes_are_found_by_name_in_order() -> None:
    assert list(shipped().classes) == ["development", "general", "production", "training"]
    assert shipped().default_class == "general"


def test_taints_are_found_by_key_with_their_pools() -> None:
    found = shipped().taints
    assert sorted(found) == ["gpu-type", "nvidia.com/gpu"]
    by_value = {
        taint.value: [pool.name for pool in pools]
        for having in found.values()
        for taint, pools in having.items()
    }
    assert by_value == {
        "present": ["development", "production", "training", "worker"],
        "development": ["development"],
        "production": ["production"],
        "training": ["training"],
    }


def test_taints_that_are_the_pods_own_business_are_not_found() -> None:
    arm = "{key: kubernetes.io/arch, value: arm64, effect: NoSchedule, tolerate: false}"
    documents = pool("a", "gpu-type: a", f"{arm}, {{key: gpu, effect: NoSchedule}}") + CLASS
    assert list(policy(documents, "defaultClass: c").taints) == ["gpu"]


def test_labels_are_found_by_key_and_value_with_their_pools() -> None:
    found = shipped().labels
    assert sorted(found) == ["gpu-type", "node-role", "nvidia.com/gpu.present"]
    assert [each.name for each in found["gpu-type"]["training"]] == ["training"]
    assert len(found["nvidia.com/gpu.present"]["true"]) == 4


@pytest.mark.parametrize(
    ("name", "expected"),
    [("gpu-train-1", ["training"]), ("gpu-train-", ["training"]), ("cpu-1", []), ("", [])],
)
def test_pools_claim_nodes_by_name(name: str, expected: list[str]) -> None:
    assert [each.name for each in shipped().pools_of_node(name)] == expected


def test_global_default_is_the_priority_class_that_says_so() -> None:
    assert shipped().global_default is None
    documents = POOL + CLASS + priority_class("usual", 1, "globalDefault: true")
    assert policy(documents, "defaultClass: c").global_default == "usual"


def test_every_rule_has_the_policys_mode_unless_it_has_its_own() -> None:
    found = policy(cluster="defaultClass: general, mode: Warn, rules: {placement: Audit}")
    assert found.modes == {**dict.fromkeys(RULE_NAMES, Mode.WARN), "placement": Mode.AUDIT}
    assert found.writing == set(RULE_NAMES) - {"placement"}


ADVICE = ("offer", "priority-borrowed", "requests", "runtime")


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("Enforce", Mode.WARN),
        ("Warn", Mode.WARN),
        ("Audit", Mode.AUDIT),
        ('"Off"', Mode.OFF),
    ],
)
def test_advice_is_no_refusal_whatever_the_policys_mode(mode: str, expected: Mode) -> None:
    found = policy(cluster=f"defaultClass: general, mode: {mode}").modes
    assert {rule: found[rule] for rule in ADVICE} == dict.fromkeys(ADVICE, expected)
    assert {found[rule] for rule in RULE_NAMES if rule not in ADVICE} == {found["class"]}


def test_advice_refuses_where_the_policy_says_so_rule_by_rule() -> None:
    found = policy(cluster="defaultClass: general, rules: {requests: Enforce}").modes
    assert [found[rule] for rule in ADVICE] == [Mode.WARN, Mode.WARN, Mode.ENFORCE, Mode.WARN]


@pytest.mark.parametrize(
    ("mode", "writes"),
    [("Enforce", True), ("Warn", True), ("Audit", False), ('"Off"', False)],
)
def test_rules_write_where_they_are_enforced_or_warn(mode: str, *, writes: bool) -> None:
    found = policy(cluster=f"defaultClass: general, mode: {mode}")
    assert found.writing == (set(RULE_NAMES) if writes else set())


def test_every_error_is_reported_and_no_warning() -> None:
    text = POOL + gpu_class("c", "{name: b}") + gpu_class("d", "{name: d}")
    documents, faults = read(text, "p.yaml")
    assert not faults
    with pytest.raises(PolicyError) as caught:
        compile_policy(documents)
    assert str(caught.value) == (
        "p.yaml:4 spec.pools[0].name: there is no GPUNodePool b; known: a\n"
        "p.yaml:6 spec.pools[0].name: there is no GPUNodePool d; known: a\n"
        "policies: no GPUPolicy: add one, named cluster"
    )


def test_revision_is_that_of_what_the_documents_say() -> None:
    one, _ = read(f"# a comment\n{POOL}{CLASS}", "one.yaml")
    other, _ = read(CLASS + POOL, "other.yaml")
    assert revision(one) == revision(other)
    assert len(revision(one)) == REVISION_LENGTH


@pytest.mark.parametrize(
    "text",
    [
        POOL,
        POOL + gpu_class("c", "{name: a, weight: 99}"),
        POOL + gpu_class("c", "{name: a}", "placement: Preferred"),
        pool("a", "gpu-type: b") + CLASS,
    ],
    ids=["a-document-less", "a-number", "a-choice", "a-label"],
)
def test_revision_differs_where_the_documents_differ(text: str) -> None:
    documents, faults = read(text, "p.yaml")
    assert not faults
    assert revision(documents) != revision(read(POOL + CLASS, "p.yaml")[0])


def test_priority_classes_count_only_where_a_class_or_everybody_gets_them() -> None:
    named = gpu_class("c", "{name: a}", "allowedPriorityClassNames: [mine]")
    plain, with_other, with_own, with_default = (
        revision(read(POOL + named + more, "p.yaml")[0])
        for more in (
            "",
            priority_class("other", 5),
            priority_class("mine", 5),
            priority_class("other", 5, "globalDefault: true"),
        )
    )
    assert plain == with_other
    assert len({plain, with_own, with_default}) == 3


def test_shipped_revision_is_stable_over_readings() -> None:
    documents, _ = load(Path(__file__).parents[3] / "policies")
    assert compile_policy(documents).revision == shipped().revision
