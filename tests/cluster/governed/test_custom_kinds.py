"""Kinds that the policy lists, on the real API server: their annotation reaches every template."""

import copy
import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.cli.shipped import policy
from tests.cluster import custom
from tests.cluster.api import Json
from tests.cluster.controlplane import ControlPlane
from tests.cluster.custom import Custom, at
from tests.cluster.governed.cluster import Namespace
from tests.cluster.kinds import (
    CHANGING,
    CUSTOM,
    INFERENCE_SERVICE,
    JOB_SET,
    KNATIVE_SERVICE,
    LEADER_WORKER_SET,
    MPI_JOB,
    NOTEBOOK,
    OURS,
    PATCHED_TRAIN_JOB,
    RAY_CLUSTER,
    TRAIN_JOB,
    VOLCANO_JOB,
    WORKFLOW,
)
from tests.cluster.waiting import eventually
from tests.cluster.webhook import Webhook
from webhook.core import paths
from webhook.core.paths import put
from webhook.core.workload import templates

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def kinds(governed: ControlPlane, webhook: Webhook) -> None:  # noqa: ARG001 # it is there before
    """Install the kinds; not one of them was there when the webhooks were registered."""
    custom.install(governed, CUSTOM)


@pytest.fixture
def team(team: Namespace, kinds: None) -> Namespace:  # noqa: ARG001 # a cluster that has them
    """Give a namespace in a cluster that has the kinds."""
    return team


def test_each_template_of_each_kind_in_the_shipped_policy_is_tried_here() -> None:
    tried = {(each.group, each.kind): each for each in CUSTOM}
    listed = policy().workloads
    assert tried.keys() == listed.keys()
    for key, row in listed.items():
        for each in row.templates:
            assert templates(replace(row, templates=(each,)), tried[key].named("x")), (key, each)


def shown(team: Namespace, kind: Custom) -> list[object]:
    """Give what the templates of `x` carry of us."""
    return shown_by(team.get(kind.resource, "x"), kind)


def shown_by(found: Json, kind: Custom) -> list[object]:
    """Give what the templates of an object carry of us."""
    return [at(found, place) for place in kind.annotations]


def written(team: Namespace, *command: str, text: str | None = None) -> Json:
    """Run a command of kubectl that writes an object, and give the object as it is then."""
    found: Json = json.loads(team.kubectl(*command, "--output=json", text=text).stdout)
    return found


def carried(kind: Custom, gpu_class: str) -> list[Json]:
    member = {"gpuclass.io/member": "true"} if kind.is_mixed else {}
    return [{"gpu-class": gpu_class, **member}] * len(kind.annotations)


def annotate(team: Namespace, kind: Custom, change: str) -> str:
    """Annotate `x`, and give what kubectl says of it."""
    return team.kubectl("annotate", kind.resource, "x", change, "--overwrite").stderr


@pytest.mark.parametrize("kind", CUSTOM, ids=lambda kind: kind.resource)
def test_a_new_object_s_annotation_is_carried_to_every_template(
    team: Namespace, kind: Custom
) -> None:
    before = kind.named("x", "training")
    found = written(team, "create", "--filename=-", text=json.dumps(before))
    assert shown_by(found, kind) == carried(kind, "training")
    assert found["metadata"]["annotations"] == {"gpu-class": "training"}
    assert found["spec"] == with_carried(before, kind, "training")["spec"]


def with_carried(manifest: Json, kind: Custom, gpu_class: str) -> Json:
    """Give an object as its templates should be, by the paths of the test's own table."""
    for place, annotations in zip(kind.annotations, carried(kind, gpu_class), strict=True):
        path = tuple(int(step) if step.isdecimal() else step for step in place.split("."))
        manifest = put(manifest, path, dict(annotations))
    return manifest


