"""Rule `restore`: what CREATE injected stays, and nothing else is ever put back."""

from copy import deepcopy

import pytest

from tests.core.given import (
    Json,
    admitted,
    assert_untouched,
    cpu_pod,
    gpu_pod,
    mutate,
    patched,
    policy,
    request,
    shipped,
)
from tests.core.shapes import REQUIRED, preferred, priority_of, required, stamp_of, term

STAMP = "gpuclass.io/injected"
LABEL = "gpuclass.io/class"
OWN: Json = {"key": "x", "operator": "Exists"}
GPU = "nvidia.com/gpu=present:NoSchedule"


def test_pod_without_anything_is_stamped_with_all_that_it_got() -> None:
    found = patched(gpu_pod("training"))
    assert stamp_of(found) == {
        "class": "training",
        "revision": shipped().revision,
        "tolerations": [GPU, "gpu-type=training:NoSchedule", "gpu-type=development:NoSchedule"],
        "required": "none",
        "preferred": "none",
    }
    assert found["metadata"]["labels"] == {LABEL: "training"}


def test_own_priority_that_is_replaced_is_recorded() -> None:
    assert stamp_of(patched(gpu_pod("training", priorityClassName="mine"))) == {
        **stamp_of(patched(gpu_pod("training"))),
        "priorityClassName": "mine",
    }


def test_own_priority_that_stays_is_recorded_as_the_authors() -> None:
    stamp = stamp_of(patched(gpu_pod("general", priorityClassName="mine")))
    assert stamp["priorityClassName"] == "mine"


def test_what_was_there_is_no_part_of_the_stamp() -> None:
    tolerations = [{"operator": "Exists"}]
    found = stamp_of(patched(gpu_pod("general", tolerations=tolerations)))
    assert sorted(found) == ["class", "required", "revision"]


def test_digest_tells_affinities_apart() -> None:
    one = stamp_of(patched(gpu_pod("general", affinity=required(term("a In b")))))["required"]
    other = stamp_of(patched(gpu_pod("general", affinity=required(term("a In c")))))["required"]
    assert len({one, other, "none"}) == 3


def test_second_pass_adds_to_the_stamp_of_the_first() -> None:
    once = patched(gpu_pod("production"))
    kept = [t for t in once["spec"]["tolerations"] if t["key"] != "gpu-type"]
    again = patched({**once, "spec": {**once["spec"], "tolerations": kept}})
    assert stamp_of(again)["tolerations"] == [
        *stamp_of(once)["tolerations"],
        "gpu-type=production:NoSchedule",
    ]
    assert stamp_of(again)["required"] == "none"


@pytest.mark.parametrize(
    "text",
    ["", "text", "[]", '{"class": "production", "revision": "0"}', "{" * 50, '{"a":' + "[" * 9999],
    ids=["empty", "no-json", "a-list", "of-another-class", "cut-off", "nested"],
)
def test_forged_stamp_is_replaced_and_decides_nothing(text: str) -> None:
    found = patched(gpu_pod("general", {STAMP: text}))
    assert found == patched(gpu_pod("general", {}))


def test_forged_label_is_replaced() -> None:
    document = gpu_pod("general")
    document["metadata"]["labels"] = {LABEL: "production", "app": "a"}
    assert patched(document)["metadata"]["labels"] == {LABEL: "general", "app": "a"}


def test_pods_that_get_nothing_are_not_stamped() -> None:
    assert_untouched(cpu_pod())
    by = policy(cluster="defaultClass: general, mode: Audit")
    assert_untouched(gpu_pod("training"), by)


def applied_twice(manifest: Json, changed: Json | None = None) -> tuple[Json, Json]:
    """Give a pod as stored, and as it is after its manifest was written over it."""
    stored = admitted(manifest)
    again = deepcopy(stored)
    again["spec"] |= deepcopy((changed or manifest)["spec"])
    return stored, patched(request(again, old=stored))


AFFINITY = required(term("zone In a"))


