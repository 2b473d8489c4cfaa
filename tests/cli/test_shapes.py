"""Wrong types in what decisions read: found with path and line before anybody is asked."""

import pytest

from tests.cli.shipped import fault, finding
from webhook.core.decision import Verdict

POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n"
DEPLOYMENT = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\n"
TERMS = (
    "requiredDuringSchedulingIgnoredDuringExecution: "
    "{nodeSelectorTerms: [{matchExpressions: [{key: a}]}]}"
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{POD}spec: []", "4: spec: expected a mapping, found a list"),
        (f"{POD}spec:", "4: spec: expected a mapping, found nothing"),
        (
            f"{POD}spec:\n  tolerations:\n  - key: a\n    value: 1",
            "7: spec.tolerations[0].value: expected text, found the number 1: quote it",
        ),
        (
            f"{POD}spec:\n  tolerations: [a]",
            "5: spec.tolerations[0]: expected a mapping, found the text 'a'",
        ),
        (
            f"{POD}spec:\n  affinity: {{nodeAffinity: {{{TERMS}}}}}",
            "5: spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution."
            "nodeSelectorTerms[0].matchExpressions[0]: operator is missing",
        ),
        (
            f"{POD}spec:\n  containers:\n  - resources:\n     limits:\n      nvidia.com/gpu: one",
            '8: spec.containers[0].resources.limits["nvidia.com/gpu"]: '
            "'one' is no quantity; expected a number such as 1, 500m or 4Gi",
        ),
        (
            f"{DEPLOYMENT}spec:\n template:\n  spec:\n   nodeSelector:\n    a: b\n    c: on",
            '9: spec.template.spec.nodeSelector["c"]: expected text, found the boolean on: '
            "quote it",
        ),
        (f"{DEPLOYMENT}spec: [1]", "4: spec: expected a mapping, found a list"),
        (
            f"{DEPLOYMENT}spec: {{template: {{metadata: x}}}}",
            "4: spec.template.metadata: expected a mapping, found the text 'x'",
        ),
        (
            "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: a}\n"
            "spec: {jobTemplate: {metadata: {annotations: 1}}}",
            "4: spec.jobTemplate.metadata.annotations: expected a mapping, found the number 1",
        ),
    ],
)
def test_a_wrong_type_is_a_fault_with_its_place(text: str, expected: str) -> None:
    assert fault(text) == f"input.yaml:{expected}"


@pytest.mark.parametrize(
    "text",
    [
        f"{POD}spec: {{nodeSelector: {{a: }}, containers: null}}",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a, labels: {x: }}\nspec: {}",
        f"{DEPLOYMENT}spec: {{template: {{metadata: null, spec: null}}}}",
        DEPLOYMENT,
    ],
)
def test_what_the_api_server_fills_in_is_no_fault(text: str) -> None:
    assert finding(text).verdict is Verdict.ALLOW


def test_nothing_is_asked_of_the_shape_of_other_kinds() -> None:
    text = "apiVersion: example/v1\nkind: Pod\nmetadata: {name: a}\nspec: [1]"
    assert finding(text).verdict is Verdict.IGNORE
