"""A pod that asks for a GPU, whole: what it gets, and what its neighbours of other makes get."""

import pytest

from tests.core.given import (
    DAEMON_SET_CONTROLLER,
    Json,
    admitted,
    assert_untouched,
    cpu_pod,
    gpu_class,
    gpu_pod,
    mutate,
    patched,
    policy,
    pool,
    refusals,
    request,
    shipped,
    validate,
)
from tests.core.shapes import priority_of
from webhook.core.decision import Verdict


def test_plain_pod_gets_its_class_whole() -> None:
    found = patched(gpu_pod("production"))
    revision = shipped().revision
    assert found == {
        "metadata": {
            "name": "p",
            "namespace": "team-a",
            "labels": {"gpuclass.io/class": "production"},
            "annotations": {
                "gpu-class": "production",
                "gpuclass.io/injected": (
                    f'{{"class":"production","revision":"{revision}",'
                    '"tolerations":["nvidia.com/gpu=present:NoSchedule",'
                    '"gpu-type=production:NoSchedule"],"required":"none"}'
                ),
            },
        },
        "spec": {
            "containers": gpu_pod()["spec"]["containers"],
            "priorityClassName": "gpu-high-priority",
            "priority": 1000000,
            "preemptionPolicy": "PreemptLowerPriority",
            "affinity": {
                "nodeAffinity": {
                    "requiredDuringSchedulingIgnoredDuringExecution": {
                        "nodeSelectorTerms": [
                            {
                                "matchExpressions": [
                                    {
                                        "key": "nvidia.com/gpu.present",
                                        "operator": "In",
                                        "values": ["true"],
                                    },
                                    {"key": "gpu-type", "operator": "In", "values": ["production"]},
                                ]
                            }
                        ]
                    }
                }
            },
            "tolerations": [
                {
                    "key": "nvidia.com/gpu",
                    "operator": "Equal",
                    "value": "present",
                    "effect": "NoSchedule",
                },
                {
                    "key": "gpu-type",
                    "operator": "Equal",
                    "value": "production",
                    "effect": "NoSchedule",
                },
            ],
        },
    }


def test_decision_says_class_reason_and_rules() -> None:
    decision = mutate(gpu_pod("training"))
    assert decision.verdict is Verdict.INJECT
    assert (decision.gpu_class, decision.warnings) == ("training", ())
    assert decision.rules == ("priority", "placement", "tolerations")


def test_second_pass_changes_nothing_and_the_end_is_let_in() -> None:
    for named in shipped().classes:
        assert_untouched(admitted(gpu_pod(named)))


def test_every_fault_is_named_at_once() -> None:
    document = gpu_pod(
        "production",
        nodeName="gpu-1",
        priorityClassName="system-node-critical",
        nodeSelector={"gpu-type": "training"},
    )
    assert [rule for rule, _, _ in refusals(mutate(document))] == [
        "node-name",
        "priority",
        "contradiction",
    ]


def test_pod_of_a_daemon_set_gets_priority_and_label_only() -> None:
    sent = request(gpu_pod("training"), user=DAEMON_SET_CONTROLLER)
    found = patched(sent)
    assert priority_of(found) == ("gpu-batch-priority", 50, "Never")
    assert found["metadata"]["labels"] == {"gpuclass.io/class": "training"}
    assert found["metadata"]["annotations"] == {"gpu-class": "training"}
    assert not {"affinity", "tolerations"} & set(found["spec"])
    assert validate(request(found, user=DAEMON_SET_CONTROLLER)).allowed


def test_pod_of_a_daemon_set_is_validated_like_others() -> None:
    document = gpu_pod("training", nodeSelector={"gpu-type": "x"}, priority=0)
    decision = validate(request(document, user=DAEMON_SET_CONTROLLER))
    assert {rule for rule, _, _ in refusals(decision)} == {"priority", "contradiction"}


T4 = "nvidia.com/TU104GL_Tesla_T4"
UNLISTED = (
    f"{T4} is in no list of GPUs, so the pod is left as it is; "
    "GPUPolicy spec.gpuResources would have it placed"
)


def test_name_that_no_list_has_is_left_alone_with_a_warning() -> None:
    containers = [{"name": "c", "resources": {"limits": {T4: "1"}}}]
    document = cpu_pod(containers=containers, nodeSelector={"gpu-type": "training"})
    decision = assert_untouched(document)
    assert decision.reason == f"asks for {T4}, which no list of GPUs has"
    assert decision.warnings == (UNLISTED,)


@pytest.mark.parametrize("amount", [0, "0"])
def test_default_of_zero_gpus_makes_no_gpu_pod(amount: object) -> None:
    limits = {"limits": {"nvidia.com/gpu": amount}, "requests": {"nvidia.com/gpu": amount}}
    document = cpu_pod(containers=[{"name": "c", "resources": limits}])
    assert assert_untouched(document).reason == "asks for no GPU"


@pytest.mark.parametrize(
    "spec",
    [
        {"containers": None},
        {"initContainers": None, "tolerations": None, "affinity": None, "nodeSelector": None},
        {"resourceClaims": None, "nodeName": None, "priorityClassName": None, "priority": None},
    ],
    ids=["containers", "placement", "the-rest"],
)
def test_null_lists_are_absent(spec: Json) -> None:
    assert_untouched(cpu_pod(None, **spec))


def test_null_maps_of_a_gpu_pod_are_made() -> None:
    document = gpu_pod()
    document["metadata"] |= {"annotations": None, "labels": None, "ownerReferences": None}
    document["spec"] |= {"tolerations": None, "affinity": None, "nodeSelector": None}
    document["spec"]["priority"] = None
    assert patched(document)["metadata"]["labels"] == {"gpuclass.io/class": "general"}


BOTH = pool("a", "gpu: x, t: a", "{key: k, value: a, effect: NoSchedule}") + pool(
    "b", "gpu: x, t: b", "{key: k, value: b, effect: NoSchedule}"
)


def test_what_one_revision_injected_the_next_does_not_refuse() -> None:
    one, next_one = (
        policy(BOTH + gpu_class("c", f"{{name: {name}}}"), "defaultClass: c") for name in "ab"
    )
    stored, now = admitted(gpu_pod("c"), one), next_one.after((one,))
    assert refusals(validate(stored, now)) == []
    by_hand = gpu_pod("c", nodeSelector={"t": "a"}, priority=0)
    assert [rule for rule, _, _ in refusals(validate(by_hand, now))] == [
        "contradiction",
        "placement",
        "tolerations",
    ]
