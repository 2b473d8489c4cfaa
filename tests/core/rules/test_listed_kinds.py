"""Rule `workload` for kinds that a policy lists: lists, maps, inlined specs, and when to change."""

import pytest

from tests.core.given import (
    Json,
    assert_untouched,
    cpu_pod,
    gpu_pod,
    mutate,
    patched,
    policy,
    refusals,
    validate,
)
from tests.core.listed import OWNER, job_set, of, request, template
from webhook.core.paths import at, parse

CARRIED = {"gpu-class": "training", "gpuclass.io/member": "true"}
DRIVER: tuple[str | int, ...] = ("spec", "replicatedJobs", 0, "template", "spec", "template")
WORKERS: tuple[str | int, ...] = ("spec", "replicatedJobs", 1, "template", "spec", "template")


def shown(document: Json, *paths: tuple[str | int, ...]) -> list[object]:
    return [at(document, (*path, "metadata", "annotations")) for path in paths]


@pytest.mark.parametrize(
    ("kind", "spec", "places"),
    [
        pytest.param(
            "PyTorchJob",
            {"pytorchReplicaSpecs": {"Master": {"template": template()}, "Worker": {}}},
            ["spec.pytorchReplicaSpecs.Master.template.metadata.annotations"],
            id="map-of-which-one-entry-has-a-template",
        ),
        pytest.param(
            "RayCluster",
            {"headGroupSpec": {"template": template()}},
            ["spec.headGroupSpec.template.metadata.annotations"],
            id="two-patterns-of-which-one-is-there",
        ),
        pytest.param(
            "LeaderWorkerSet",
            {"leaderWorkerTemplate": {"leaderTemplate": None, "workerTemplate": template()}},
            ["spec.leaderWorkerTemplate.workerTemplate.metadata.annotations"],
            id="optional-leader",
        ),
        pytest.param(
            "InferenceService",
            {"predictor": {"model": {}}, "transformer": cpu_pod()["spec"]},
            ["spec.predictor.annotations", "spec.transformer.annotations"],
            id="inlined",
        ),
    ],
)
def test_annotation_is_carried_to_every_template_that_is_there(
    kind: str, spec: Json, places: list[str]
) -> None:
    after = patched(request(kind, of("training", spec)))
    assert [at(after, parse(place)) for place in places] == [CARRIED] * len(places)
    assert len(mutate(request(kind, of("training", spec))).patch) == len(places)
    assert mutate(request(kind, after, after)).patch == ()


def test_one_map_serves_the_pods_of_a_kind_without_templates() -> None:
    after = patched(request("Workflow", of("training", {"templates": [{"name": "a"}]})))
    assert after["spec"] == {
        "templates": [{"name": "a"}],
        "podMetadata": {"annotations": CARRIED},
    }


KUEUE: Json = {"manager": "kueue.x-k8s.io/manager", "time": "2026-01-01T00:00:00Z"}
OURS = {
    "manager": "gpuclass.io/webhook",
    "trainingRuntimeSpec": {"template": {"metadata": {"annotations": {"gpu-class": "training"}}}},
}


def train_job(named: str | None, *patches: Json, **spec: object) -> Json:
    """Give a TrainJob as an API server of Trainer 2.2 or later keeps it."""
    return of(named, {"runtimeRef": {"name": "torch"}, "runtimePatches": [*patches], **spec})


def test_it_goes_to_the_place_of_every_version_of_a_kind() -> None:
    after = patched(request("TrainJob", train_job("training", KUEUE)))
    assert after["spec"]["annotations"] == {"gpu-class": "training"}
    assert after["spec"]["runtimePatches"] == [KUEUE, OURS]


@pytest.mark.parametrize(
    "kept",
    [
        pytest.param(train_job("training", KUEUE, OURS), id="a patch"),
        pytest.param(of("training", {"annotations": {"gpu-class": "training"}}), id="annotations"),
    ],
)
def test_one_that_kept_either_is_in_step(kept: Json) -> None:
    assert mutate(request("TrainJob", kept)).patch == ()
    assert mutate(request("TrainJob", kept, kept)).patch == ()


