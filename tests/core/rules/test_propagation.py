"""Rule `workload`: the annotation on a workload is carried to its pod template."""

import pytest

from tests.core.given import (
    Json,
    assert_untouched,
    gpu_pod,
    mutate,
    patched,
    policy,
    refusals,
    request,
    validate,
)
from webhook.core.decision import Verdict

KINDS = ["Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "ReplicationController", "Job"]
OWNER = [{"kind": "ModelServer", "name": "llm", "controller": True}]


def workload(named: str | None = None, template: str | None = None, **spec: object) -> Json:
    """Give a workload that names a class, and whose template names one."""
    pod = gpu_pod(template)
    del pod["metadata"]["name"], pod["metadata"]["namespace"]
    annotations = {"gpu-class": named} if named else {}
    return {
        "metadata": {"name": "w", "annotations": annotations},
        "spec": {"template": pod, **spec},
    }


def carried(document: Json, kind: str = "Deployment", old: Json | None = None) -> object:
    """Give the class that the template names after mutation; the rest stays as it was sent."""
    once = patched(request(document, kind=kind, old=old))
    assert mutate(request(once, kind=kind, old=once)).patch == ()
    template = once["spec"]["template"]
    found = (template.get("metadata") or {}).get("annotations") or {}
    assert {**template, "metadata": None} == {**document["spec"]["template"], "metadata": None}
    return found.get("gpu-class")


@pytest.mark.parametrize("kind", KINDS)
def test_annotation_is_carried_when_it_is_created(kind: str) -> None:
    decision = mutate(request(workload("training"), kind=kind))
    assert decision.verdict is Verdict.PROPAGATE
    assert (decision.gpu_class, decision.reason) == ("training", "names class training")
    assert decision.rules == ("workload",)
    assert carried(workload("training"), kind) == "training"


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "Job"])
@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        pytest.param(workload(), workload("training"), "training", id="added"),
        pytest.param(
            workload("general", "general"),
            workload("training", "general"),
            "training",
            id="changed",
        ),
        pytest.param(workload("general", "general"), workload(None, "general"), None, id="removed"),
        pytest.param(
            workload("general", "training"),
            workload(None, "training"),
            "training",
            id="removed-but-the-template-has-another",
        ),
        pytest.param(
            workload(None, "general"), workload(None, "general"), "general", id="template-alone"
        ),
        pytest.param(
            workload("training", "training"), workload("training"), "training", id="applied-again"
        ),
    ],
)
def test_annotation_is_carried_when_it_changes(
    kind: str, old: Json, new: Json, expected: str | None
) -> None:
    assert carried(new, kind, old) == expected


@pytest.mark.parametrize("kind", KINDS)
def test_workload_that_names_no_class_is_untouched(kind: str) -> None:
    decision = mutate(request(workload(None, "training"), kind=kind))
    assert (decision.verdict, decision.reason) == (Verdict.ALLOW, "names no class")
    assert decision.rules == ()


@pytest.mark.parametrize(
    "metadata", ["absent", None, {}, {"annotations": None}, {"annotations": {}}], ids=str
)
def test_parents_that_are_missing_are_made(metadata: object) -> None:
    document = workload("training")
    if metadata == "absent":
        del document["spec"]["template"]["metadata"]
    else:
        document["spec"]["template"]["metadata"] = metadata
    assert carried(document) == "training"


def test_annotations_that_are_there_stay() -> None:
    document = workload("training")
    document["spec"]["template"]["metadata"] = {"labels": {"a": "b"}, "annotations": {"c": "d"}}
    (operation,) = mutate(request(document, kind="Deployment")).patch
    assert operation.path == "/spec/template/metadata/annotations/gpu-class"


def test_another_value_of_the_template_is_replaced_with_a_warning() -> None:
    decision = mutate(request(workload("training", "general"), kind="Deployment"))
    assert decision.warnings == (
        "the template's gpu-class=general is replaced by the Deployment's training",
    )
    assert carried(workload("training", "general")) == "training"


def owned(document: Json) -> Json:
    return {**document, "metadata": {**document["metadata"], "ownerReferences": OWNER}}


@pytest.mark.parametrize("kind", ["Deployment", "ReplicaSet", "StatefulSet", "DaemonSet"])
def test_template_of_a_controller_is_left_with_a_warning(kind: str) -> None:
    for old in (None, workload()):
        decision = assert_untouched(request(owned(workload("training")), kind=kind, old=old))
        assert decision.warnings == (
            "gpu-class=training is not carried to the pods: ModelServer llm owns this "
            f"{kind} and declares its template; annotate the template there",
        )


