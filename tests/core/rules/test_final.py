"""The validating half: a GPU pod must be in the final state of its class."""

import msgspec
import pytest

from tests.core.given import (
    Json,
    admitted,
    cpu_pod,
    gpu_class,
    gpu_pod,
    policy,
    pool,
    refusals,
    shipped,
    validate,
)
from webhook.core.policy.policy import Policy

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
    "stamp",
    [
        {"class": "training", "revision": "another"},
        {"class": "training", "revision": shipped().revision},
        {"class": "training"},
        [],
        {"revision": 1},
    ],
    ids=["of-another-revision", "of-this-one", "of-none", "a-list", "a-number"],
)
def test_no_stamp_excuses_a_difference(stamp: object) -> None:
    document = spoilt("tolerations", [])
    document["metadata"]["annotations"][STAMP] = msgspec.json.encode(stamp).decode()
    assert refusals(validate(document)) == [("tolerations", "spec.tolerations", MESSAGE)]


def test_pod_without_a_stamp_is_judged_by_what_it_is() -> None:
    document = admitted(gpu_pod("training"))
    del document["metadata"]["annotations"][STAMP]
    assert validate(document).allowed


def test_class_that_the_label_names_is_what_the_pod_was_given_a_moment_ago() -> None:
    made = admitted(gpu_pod(), policy(cluster="defaultClass: production"))
    decision = validate(made, policy(cluster="defaultClass: training"))
    assert (decision.allowed, decision.gpu_class) == (True, "production")


def test_label_of_a_pod_that_nothing_was_written_to_says_nothing() -> None:
    document = gpu_pod()
    document["metadata"]["labels"] = {"gpuclass.io/class": "production"}
    lax = policy(cluster="defaultClass: training, rules: {placement: Audit}")
    made = admitted(document, lax)
    assert made["metadata"]["labels"] == {"gpuclass.io/class": "production"}
    assert validate(made, lax).gpu_class == "training"


def swapped(before: Policy, now: Policy) -> Policy:
    """Give a policy that took the place of another a moment ago."""
    return now.after((before,))


OF_PRODUCTION = policy(cluster="defaultClass: production")
OF_TRAINING = policy(cluster="defaultClass: training")


def test_policy_swapped_between_the_halves_is_no_reason_to_refuse() -> None:
    made = admitted(gpu_pod(), OF_PRODUCTION)
    del made["metadata"]["labels"]
    assert not validate(made, OF_TRAINING).allowed
    decision = validate(made, swapped(OF_PRODUCTION, OF_TRAINING))
    assert (decision.allowed, decision.gpu_class) == (True, "production")


def test_class_that_goes_between_the_halves_is_no_reason_to_refuse() -> None:
    classes = [gpu_class(each, "{name: p}") for each in ("a", "b")]
    pools = pool("p", "t: p", "{key: t, value: p, effect: NoSchedule}")
    before, now = (
        policy(pools + each, "defaultClass: a") for each in ("".join(classes), classes[0])
    )
    made = admitted(gpu_pod("b"), before)
    assert [rule for rule, _, _ in refusals(validate(made, now))] == ["class"]
    assert validate(made, swapped(before, now)).allowed


def test_what_no_policy_of_late_makes_of_a_pod_is_refused() -> None:
    both = swapped(OF_PRODUCTION, OF_TRAINING)
    document = admitted(gpu_pod(), OF_PRODUCTION)
    document["spec"]["tolerations"] = []
    assert not validate(document, both).allowed


def test_what_mutation_has_nothing_to_do_with_is_refused_at_once() -> None:
    lax = policy(cluster="defaultClass: general, cpuPods: {onTarget: Allow}")
    aiming = cpu_pod(nodeSelector={"gpu-type": "training"})
    assert validate(aiming, lax).allowed
    assert not validate(aiming, swapped(lax, policy())).allowed


def test_pod_of_a_policy_that_is_not_here_yet_is_looked_at_again() -> None:
    pools = "".join(pool(each, f"t: {each}") for each in "ab")
    theirs, ours = (
        policy(pools + gpu_class("c", f"{{name: {each}}}"), "defaultClass: c") for each in "ab"
    )
    decision = validate(admitted(gpu_pod(), theirs), ours)
    assert (decision.allowed, decision.early) == (False, True)
    assert decision.warnings == (
        f"revision {theirs.revision} of the policy made the pod so, and this server has not "
        "got it: try again",
    )
    assert not validate(spoilt("tolerations", [])).early


@pytest.mark.parametrize("rule", ["placement", "tolerations", "priority"])
def test_rule_that_writes_nothing_misses_nothing(rule: str) -> None:
    by = policy(cluster=f"defaultClass: general, rules: {{{rule}: Audit}}")
    assert validate(admitted(gpu_pod("training"), by), by).allowed
