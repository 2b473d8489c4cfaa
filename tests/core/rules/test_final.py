"""The validating half: a GPU pod must be in the final state of its class."""

import msgspec
import pytest

from tests.core.given import Json, admitted, gpu_pod, policy, refusals, shipped, validate

STAMP = "gpuclass.io/injected"
MESSAGE = (
    "is not what class training makes of it: another admission webhook changed the pod after "
    "gpuclass, or it was not sent to gpuclass for mutation; look at the webhook configurations"
)


def test_pod_as_mutation_makes_it_is_let_in_unchanged() -> None:
    decision = validate(admitted(gpu_pod("training")))
    assert (decision.allowed, decision.patch, decision.rules) == (True, (), ())


def spoilt(field: str, value: object) -> Json:
    document = admitted(gpu_pod("training"))
    document["spec"][field] = value
    return document


@pytest.mark.parametrize(
    ("field", "value", "rule", "path"),
    [
        ("affinity", None, "placement", "spec.affinity.nodeAffinity"),
        ("affinity", {"nodeAffinity": {}}, "placement", "spec.affinity.nodeAffinity"),
        ("tolerations", [], "tolerations", "spec.tolerations"),
        ("priorityClassName", "mine", "priority", "spec.priorityClassName"),
    ],
    ids=["affinity", "node-affinity", "tolerations", "priority"],
)
def test_what_was_taken_away_is_named(field: str, value: object, rule: str, path: str) -> None:
    assert refusals(validate(spoilt(field, value))) == [(rule, path, MESSAGE)]


def test_everything_that_was_taken_away_is_named_at_once() -> None:
    found = refusals(validate(gpu_pod("training")))
    assert [path for _, path, _ in found] == [
        "spec.affinity.nodeAffinity",
        "spec.tolerations",
        "spec.priorityClassName",
        "spec.priority",
    ]


@pytest.mark.parametrize("field", ["affinity", "tolerations"])
def test_what_another_webhook_added_is_let_in(field: str) -> None:
    document = admitted(gpu_pod("training"))
    if field == "tolerations":
        document["spec"]["tolerations"].insert(0, {"key": "spot", "operator": "Exists"})
    else:
        document["spec"]["affinity"]["podAffinity"] = {"x": 1}
    assert validate(document).allowed


@pytest.mark.parametrize(
    ("stamp", "allowed"),
    [
        ({"class": "training", "revision": "another"}, True),
        ({"class": "training", "revision": shipped().revision}, False),
        ({"class": "training"}, True),
        ([], False),
        ({"revision": 1}, False),
    ],
    ids=["of-another-revision", "of-this-one", "of-none", "a-list", "a-number"],
)
def test_only_the_stamp_of_another_revision_excuses_a_difference(
    stamp: object, *, allowed: bool
) -> None:
    document = spoilt("tolerations", [])
    document["metadata"]["annotations"][STAMP] = msgspec.json.encode(stamp).decode()
    assert validate(document).allowed is allowed


def test_pod_without_a_stamp_is_judged_by_what_it_is() -> None:
    document = admitted(gpu_pod("training"))
    del document["metadata"]["annotations"][STAMP]
    assert validate(document).allowed


def test_pod_of_one_revision_is_let_in_by_the_next() -> None:
    later = policy(cluster="defaultClass: training")
    assert later.revision != shipped().revision
    assert validate(admitted(gpu_pod()), later).allowed


@pytest.mark.parametrize("rule", ["placement", "tolerations", "priority"])
def test_rule_that_writes_nothing_misses_nothing(rule: str) -> None:
    by = policy(cluster=f"defaultClass: general, rules: {{{rule}: Audit}}")
    assert validate(admitted(gpu_pod("training"), by), by).allowed
