"""`review` of kinds that the policy lists: each template's outlook, and faults at their fields."""

import pytest

from tests.cli.shipped import fault, finding
from webhook.cli import diffs
from webhook.cli.report import entry

HEAD = """\
apiVersion: ray.io/v1
kind: RayCluster
metadata: {name: a, annotations: {gpu-class: training}}
spec:
"""
CLUSTER = f"""{HEAD}\
  headGroupSpec: {{template: {{spec: {{containers: [{{name: head, image: i}}]}}}}}}
  workerGroupSpecs:
    - groupName: gpu
      template:
        spec:
          containers: [{{name: c, image: i, resources: {{limits: {{nvidia.com/gpu: 1}}}}}}]
"""
GPU_PODS = "{containers: [{name: c, image: i, resources: {limits: {nvidia.com/gpu: 1}}}]}"


def test_each_template_has_its_own_outlook() -> None:
    found = entry(finding(CLUSTER))
    assert "pod_patch" not in found
    pods = found["pods"]
    assert isinstance(pods, list)
    assert [(each["path"], each["class"], each["reason"]) for each in pods] == [
        ("spec.headGroupSpec.template", None, "asks for no GPU"),
        (
            "spec.workerGroupSpecs[0].template",
            "training",
            "class training, from its annotation gpu-class",
        ),
    ]
    assert [each["path"] for each in pods[0]["pod_patch"]] == [
        "/spec/priorityClassName",
        "/spec/priority",
        "/spec/preemptionPolicy",
    ]
    assert (found["verdict"], found["class"]) == ("inject", "training")


def test_a_diff_is_shown_for_the_object_and_for_the_pods_of_each_template() -> None:
    assert [lines[0] for lines in diffs.diffs(finding(CLUSTER))] == [
        "--- RayCluster, as sent",
        "--- Pod of spec.headGroupSpec.template, as sent",
        "--- Pod of spec.workerGroupSpecs[0].template, as sent",
    ]


def test_built_in_kinds_have_one_outlook_without_a_path() -> None:
    deployment = (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\n"
        f"spec: {{template: {{spec: {GPU_PODS}}}}}"
    )
    found = entry(finding(deployment))
    assert found["pod_patch"]
    assert "pods" not in found


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        pytest.param(
            "{workerGroupSpecs: x}",
            "5: spec.workerGroupSpecs: expected a list or a mapping, found the text 'x'",
            id="no-list",
        ),
        pytest.param(
            "{headGroupSpec: [x]}",
            "5: spec.headGroupSpec: expected a mapping, found a list",
            id="no-map",
        ),
        pytest.param(
            "{workerGroupSpecs: [x]}",
            "5: spec.workerGroupSpecs[0]: expected a mapping, found the text 'x'",
            id="an-item",
        ),
        pytest.param(
            "{workerGroupSpecs: [{template: {spec: {nodeSelector: {a: true}}}}]}",
            '5: spec.workerGroupSpecs[0].template.spec.nodeSelector["a"]: expected text, found the '
            "boolean true: quote it",
            id="a-field-of-a-pod",
        ),
        pytest.param(
            "{headGroupSpec: {template: {spec: {containers: [{name: c, resources: {limits: "
            "{nvidia.com/gpu: one}}}]}}}}",
            '5: spec.headGroupSpec.template.spec.containers[0].resources.limits["nvidia.com/gpu"]: '
            "'one' is no quantity; expected a number such as 1, 500m or 4Gi",
            id="an-amount",
        ),
    ],
)
def test_what_the_api_server_would_not_take_is_a_fault_at_its_field(
    spec: str, expected: str
) -> None:
    assert fault(f"{HEAD}  {spec}\n").removeprefix("input.yaml:") == expected


def test_a_field_of_an_inlined_pod_is_named_where_it_lies() -> None:
    text = (
        "apiVersion: serving.kserve.io/v1beta1\nkind: InferenceService\nmetadata: {name: a}\n"
        "spec:\n  predictor:\n    annotations: {a: 1}\n    containers: []\n"
    )
    assert fault(text) == (
        'input.yaml:6: spec.predictor.annotations["a"]: expected text, found the number 1: quote it'
    )


def test_nothing_in_an_annotation_of_a_template_is_empty_text() -> None:
    template = f"{{metadata: {{annotations: {{a: }}}}, spec: {GPU_PODS}}}"
    assert finding(f"{HEAD}  headGroupSpec: {{template: {template}}}\n").gpu_class == "training"