def test_our_item_of_a_list_goes_with_its_annotation_and_comes_back_while_it_runs() -> None:
    new, old = train_job(None, KUEUE, OURS), train_job("training", KUEUE, OURS, suspend=True)
    assert patched(request("TrainJob", new, old))["spec"]["runtimePatches"] == [KUEUE]
    new, old = train_job("training", KUEUE), train_job("training", KUEUE, OURS, suspend=False)
    assert patched(request("TrainJob", new, old))["spec"]["runtimePatches"] == [KUEUE, OURS]


def test_pods_that_inherit_the_object_s_annotations_need_nothing() -> None:
    notebook = of("training", {"template": {"spec": gpu_pod()["spec"]}})
    assert mutate(request("Notebook", notebook)).patch == ()
    assert not [each for each in validate(request("Notebook", notebook)).warnings if "pods" in each]


def test_changed_and_removed_it_is_changed_and_removed_on_every_template() -> None:
    old = job_set("training", CARRIED, CARRIED, suspend=True)
    changed = {**CARRIED, "gpu-class": "production"}
    new = job_set("production", CARRIED, CARRIED, suspend=True)
    assert shown(patched(request("JobSet", new, old)), DRIVER, WORKERS) == [changed, changed]
    new = job_set(None, CARRIED, {"gpu-class": "general"}, suspend=True)
    assert shown(patched(request("JobSet", new, old)), DRIVER, WORKERS) == [
        None,
        {"gpu-class": "general"},
    ]


NOT_CARRIED = "gpu-class=production does not reach the pods: "


@pytest.mark.parametrize(
    ("kind", "new", "old", "warning"),
    [
        pytest.param(
            "JobSet",
            job_set("production", CARRIED, CARRIED),
            job_set("training", CARRIED, CARRIED),
            "the templates of a JobSet can not change while it runs; set spec.suspend first, or "
            "delete it and create it again",
            id="running",
        ),
        pytest.param(
            "VolcanoJob",
            of("production", {"tasks": [{"template": template()}]}),
            of(None, {"tasks": [{"template": template()}]}),
            "the templates of a Job can not change; delete it and create it again",
            id="never",
        ),
        pytest.param(
            "Service",
            of("production", {"template": {"metadata": {"name": "w-1"}, **template()}}),
            of(None, {"template": {"metadata": {"name": "w-1"}, **template()}}),
            "the template of a Service changes under a new name only; write another metadata.name",
            id="named-revision",
        ),
        pytest.param(
            "JobSet",
            of("production", {"replicatedJobs": []}),
            None,
            "this JobSet has nothing at spec.replicatedJobs[*].template.spec.template; annotate the"
            " templates that it refers to",
            id="nothing-at-its-path",
        ),
    ],
)
def test_template_that_can_not_change_is_left_with_a_warning(
    kind: str, new: Json, old: Json | None, warning: str
) -> None:
    decision = assert_untouched(request(kind, new, old))
    assert decision.warnings == (f"{NOT_CARRIED}{warning}",)


@pytest.mark.parametrize(
    ("before", "after"),
    [({}, {"name": "w-2"}), ({"name": "w-1"}, {"name": "w-2"}), ({"name": "w-1"}, {}), ({}, {})],
    ids=["named-now", "another-name", "unnamed-now", "unnamed"],
)
def test_revision_of_a_new_name_changes(before: Json, after: Json) -> None:
    spec = template()["spec"]
    old = of(None, {"template": {"metadata": before, "spec": spec}})
    new = of("training", {"template": {"metadata": after, "spec": spec}})
    template_after = patched(request("Service", new, old))["spec"]["template"]
    assert template_after["metadata"] == {**after, "annotations": {"gpu-class": "training"}}


@pytest.mark.parametrize("named", ["training", "production", None], ids=str)
def test_what_a_client_lost_of_a_running_one_is_put_back(named: str | None) -> None:
    old = job_set("training", CARRIED, {**CARRIED, "other": "x"})
    after = patched(request("JobSet", job_set(named), old))
    assert shown(after, DRIVER, WORKERS) == [CARRIED, CARRIED]
    assert after["metadata"] == job_set(named)["metadata"]
    told = mutate(request("JobSet", job_set(named), old)).warnings
    assert bool(told) == (named == "production")
    assert patched(request("JobSet", job_set(None), {**old, **job_set(None, CARRIED)})) == {
        **job_set(None, CARRIED)
    }


