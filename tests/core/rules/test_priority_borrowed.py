"""Rule `priority-borrowed`: a pod without GPUs keeps off the priority of a class."""

import pytest

from tests.core.given import (
    DAEMON_SET_CONTROLLER,
    Json,
    cpu_pod,
    gpu_class,
    gpu_pod,
    mutate,
    policy,
    pool,
    priority_class,
    refusals,
    request,
    validate,
)

MESSAGE = (
    "gpu-batch-priority is the priority of GPU class training, but the pod asks for no GPU; name "
    "another PriorityClass"
)
BORROWING = cpu_pod(priorityClassName="gpu-batch-priority")
MEMBER = {"gpu-class": "training", "gpuclass.io/member": "true"}


def test_cpu_pod_with_the_priority_of_a_class_is_warned() -> None:
    decision = mutate(BORROWING)
    assert decision.allowed
    assert decision.warnings == (f"spec.priorityClassName: {MESSAGE}",)
    assert decision.rules == ("priority-borrowed",)


def test_enforced_it_refuses() -> None:
    by = policy(cluster="defaultClass: general, rules: {priority-borrowed: Enforce}")
    for decide in (mutate, validate):
        assert refusals(decide(BORROWING, by)) == [
            ("priority-borrowed", "spec.priorityClassName", MESSAGE)
        ]


def test_all_classes_of_a_priority_are_named() -> None:
    documents = (
        pool("p", "a: b")
        + gpu_class("c", "{name: p}", "priorityClassName: shared")
        + gpu_class("d", "{name: p}", "priorityClassName: shared")
        + priority_class("shared", 5)
    )
    decision = mutate(cpu_pod(priorityClassName="shared"), policy(documents, "defaultClass: c"))
    assert decision.warnings == (
        "spec.priorityClassName: shared is the priority of GPU classes c, d, but the pod asks for "
        "no GPU; name another PriorityClass",
    )


def test_priority_that_every_pod_gets_is_nobodys_own() -> None:
    documents = (
        pool("p", "a: b")
        + gpu_class("c", "{name: p}", "priorityClassName: usual")
        + priority_class("usual", 5, "globalDefault: true")
    )
    found = mutate(cpu_pod(priorityClassName="usual"), policy(documents, "defaultClass: c"))
    assert found.warnings == ()


@pytest.mark.parametrize(
    "document",
    [
        cpu_pod(),
        cpu_pod(priorityClassName=""),
        cpu_pod(priorityClassName="own"),
        cpu_pod(MEMBER, priorityClassName="gpu-batch-priority", priority=50),
        gpu_pod("training", priorityClassName="gpu-batch-priority"),
    ],
    ids=["none", "empty", "another", "member-of-a-gpu-workload", "gpu-pod"],
)
def test_others_are_told_nothing(document: Json) -> None:
    assert mutate(document).warnings == ()


def test_pods_of_a_daemon_set_are_its_controllers() -> None:
    assert mutate(request(BORROWING, user=DAEMON_SET_CONTROLLER)).warnings == ()


def test_author_of_a_workload_is_told_at_its_template() -> None:
    template = {"spec": BORROWING["spec"]}
    document = {
        "metadata": {"name": "d", "namespace": "team-a"},
        "spec": {"template": template, "selector": {}},
    }
    decision = validate(request(document, kind="Deployment"))
    assert decision.warnings == (f"spec.template.spec.priorityClassName: {MESSAGE}",)
