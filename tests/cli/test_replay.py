"""The shipped cases hold, and a difference is told."""

import pytest

from tests.cli.shipped import POLICIES, policy
from webhook.cli import cases, fields, replay
from webhook.cli.cases import Case
from webhook.cli.replay import Difference
from webhook.core import patch, workload
from webhook.core.errors import Fault
from webhook.core.paths import at
from webhook.core.review import GroupVersionKind

SHIPPED = [each for each in cases.load(POLICIES) if isinstance(each, Case)]
POD = """\
name: m
why: w
input:
  apiVersion: v1
  kind: Pod
  metadata: {name: a}
  spec:
    nodeSelector: {gpu-type: training}
    containers: [{name: c}]
"""


def differences(expected: str) -> list[Difference]:
    (case,) = cases.parse(f"{POD}expected: {expected}\n", "c.yaml")
    assert isinstance(case, Case)
    outcomes = replay.replay(case, policy())
    assert not isinstance(outcomes, Fault)
    return [each for outcome in outcomes for each in outcome.differences]


@pytest.mark.parametrize("case", SHIPPED, ids=lambda case: case.name)
def test_a_shipped_case_comes_out_as_expected(case: Case) -> None:
    outcomes = replay.replay(case, policy())
    assert not isinstance(outcomes, Fault)
    assert [each for outcome in outcomes for each in outcome.differences] == []


@pytest.mark.parametrize("case", SHIPPED, ids=lambda case: case.name)
def test_the_patches_of_a_shipped_case_apply(case: Case) -> None:
    outcomes = replay.replay(case, policy())
    assert not isinstance(outcomes, Fault)
    for outcome in outcomes:
        finding = outcome.finding
        after = patch.apply(finding.patch, finding.manifest.value)
        if finding.pod_patch is None:
            continue
        group = finding.manifest.api_version.rpartition("/")[0]
        row = workload.find(GroupVersionKind(group=group, kind=finding.manifest.kind))
        assert row is not None
        (template,) = workload.templates(row, after)
        changed = patch.apply(finding.pod_patch, at(after, template.path))
        assert at(changed, ("spec",)) == at(finding.pod_after, ("spec",))


@pytest.mark.parametrize("case", SHIPPED, ids=lambda case: case.name)
def test_the_violations_of_a_shipped_case_name_fields_that_are_written(case: Case) -> None:
    outcomes = replay.replay(case, policy())
    assert not isinstance(outcomes, Fault)
    for outcome in outcomes:
        for each in outcome.finding.violations:
            node = outcome.finding.manifest.located
            for step in fields.steps(each.path):
                child = fields.child(node, step)
                assert child is not None, each.path
                node = child


def test_there_are_no_faults_in_the_shipped_cases() -> None:
    assert [each for each in cases.load(POLICIES) if isinstance(each, Fault)] == []
    assert len(SHIPPED) >= 25


@pytest.mark.parametrize(
    ("expected", "different"),
    [
        ("{verdict: deny, class: null, reason: asks for no GPU, patch: []}", []),
        ("{verdict: allow}", ["verdict"]),
        ("{verdict: deny, class: training}", ["class"]),
        ("{verdict: deny, reason: x}", ["reason"]),
        ("{verdict: deny, patch: [{op: remove, path: /a}]}", ["patch"]),
        ("{verdict: deny, pod: {spec: {containers: [{name: c}], affinity: null}}}", []),
        ("{verdict: deny, pod: {spec: {containers: []}}}", ["pod.spec.containers"]),
        (
            "{verdict: deny, object: {spec: {containers: [{name: d}]}}}",
            ["object.spec.containers[0].name"],
        ),
        ("{verdict: deny, violations: []}", ["violations"]),
        ("{verdict: deny, violations: [{path: 'spec.nodeSelector[\"gpu-type\"]'}]}", []),
        (
            "{verdict: deny, violations: [{path: 'spec.nodeSelector[\"gpu-type\"]', rule: x}]}",
            ["violations", "violations"],
        ),
        ("{verdict: deny, warnings: []}", []),
        ("{verdict: deny, warnings: [x]}", ["warnings"]),
    ],
)
def test_only_what_is_written_is_compared(expected: str, different: list[str]) -> None:
    assert [each.field for each in differences(expected)] == different


LISTED = """\
name: m
why: w
input:
  apiVersion: ray.io/v1
  kind: RayCluster
  metadata: {name: a, annotations: {gpu-class: training}}
  spec: {headGroupSpec: {template: {spec: {containers: [{name: c}]}}}}
"""


@pytest.mark.parametrize(
    ("pods", "fields"),
    [
        ("[{path: spec.headGroupSpec.template, class: null, reason: asks for no GPU}]", []),
        ("[]", ["pods"]),
        ("[{path: spec.headGroupSpec}]", ["pods"]),
        (
            "[{path: spec.headGroupSpec.template, class: training, pod: {spec: {priority: 1}}}]",
            [
                "pods spec.headGroupSpec.template: class",
                "pods spec.headGroupSpec.template: pod.spec.priority",
            ],
        ),
    ],
)
def test_pods_of_each_template_are_compared_by_path(pods: str, fields: list[str]) -> None:
    text = f"{LISTED}expected: {{verdict: inject, pods: {pods}}}\n"
    (case,) = cases.parse(text, "c.yaml")
    assert isinstance(case, Case)
    outcomes = replay.replay(case, policy())
    assert not isinstance(outcomes, Fault)
    assert [each.field for each in outcomes[0].differences] == fields


def test_an_unknown_field_of_expected_pods_is_a_fault() -> None:
    text = f"{LISTED}expected: {{verdict: inject, pods: [{{path: x, klass: y}}]}}\n"
    (found,) = cases.parse(text, "c.yaml")
    assert isinstance(found, Fault)
    assert found.path == "expected.pods[0].klass"