def test_class_that_its_author_wrote_into_a_running_template_is_not_put_back() -> None:
    old = job_set(None, None, {"gpu-class": "production"})
    assert mutate(request("JobSet", job_set(None), old)).patch == ()


def test_kind_that_runs_once_keeps_its_own_annotation_whoever_controls_it() -> None:
    new = job_set("training", ownerReferences=OWNER)
    assert shown(patched(request("JobSet", new)), DRIVER, WORKERS) == [CARRIED, CARRIED]


def test_any_other_kind_with_a_controller_is_left_to_that() -> None:
    cluster = of("training", {"headGroupSpec": {"template": template()}}, ownerReferences=OWNER)
    decision = assert_untouched(request("RayCluster", cluster))
    assert decision.warnings == (
        "gpu-class=training is not carried to the pods: TrainJob finetune owns this RayCluster and "
        "declares its template; annotate the template there",
    )


def test_kind_of_another_group_is_not_listed() -> None:
    sent = request("JobSet", job_set("training"))
    assert mutate(sent, policy()).reason == "kind JobSet has no pod template"


def test_unknown_class_is_refused_where_this_write_names_it_alone() -> None:
    new = job_set("trainng")
    for decide in (mutate, validate):
        assert [path for _, path, _ in refusals(decide(request("JobSet", new)))] == [
            'metadata.annotations["gpu-class"]'
        ]
        assert decide(request("JobSet", new, job_set("trainng"))).allowed
        assert decide(request("JobSet", new, job_set("training", CARRIED, CARRIED))).violations


def mpi_job(priority: str | None, launcher: str | None = None) -> Json:
    policy_ = {"schedulingPolicy": {"priorityClass": priority}} if priority else {}
    pod = template(False)  # noqa: FBT003
    if launcher:
        pod["spec"]["priorityClassName"] = launcher
    specs = {"Launcher": {"template": pod}, "Worker": {"template": template()}}
    return of("training", {"mpiReplicaSpecs": specs, "runPolicy": policy_})


@pytest.mark.parametrize(
    ("priority", "launcher", "places"),
    [
        (None, None, []),
        ("gpu-batch-priority", None, []),
        ("own", None, ["spec.runPolicy.schedulingPolicy.priorityClass"]),
        (None, "own", ["spec.mpiReplicaSpecs.Launcher.template.spec.priorityClassName"]),
    ],
)
def test_priority_of_the_gang_that_is_not_the_class_s_is_told(
    priority: str | None, launcher: str | None, places: list[str]
) -> None:
    after = patched(request("MPIJob", mpi_job(priority, launcher)))
    told = [
        each
        for each in validate(request("MPIJob", after)).warnings
        if "would see two priorities" in each
    ]
    assert told == [
        f"{place}: own is not gpu-batch-priority, which class training gives its pods: their "
        "scheduler would see two priorities; write gpu-batch-priority"
        for place in places
    ]


def test_member_without_gpus_is_not_told_that_its_class_does_nothing() -> None:
    after = patched(request("JobSet", job_set("training")))
    assert validate(request("JobSet", after)).warnings == ()


def test_workload_of_which_no_template_asks_for_a_gpu_is_told_so() -> None:
    spec = {"headGroupSpec": {"template": template(False)}}  # noqa: FBT003
    after = patched(request("RayCluster", of("training", spec)))
    assert validate(request("RayCluster", after)).warnings == (
        "no pod template of this RayCluster asks for a GPU: its class gives its pods their "
        "priority alone",
    )


def test_faults_of_pods_are_told_at_their_template() -> None:
    new = job_set("training", CARRIED, CARRIED)
    new["spec"]["replicatedJobs"][1]["template"]["spec"]["template"]["spec"]["nodeName"] = "n"
    (warning,) = validate(request("JobSet", new)).warnings
    assert warning.startswith(
        "its pods would be refused: spec.replicatedJobs[1].template.spec.template.spec.nodeName: "
    )
    service = of(
        "training", {"predictor": {**gpu_pod(nodeName="n")["spec"], "annotations": CARRIED}}
    )
    (warning,) = validate(request("InferenceService", service)).warnings
    assert warning.startswith("its pods would be refused: spec.predictor.nodeName: ")