@pytest.mark.parametrize(
    "manifest",
    [
        gpu_pod("training", tolerations=[OWN]),
        gpu_pod("training", tolerations=[]),
        gpu_pod("training", affinity=AFFINITY),
        gpu_pod("training", affinity=preferred((1, term("zone In a")))),
        gpu_pod("training", affinity={"podAffinity": {REQUIRED: []}}),
        gpu_pod("training", affinity={**AFFINITY["nodeAffinity"]}, tolerations=[OWN]),
        gpu_pod("training", priorityClassName="mine"),
        gpu_pod("training", priorityClassName=None),
        cpu_pod(tolerations=[{"operator": "Exists"}], affinity=AFFINITY),
    ],
    ids=[
        "tolerations",
        "no-tolerations",
        "required",
        "preferred",
        "pod-affinity",
        "no-affinity",
        "priority",
        "no-priority",
        "steered",
    ],
)
def test_pod_that_is_applied_twice_stays_as_it_was(manifest: Json) -> None:
    stored, again = applied_twice(manifest)
    assert again["spec"].get("tolerations") == stored["spec"].get("tolerations")
    assert again["spec"]["affinity"].get("nodeAffinity") == (
        stored["spec"]["affinity"].get("nodeAffinity")
    )
    assert priority_of(again) == priority_of(stored)


def test_toleration_that_the_author_appends_stays() -> None:
    more = {"key": "y", "operator": "Exists"}
    stored, again = applied_twice(
        gpu_pod("general", tolerations=[OWN]), gpu_pod(tolerations=[OWN, more])
    )
    assert again["spec"]["tolerations"] == [OWN, more, stored["spec"]["tolerations"][-1]]


def test_toleration_of_the_authors_own_that_is_taken_away_is_not_put_back() -> None:
    _, again = applied_twice(gpu_pod("general", tolerations=[OWN]), gpu_pod(tolerations=[]))
    assert [each["key"] for each in again["spec"]["tolerations"]] == ["nvidia.com/gpu"]


def test_affinity_that_the_author_changed_is_not_put_back() -> None:
    changed = gpu_pod(affinity=required(term("zone In b")))
    _, again = applied_twice(gpu_pod("general", affinity=AFFINITY), changed)
    assert again["spec"]["affinity"] == changed["spec"]["affinity"]


def test_each_half_of_an_affinity_is_restored_for_itself() -> None:
    manifest = gpu_pod("training", affinity=AFFINITY)
    stored = admitted(manifest)
    again = deepcopy(stored)
    again["spec"]["affinity"] = deepcopy(AFFINITY)
    assert patched(request(again, old=stored))["spec"]["affinity"] == stored["spec"]["affinity"]


def test_priority_that_the_author_chose_anew_is_not_put_back() -> None:
    stored = admitted(gpu_pod("training", priorityClassName="mine"))
    again = deepcopy(stored)
    again["spec"]["priorityClassName"] = "other"
    assert not mutate(request(again, old=stored)).patch


def test_priority_of_the_authors_own_that_is_taken_away_is_not_put_back() -> None:
    stored = admitted(gpu_pod("general", priorityClassName="mine"))
    again = deepcopy(stored)
    del again["spec"]["priorityClassName"]
    assert not mutate(request(again, old=stored)).patch


@pytest.mark.parametrize("part", ["metadata", "status"])
def test_nothing_else_is_ever_put_back(part: str) -> None:
    stored = admitted(gpu_pod("training", tolerations=[OWN]))
    again = deepcopy(stored)
    if part == "metadata":
        again["metadata"] = {"name": "p", "finalizers": ["x"]}
    else:
        again["status"] = {"phase": "Failed"}
        again["spec"]["containers"][0]["image"] = "example.com/c:2"
    assert mutate(request(again, old=stored)).patch == ()


def test_pod_without_a_stamp_is_never_changed_on_update() -> None:
    stored = gpu_pod("training", tolerations=[OWN], nodeSelector={"gpu-type": "x"})
    assert mutate(request(gpu_pod("training"), old=stored)).patch == ()


def test_update_names_the_rule_only_where_something_was_restored() -> None:
    stored = admitted(gpu_pod("training"))
    assert mutate(request(stored, old=stored)).rules == ()
    lost = deepcopy(stored)
    lost["spec"]["tolerations"] = []
    decision = mutate(request(lost, old=stored))
    assert decision.rules == ("restore",)
    assert decision.reason == "written again: what was injected stays"


def test_rule_that_is_off_restores_nothing() -> None:
    by = policy(cluster='defaultClass: general, rules: {restore: "Off"}')
    stored = admitted(gpu_pod("training", tolerations=[OWN]), by)
    lost = deepcopy(stored)
    lost["spec"]["tolerations"] = [OWN]
    assert mutate(request(lost, old=stored), by).patch == ()