def test_job_keeps_its_own_annotation_whoever_controls_it() -> None:
    assert carried(owned(workload("training")), "Job") == "training"


def test_write_that_changes_nothing_of_the_class_says_nothing() -> None:
    document = owned(workload("training"))
    scaled = {**document, "spec": {**document["spec"], "replicas": 0}}
    assert mutate(request(scaled, kind="ReplicaSet", old=document)).warnings == ()


FIXED = (
    "gpu-class=training does not reach the pods: the template of a Job can not "
    "change once it runs; delete it and create it again"
)


def job(named: str | None, suspend: object, started: object = None) -> Json:
    status = {"status": {"startTime": started}} if started else {}
    return {**workload(named, suspend=suspend), **status}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (job(None, suspend=False), job("training", suspend=False)),
        (job(None, suspend=None), job("training", suspend=None)),
        (job(None, suspend=False), job("training", suspend=True)),
        (
            job(None, suspend=True, started="2026-01-01T00:00:00Z"),
            job("training", suspend=True, started="2026-01-01T00:00:00Z"),
        ),
    ],
    ids=["running", "by-default", "suspended-only-now", "started-once"],
)
def test_template_of_a_job_that_has_started_is_left_with_a_warning(old: Json, new: Json) -> None:
    assert assert_untouched(request(new, kind="Job", old=old)).warnings == (FIXED,)


@pytest.mark.parametrize("suspend", [True, False], ids=["still", "unsuspended"])
def test_template_of_a_job_that_never_started_is_carried(*, suspend: bool) -> None:
    new = job("training", suspend=suspend)
    assert carried(new, "Job", job(None, suspend=True)) == "training"


def cron_job(own: str | None, nearer: str | None = None, template: str | None = None) -> Json:
    inner = workload(nearer, template)
    return {"metadata": workload(own)["metadata"], "spec": {"jobTemplate": inner}}


@pytest.mark.parametrize(
    ("own", "nearer", "expected"),
    [
        ("training", None, "training"),
        (None, "general", "general"),
        ("training", "general", "general"),
        (None, None, None),
    ],
)
def test_annotation_nearer_to_the_pod_comes_first(
    own: str | None, nearer: str | None, expected: str | None
) -> None:
    found = patched(request(cron_job(own, nearer), kind="CronJob"))["spec"]["jobTemplate"]
    annotations = found["spec"]["template"]["metadata"].get("annotations") or {}
    assert annotations.get("gpu-class") == expected
    assert found["metadata"] == workload(nearer)["metadata"]


UNKNOWN = (
    'there is no class "trainng"; did you mean training? '
    "Classes: development, general, production, training"
)
AT = 'metadata.annotations["gpu-class"]'


@pytest.mark.parametrize("old", [None, workload(), workload("general")])
def test_unknown_class_that_this_write_names_is_refused(old: Json | None) -> None:
    for decide in (mutate, validate):
        decision = decide(request(workload("trainng"), kind="Deployment", old=old))
        assert refusals(decision) == [("class", AT, UNKNOWN)]


def test_refusal_names_the_annotation_that_counts() -> None:
    decision = mutate(request(cron_job("training", "trainng"), kind="CronJob"))
    assert refusals(decision) == [("class", f"spec.jobTemplate.{AT}", UNKNOWN)]


@pytest.mark.parametrize(
    ("new", "old"),
    [
        pytest.param(workload("trainng"), workload("trainng"), id="unchanged"),
        pytest.param(owned(workload("trainng")), None, id="of-a-controller"),
        pytest.param(workload("trainng", "trainng"), workload("general"), id="rolled-back"),
        pytest.param(workload(None, "trainng"), workload("trainng", "trainng"), id="removed"),
    ],
)
def test_unknown_class_is_never_refused_otherwise(new: Json, old: Json | None) -> None:
    for decide in (mutate, validate):
        assert decide(request(new, kind="ReplicaSet", old=old)).allowed


def test_forbidden_class_is_refused_by_the_workloads_namespace() -> None:
    by = policy(cluster="defaultClass: general, rules: {class: Warn}")
    decision = mutate(request(workload("trainng"), kind="Deployment"), by)
    assert decision.allowed
    assert decision.warnings == (f"{AT}: {UNKNOWN}",)


def test_rule_that_is_off_carries_nothing() -> None:
    by = policy(cluster='defaultClass: general, rules: {workload: "Off"}')
    assert mutate(request(workload("training"), kind="Deployment"), by).patch == ()


def test_nothing_is_carried_while_validating() -> None:
    assert validate(request(workload("training"), kind="Deployment")).patch == ()