@pytest.mark.parametrize("kind", CHANGING, ids=lambda kind: kind.resource)
def test_annotated_changed_and_removed_the_templates_follow(team: Namespace, kind: Custom) -> None:
    nothing = [None] * len(kind.annotations)
    new = written(team, "create", "--filename=-", text=json.dumps(kind.named("x")))
    assert shown_by(new, kind) == nothing
    annotate = ("annotate", kind.resource, "x", "--overwrite")
    for gpu_class in ("training", "production"):
        found = written(team, *annotate, f"gpu-class={gpu_class}")
        assert shown_by(found, kind) == carried(kind, gpu_class)
    assert shown_by(written(team, *annotate, "gpu-class-"), kind) == nothing


@pytest.mark.parametrize(
    "kind", [each for each in CUSTOM if each.gpu], ids=lambda kind: kind.resource
)
def test_pods_made_from_the_templates_are_placed_or_prioritised(
    team: Namespace, kind: Custom
) -> None:
    team.create(kind.named("x", "production"))
    worker = pod_of(team, kind, kind.gpu)
    assert worker["metadata"]["labels"]["gpuclass.io/class"] == "production"
    assert worker["spec"]["affinity"]["nodeAffinity"]
    assert worker["spec"]["priorityClassName"] == "gpu-high-priority"
    if not kind.cpu:
        return
    member = pod_of(team, kind, kind.cpu)
    for field in ("priorityClassName", "priority", "preemptionPolicy"):
        assert member["spec"][field] == worker["spec"][field]
    assert "affinity" not in member["spec"]
    assert "gpuclass.io/class" not in member["metadata"].get("labels", {})
    keys = {each.get("key") for each in member["spec"]["tolerations"]}
    assert not keys & {"nvidia.com/gpu", "gpu-type"}


def pod_of(team: Namespace, kind: Custom, path: str) -> Json:
    """Create a pod from a template of `x`, as an operator would."""
    template = at(team.get(kind.resource, "x"), path)
    assert isinstance(template, dict)
    name = path.replace(".", "-").lower()
    metadata = {**template.get("metadata", {}), "name": name}
    team.create({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]})
    return team.get("pod", name)


RUNNING = (
    "Warning: gpu-class={} does not reach the pods: the templates of a JobSet can not change while "
    "it runs; set spec.suspend first, or delete it and create it again\n"
)


def running(gpu_class: str | None = None) -> Json:
    return JOB_SET.named("x", gpu_class, {**JOB_SET.spec, "suspend": False})


def test_a_running_one_keeps_its_templates_and_its_author_hears_why(team: Namespace) -> None:
    team.create(running())
    assert RUNNING.format("training") in annotate(team, JOB_SET, "gpu-class=training")
    assert annotate(team, JOB_SET, "step=1") == ""
    assert RUNNING.format("production") in annotate(team, JOB_SET, "gpu-class=production")
    assert shown(team, JOB_SET) == [None, None]
    assert annotate(team, JOB_SET, "gpu-class-") == ""


def test_it_follows_once_it_is_suspended_and_keeps_that_when_it_runs_again(team: Namespace) -> None:
    team.create(JOB_SET.named("x"))
    annotate(team, JOB_SET, "gpu-class=training")
    team.kubectl(
        "patch", JOB_SET.resource, "x", "--type=merge", '--patch={"spec":{"suspend":false}}'
    )
    assert shown(team, JOB_SET) == carried(JOB_SET, "training")


@pytest.mark.parametrize("flags", [(), ("--server-side",)], ids=["client-side", "server-side"])
def test_a_running_one_is_applied_again_without_a_change(
    team: Namespace, flags: tuple[str, ...]
) -> None:
    team.apply(running("training"), flags=flags)
    first = team.get(JOB_SET.resource, "x")["metadata"]["resourceVersion"]
    for _ in range(2):
        team.apply(running("training"), flags=flags)
        assert team.get(JOB_SET.resource, "x")["metadata"]["resourceVersion"] == first
    assert shown(team, JOB_SET) == carried(JOB_SET, "training")


def test_a_running_one_is_applied_with_another_class_or_none(team: Namespace) -> None:
    team.apply(running("training"))
    for gpu_class in ("production", None, None):
        team.apply(running(gpu_class))
        assert shown(team, JOB_SET) == carried(JOB_SET, "training")
        annotations = team.get(JOB_SET.resource, "x")["metadata"]["annotations"]
        assert annotations.get("gpu-class") == gpu_class


