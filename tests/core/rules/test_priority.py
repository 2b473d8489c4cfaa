"""Rule `priority`: three fields that the Priority plug-in ties together."""

import pytest

from tests.core.given import (
    Json,
    admitted,
    gpu_class,
    gpu_pod,
    mutate,
    patched,
    policy,
    pool,
    priority_class,
    refusals,
    validate,
)
from tests.core.shapes import priority_of
from webhook.core.policy.policy import Policy

BATCH = ("gpu-batch-priority", 50, "Never")
POOL = pool("a", "gpu: x", "{key: k, effect: NoSchedule}")


def given(more: str = "", documents: str = "") -> Policy:
    """Give a policy whose only class names priority class `batch`."""
    wanted = f"priorityClassName: batch{more}"
    return policy(POOL + gpu_class("c", "{name: a}", wanted) + documents, "defaultClass: c")


KNOWN = given(documents=priority_class("batch", 50, "preemptionPolicy: Never"))
UNKNOWN = given()
DEFAULTED = given(
    documents=priority_class("batch", 50) + priority_class("usual", 7, "globalDefault: true")
)


def prioritised(spec: Json, by: Policy | None = None, named: str = "training") -> object:
    """Give the three fields after mutation; a second pass over the pod changes nothing."""
    once = patched(gpu_pod(named if by is None else None, **spec), by)
    assert mutate(once, by).patch == ()
    return priority_of(once)


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"priority": 0, "preemptionPolicy": "PreemptLowerPriority"},
        {"priorityClassName": None, "priority": None, "preemptionPolicy": None},
        {"priorityClassName": ""},
        {"priorityClassName": "gpu-batch-priority", "priority": 3, "preemptionPolicy": "Never"},
        {"priorityClassName": "gpu-batch-priority", "priority": 50},
    ],
    ids=["none", "filled-in", "null", "empty", "stale-number", "no-policy"],
)
def test_known_class_is_written_whole(spec: Json) -> None:
    assert prioritised(spec) == BATCH


def test_fields_that_are_right_are_not_touched() -> None:
    spec: Json = dict(
        zip(("priorityClassName", "priority", "preemptionPolicy"), BATCH, strict=True)
    )
    decision = mutate(gpu_pod("training", **spec))
    assert not [each for each in decision.patch if "riority" in each.path]
    assert "priority" not in decision.rules


def test_unknown_class_is_named_and_the_rest_left_to_the_plug_in() -> None:
    spec = {"priorityClassName": "mine", "priority": 7, "preemptionPolicy": "Never"}
    assert prioritised(spec, UNKNOWN) == ("batch", None, None)
    assert prioritised({"priority": 0}, UNKNOWN) == ("batch", None, None)


def test_unknown_class_that_is_named_already_keeps_its_number() -> None:
    spec = {"priorityClassName": "batch", "priority": 7, "preemptionPolicy": "Never"}
    assert prioritised(spec, UNKNOWN) == ("batch", 7, "Never")


OWN: Json = {"priorityClassName": "mine", "priority": 7, "preemptionPolicy": "PreemptLowerPriority"}
REPLACED = (
    "spec.priorityClassName: mine is replaced by batch "
    "(class c does not list it in allowedPriorityClassNames)"
)


def test_other_choice_is_replaced_with_a_warning_that_names_both() -> None:
    assert prioritised(OWN, KNOWN) == ("batch", 50, "Never")
    assert mutate(gpu_pod(**OWN), KNOWN).warnings == (REPLACED,)


def test_allowed_choice_stays_without_a_warning() -> None:
    by = given(", allowedPriorityClassNames: [mine]")
    assert prioritised(OWN, by) == ("mine", 7, "PreemptLowerPriority")
    assert mutate(gpu_pod(**OWN), by).warnings == ()


def test_global_default_counts_as_not_chosen() -> None:
    spec: Json = {"priorityClassName": "usual", "priority": 7}
    assert prioritised(spec, DEFAULTED) == ("batch", 50, "PreemptLowerPriority")
    assert mutate(gpu_pod(**spec), DEFAULTED).warnings == ()


def test_class_without_a_priority_class_leaves_the_authors_alone() -> None:
    assert prioritised(OWN, named="general") == ("mine", 7, "PreemptLowerPriority")
    assert mutate(gpu_pod("general", **OWN)).warnings == ()


@pytest.mark.parametrize(
    ("named", "instead"),
    [("training", "; class training sets gpu-batch-priority"), ("general", "")],
)
@pytest.mark.parametrize("name", ["system-node-critical", "system-cluster-critical"])
def test_priority_of_the_clusters_own_components_is_refused(
    named: str, instead: str, name: str
) -> None:
    spec: Json = {"priorityClassName": name, "priority": 2000001000}
    message = f"{name} is for the cluster's own components; leave it out{instead}"
    expected = [("priority", "spec.priorityClassName", message)]
    assert refusals(mutate(gpu_pod(named, **spec))) == expected
    assert ("priority", "spec.priorityClassName", message) in refusals(
        validate(gpu_pod(named, **spec))
    )


def test_pod_without_a_number_is_refused_at_the_end() -> None:
    pod = admitted(gpu_pod("general"))
    assert validate(pod).allowed
    del pod["spec"]["priority"]
    assert refusals(validate(pod)) == [
        (
            "priority",
            "spec.priority",
            "is not set, so a pod of class general would count as priority 0; "
            "another admission webhook took it away: look at the webhook configurations",
        )
    ]
