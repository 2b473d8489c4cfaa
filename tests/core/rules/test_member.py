"""Rule `member`: a pod without GPUs of a workload that has some gets the priority only."""

import pytest

from tests.core.given import Json, assert_untouched, cpu_pod, mutate, patched, policy
from tests.core.shapes import priority_of

MEMBER = {"gpu-class": "training", "gpuclass.io/member": "true"}


def test_member_gets_the_priority_of_its_class_and_nothing_else() -> None:
    decision = mutate(cpu_pod(MEMBER, nodeSelector={"zone": "a"}))
    assert decision.rules == ("member",)
    assert {each.path for each in decision.patch} == {
        "/spec/priorityClassName",
        "/spec/priority",
        "/spec/preemptionPolicy",
    }
    once = patched(cpu_pod(MEMBER))
    assert priority_of(once) == ("gpu-batch-priority", 50, "Never")
    assert_untouched(once)


@pytest.mark.parametrize(
    ("annotations", "warnings"),
    [
        ({"gpuclass.io/member": "true"}, ()),
        (
            {"gpu-class": "training"},
            (
                'metadata.annotations["gpu-class"]: '
                "training does nothing here: the pod asks for no GPU",
            ),
        ),
        ({"gpu-class": "nothing", "gpuclass.io/member": "true"}, ()),
        ({"gpu-class": "general", "gpuclass.io/member": "true"}, ()),
    ],
    ids=["of-no-class", "class-alone", "unknown-class", "class-without-priority"],
)
def test_other_pods_are_untouched(annotations: Json, warnings: tuple[str, ...]) -> None:
    assert assert_untouched(cpu_pod(annotations)).warnings == warnings


def test_member_that_aims_at_gpu_nodes_is_refused_like_any_cpu_pod() -> None:
    assert not mutate(cpu_pod(MEMBER, nodeSelector={"gpu-type": "training"})).allowed


def test_member_may_also_be_steered() -> None:
    assert mutate(cpu_pod(MEMBER, tolerations=[{"operator": "Exists"}])).rules == (
        "steering",
        "member",
    )


def test_rule_that_is_off_writes_nothing() -> None:
    by = policy(cluster='defaultClass: general, rules: {member: "Off"}')
    assert_untouched(cpu_pod(MEMBER), by)