def test_a_named_revision_changes_under_a_new_name_only(team: Namespace) -> None:
    named = {"template": {**custom.GPU, "metadata": {"name": "x-1"}}}
    team.create(KNATIVE_SERVICE.named("x", spec=named))
    assert "changes under a new name only" in annotate(team, KNATIVE_SERVICE, "gpu-class=training")
    assert shown(team, KNATIVE_SERVICE) == [None]
    named["template"]["metadata"] = {"name": "x-2"}
    team.apply(KNATIVE_SERVICE.named("x", "training", named))
    assert shown(team, KNATIVE_SERVICE) == carried(KNATIVE_SERVICE, "training")


@pytest.mark.parametrize("kind", [VOLCANO_JOB, WORKFLOW], ids=lambda kind: kind.resource)
def test_what_never_changes_is_left(team: Namespace, kind: Custom) -> None:
    team.create(kind.named("x"))
    assert "can not change; delete it and create it again" in annotate(
        team, kind, "gpu-class=training"
    )
    assert shown(team, kind) == [None] * len(kind.annotations)


@pytest.mark.parametrize(
    ("kind", "spec"),
    [
        (JOB_SET, {"replicatedJobs": []}),
        (JOB_SET, {"replicatedJobs": [{"name": "a"}]}),
        (RAY_CLUSTER, {"workerGroupSpecs": []}),
        (LEADER_WORKER_SET, {"leaderWorkerTemplate": {}}),
        (INFERENCE_SERVICE, {"explainer": None}),
        (KNATIVE_SERVICE, {"template": None}),
    ],
    ids=str,
)
def test_one_that_has_nothing_at_its_paths_is_let_in_with_a_warning(
    team: Namespace, kind: Custom, spec: Json
) -> None:
    warnings = team.warnings(kind.named("x", "training", spec))
    assert [each for each in warnings if "has nothing at" in each]
    annotate(team, kind, "gpu-class=production")


def test_nulls_are_as_good_as_absent(team: Namespace) -> None:
    template = {**custom.GPU, "metadata": None}
    jobs = [
        {"name": "a", "template": {"spec": {"template": template}}},
        {
            "name": "b",
            "template": {"spec": {"template": {**template, "metadata": {"annotations": None}}}},
        },
    ]
    team.create(JOB_SET.named("x", "training", {"suspend": True, "replicatedJobs": jobs}))
    assert shown(team, JOB_SET) == carried(JOB_SET, "training")


def owned(manifest: Json, kind: str) -> Json:
    owner = {
        "apiVersion": "example.com/v1",
        "kind": kind,
        "name": "o",
        "uid": "6c0b4a52-0000-4000-8000-000000000008",
        "controller": True,
    }
    return {**manifest, "metadata": {**manifest["metadata"], "ownerReferences": [owner]}}


def test_what_runs_once_keeps_its_own_annotation_and_others_are_their_controllers(
    team: Namespace,
) -> None:
    team.create(owned(JOB_SET.named("x", "training"), "TrainJob"))
    assert shown(team, JOB_SET) == carried(JOB_SET, "training")
    team.create(owned(RAY_CLUSTER.named("x", "training"), "RayService"))
    assert shown(team, RAY_CLUSTER) == [None, None]


def test_a_class_that_does_not_exist_is_refused_where_it_is_named(team: Namespace) -> None:
    assert 'there is no class "trainng"' in team.refused(JOB_SET.named("x", "trainng"))
    team.create(JOB_SET.named("x", "training"))
    answer = team.kubectl(
        "annotate", JOB_SET.resource, "x", "gpu-class=trainng", "--overwrite", check=False
    )
    assert 'there is no class "trainng"; did you mean training?' in answer.stderr


