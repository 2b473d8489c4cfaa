"""What the cluster would do with a manifest; most of it is in policies/cases."""

import json

import pytest

from tests.cli.shipped import fault, finding
from webhook.cli import judging
from webhook.cli.judging import Requester
from webhook.core.decision import Verdict
from webhook.core.errors import RequestError
from webhook.core.patch import apply
from webhook.core.paths import at

GPU = "{name: c, image: i, resources: {limits: {nvidia.com/gpu: 1}}}"
CRONJOB = f"""
apiVersion: batch/v1
kind: CronJob
metadata: {{name: a}}
spec: {{jobTemplate: {{spec: {{template: {{spec: {{containers: [{GPU}]}}}}}}}}}}
"""
MISSPELT = """
apiVersion: batch/v1
kind: CronJob
metadata: {name: a}
spec:
  jobTemplate:
    metadata: {annotations: {gpu-class: trainin}}
    spec:
      template:
        spec:
          nodeName: gpu-dev-1
          nodeSelector: {gpu-type: training}
          containers: [{name: c, resources: {limits: {cpu: 1, memory: 1Gi, nvidia.com/gpu: 1}}}]
"""


def test_the_patch_of_a_pod_applies_to_a_template_without_metadata() -> None:
    found = finding(CRONJOB)
    template = at(found.manifest.value, ("spec", "jobTemplate", "spec", "template"))
    assert found.pod_patch is not None
    assert apply(found.pod_patch, template) == found.pod_after
    assert found.pod == {"metadata": {}, "spec": at(template, ("spec",))}


def test_a_refused_class_is_said_once_where_it_is_named_beside_the_other_faults() -> None:
    found = finding(MISSPELT)
    assert [(each.path, each.rule) for each in found.violations] == [
        ('spec.jobTemplate.metadata.annotations["gpu-class"]', "class"),
        ("spec.jobTemplate.spec.template.spec.nodeName", "node-name"),
    ]
    assert (found.verdict, found.gpu_class, found.warnings) == (Verdict.DENY, None, ())
    assert (found.patch, found.pod_patch) == ((), ())
    assert found.reason == "names class trainin"


def test_a_warning_of_the_pods_tells_its_place_in_the_template() -> None:
    text = CRONJOB.replace("nvidia.com/gpu:", "nvidia.com/TU104GL:")
    assert finding(text).warnings == (
        "spec.jobTemplate.spec.template: nvidia.com/TU104GL is in no list of GPUs, so the pod is "
        "left as it is; GPUPolicy spec.gpuResources would have it placed",
    )


def test_an_empty_annotation_is_empty_text_to_the_api_server() -> None:
    text = (
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a, annotations: {gpu-class: }}\n"
        f"spec: {{containers: [{GPU}]}}"
    )
    (violation,) = finding(text).violations
    assert violation.message.startswith('there is no class ""')


def test_the_patch_applies_to_the_document_as_written_where_a_map_holds_nothing() -> None:
    text = (
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a, labels: {gpuclass.io/class: }}\n"
        f"spec: {{containers: [{GPU}]}}"
    )
    found = finding(text)
    assert at(found.after, ("metadata", "labels")) == {"gpuclass.io/class": "general"}


def test_a_requester_is_an_ordinary_user_unless_somebody_is_named() -> None:
    assert judging.requester() == Requester()
    assert judging.requester("eve", ["a"]) == Requester(user="eve", groups=("a",))
    assert judging.requester(None, ["a"]) == Requester(groups=("a",))


def test_json_is_judged_like_yaml() -> None:
    text = json.dumps(finding(CRONJOB).manifest.value)
    assert finding(text).pod_patch == finding(CRONJOB).pod_patch


def test_what_decide_can_not_read_is_a_fault_of_the_document(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object) -> None:
        raise RequestError("the CronJob can not be read")

    monkeypatch.setattr(judging, "decide", refuse)
    assert fault(f"---{CRONJOB}") == "input.yaml:2: the CronJob can not be read"
