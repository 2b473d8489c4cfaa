"""A workload: its author hears at the write what its pods would be told."""

import pytest

from tests.core.given import Json, cpu_pod, gpu_pod, mutate, request, shipped, validate
from webhook.core.cluster import Cluster
from webhook.core.decision import Verdict
from webhook.core.policy.policy import Policy

UNKNOWN = 'there is no class "research". Classes: development, general, production, training'


def workload(pod: Json, named: str | None = None) -> Json:
    annotations = {"gpu-class": named} if named else None
    return {"metadata": {"name": "w", "annotations": annotations}, "spec": {"template": pod}}


def test_every_fault_of_a_template_is_a_warning_with_its_place() -> None:
    pod = cpu_pod(
        nodeSelector={"gpu-type": "training"},
        tolerations=[{"key": "gpu-type", "value": "training"}],
    )
    decision = validate(request(workload(pod), kind="StatefulSet"))
    assert decision.verdict is Verdict.ALLOW
    assert [each.partition(", but")[0] for each in decision.warnings] == [
        'its pods would be refused: spec.template.spec.nodeSelector["gpu-type"]: '
        "gpu-type=training selects nodes of pool training",
        "its pods would be refused: spec.template.spec.tolerations[0]: "
        "tolerates gpu-type=training:NoSchedule of pool training",
    ]


PREFIX = "scheduler.alpha.kubernetes.io"
GIVEN = f"namespace team-a gives it to its pods by the annotation {PREFIX}"
TOLERATIONS = '[{"key": "gpu-type", "value": "training"}, {"key": "other"}]'


def in_namespace(**annotations: str) -> Policy:
    """Give the shipped policy where a namespace gives its pods a selector or tolerations."""
    given = {f"{PREFIX}/{name.replace('_', '-')}": text for name, text in annotations.items()}
    return shipped().knowing(Cluster(namespaces={"team-a": given}))


def told(pod: Json, by: Policy) -> list[str]:
    decision = validate(request(workload(pod), kind="Deployment"), by)
    return [each.partition(": change it")[0] for each in decision.warnings]


def test_what_a_namespace_gives_its_pods_is_told_at_the_template() -> None:
    by = in_namespace(node_selector="gpu-type=training, a=b", defaultTolerations=TOLERATIONS)
    own = {"key": "mine", "operator": "Exists"}
    assert told(cpu_pod(tolerations=[own]), by) == [
        'its pods would be refused: spec.template.spec.nodeSelector["gpu-type"]: '
        "gpu-type=training selects nodes of pool training, but the pod asks for no GPU; "
        f"{GIVEN}/node-selector",
        "its pods would be refused: spec.template.spec.tolerations[1]: "
        "tolerates gpu-type=training:NoSchedule of pool training, but the pod asks for no GPU; "
        f"{GIVEN}/defaultTolerations",
    ]
    assert told(gpu_pod("training"), by) == []
    (warning,) = told(gpu_pod("production"), by)
    assert warning.startswith(
        'its pods would be refused: spec.template.spec.nodeSelector["gpu-type"]: '
    )
    assert f"{GIVEN}/node-selector" in warning


def test_what_a_template_says_itself_is_not_given_twice() -> None:
    by = in_namespace(defaultTolerations=TOLERATIONS, node_selector="gpu-type=training")
    pod = cpu_pod(
        tolerations=[{"key": "gpu-type", "operator": "Equal", "value": "training"}],
        nodeSelector={"gpu-type": "other"},
    )
    (warning,) = told(pod, by)
    assert warning.startswith("its pods would be refused: spec.template.spec.tolerations[0]: ")


@pytest.mark.parametrize("text", ["", "[", "{}", "[1]"])
def test_what_no_plug_in_could_read_is_given_to_nobody(text: str) -> None:
    assert told(cpu_pod(), in_namespace(defaultTolerations=text, node_selector=text)) == []


def test_class_that_was_removed_from_the_policy_is_a_warning() -> None:
    old = workload(gpu_pod("research"), "research")
    new = {**old, "spec": {**old["spec"], "replicas": 0}}
    decision = validate(request(new, kind="ReplicaSet", old=old))
    assert decision.allowed
    assert decision.warnings == (
        f'its pods would be refused: spec.template.metadata.annotations["gpu-class"]: {UNKNOWN}',
    )
    assert decision.gpu_class is None


def test_warning_of_a_pod_is_told_at_its_template() -> None:
    decision = validate(request(workload(cpu_pod(), "training"), kind="Deployment"))
    assert decision.warnings == (
        'spec.template.metadata.annotations["gpu-class"]: '
        "training does nothing here: the pod asks for no GPU",
    )


def test_warning_without_a_place_is_told_at_the_template() -> None:
    pod = cpu_pod(containers=[{"name": "c", "resources": {"limits": {"amd.com/gpu": 1}}}])
    (warning,) = validate(request(workload(pod), kind="Deployment")).warnings
    assert warning.startswith("spec.template: amd.com/gpu is in no list of GPUs")


def test_pods_are_judged_as_those_of_their_controller() -> None:
    pod = cpu_pod(nodeSelector={"gpu-type": "training"}, tolerations=[{"operator": "Exists"}])
    assert validate(request(workload(pod), kind="Deployment")).warnings
    assert validate(request(workload(pod), kind="DaemonSet")).warnings == ()


def test_pods_are_judged_with_the_annotation_that_is_carried() -> None:
    decision = validate(request(workload(gpu_pod(), "training"), kind="Deployment"))
    assert decision.warnings == ()
    assert decision.rules == ("workload", "priority", "placement", "tolerations")


@pytest.mark.parametrize("decide", [mutate, validate], ids=["mutate", "validate"])
def test_object_that_is_null_is_let_in(decide: type) -> None:
    decision = decide(request(None, kind="Deployment"))
    assert (decision.verdict, decision.reason) == (Verdict.ALLOW, "nothing is written")


def test_template_is_not_looked_at_while_mutating() -> None:
    pod = cpu_pod(nodeSelector={"gpu-type": "training"})
    assert mutate(request(workload(pod), kind="Deployment")).warnings == ()