def test_another_priority_of_the_gang_is_told(team: Namespace) -> None:
    spec = copy.deepcopy(MPI_JOB.spec)
    spec["runPolicy"]["schedulingPolicy"] = {"priorityClass": "own"}
    warnings = team.warnings(MPI_JOB.named("x", "training", spec))
    assert [each.partition(",")[0] for each in warnings] == [
        "spec.runPolicy.schedulingPolicy.priorityClass: own is not gpu-batch-priority"
    ]


def test_a_pod_of_a_notebook_has_what_its_controller_copies(team: Namespace) -> None:
    warnings = team.warnings(NOTEBOOK.named("x", "training"))
    assert warnings == []


@pytest.mark.parametrize(
    "kind", [each for each in CUSTOM if each.cpu], ids=lambda kind: kind.resource
)
def test_what_pods_without_gpus_would_be_told_is_told_at_the_object(
    team: Namespace, kind: Custom
) -> None:
    near = {"priorityClassName": "gpu-batch-priority", "nodeSelector": {"gpu-type": "training"}}
    template = at(kind.spec, kind.cpu.removeprefix("spec."))
    assert isinstance(template, dict)
    path = tuple(int(step) if step.isdecimal() else step for step in kind.cpu.split("."))
    changed = {**template, "spec": {**template["spec"], **near}}
    place = paths.written(path)
    warnings = team.warnings(put(kind.named("x"), path, changed))
    assert [each for each in warnings if each.startswith(f"{place}.spec.priorityClassName:")] == [
        f"{place}.spec.priorityClassName: gpu-batch-priority is the priority of GPU class "
        "training, but the pod asks for no GPU; name another PriorityClass"
    ]
    aims = f'its pods would be refused: {place}.spec.nodeSelector["gpu-type"]: '
    assert [each for each in warnings if each.startswith(aims)]


TRY = ("create", "--filename=-", "--dry-run=server", "--validate=ignore", "--output=json")


@pytest.fixture
def changing(team: Namespace) -> Iterator[Namespace]:
    """Give a namespace in a cluster whose TrainJobs may become those of another version."""
    yield team
    installed(team, TRAIN_JOB)


def installed(team: Namespace, kind: Custom, trial: Json | None = None) -> None:
    """Put a version of a kind in the place of another, and wait until its schema counts."""
    custom.install(team.control_plane, (kind,))
    probe = with_carried(kind.named("probe", spec=trial or kind.spec), kind, "x")
    eventually(lambda: _is_kept(team, probe, kind), "the new schema to count")


def _is_kept(team: Namespace, probe: Json, kind: Custom) -> bool:
    """Tell whether the API server keeps what a manifest has at the places of a kind."""
    answer = team.kubectl(*TRY, text=json.dumps(probe), check=False)
    return answer.returncode == 0 and all(
        at(json.loads(answer.stdout), each) for each in kind.annotations
    )


THEIRS = {"manager": "kueue.x-k8s.io/manager", "time": "2026-01-01T00:00:00Z"}


def patches(team: Namespace) -> object:
    spec = team.get(TRAIN_JOB.resource, "x")["spec"]
    assert "annotations" not in spec
    return spec.get("runtimePatches")


def test_a_train_job_of_a_later_version_gets_a_patch_of_its_runtime(changing: Namespace) -> None:
    installed(changing, PATCHED_TRAIN_JOB, {"runtimePatches": [OURS]})
    spec = {**PATCHED_TRAIN_JOB.spec, "runtimePatches": [THEIRS]}
    assert changing.warnings(PATCHED_TRAIN_JOB.named("x", "training", spec)) == []
    assert patches(changing) == [THEIRS, OURS]
    annotate(changing, TRAIN_JOB, "gpu-class-")
    assert patches(changing) == [THEIRS]
    assert annotate(changing, TRAIN_JOB, "gpu-class=training") == ""
    running = {**spec, "suspend": False}
    for flags in ((), ("--server-side", "--force-conflicts")):
        changing.apply(PATCHED_TRAIN_JOB.named("x", "training", running), flags=flags)
        assert patches(changing) == [THEIRS, OURS]
    assert "can not change while it runs" in annotate(changing, TRAIN_JOB, "gpu-class=production")
    assert patches(changing) == [THEIRS, OURS]
