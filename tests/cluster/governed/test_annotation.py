"""`kubectl annotate` on a workload: its pods roll, and nothing is left behind."""

import pytest

from tests.cluster.api import Json
from tests.cluster.governed.cluster import Namespace
from tests.cluster.governed.manifests import workload
from tests.cluster.waiting import eventually

pytestmark = pytest.mark.cluster


def template_annotations(team: Namespace, kind: str = "deployment") -> Json | None:
    """Give the annotations of the template of `x`; None where it has no such map."""
    found: Json | None = team.get(kind, "x")["spec"]["template"]["metadata"].get("annotations")
    return found


def placed(team: Namespace) -> tuple[str, str | None]:
    """Give pool and priority class of the Deployment's one pod."""
    spec = team.rolled("x")["spec"]
    return spec["nodeName"].rpartition("-")[0], spec.get("priorityClassName")


def test_annotating_changing_and_removing_roll_the_pods_each_time(team: Namespace) -> None:
    team.create(workload("Deployment", "x"))
    first = team.rolled("x")["metadata"]["uid"]
    assert placed(team) == ("worker", None)

    team.kubectl("annotate", "deployment", "x", "gpu-class=training")
    assert placed(team)[1] == "gpu-batch-priority"
    second = team.rolled("x")["metadata"]["uid"]

    team.kubectl("annotate", "deployment", "x", "gpu-class=production", "--overwrite")
    assert placed(team) == ("production", "gpu-high-priority")
    third = team.rolled("x")["metadata"]["uid"]

    team.kubectl("annotate", "deployment", "x", "gpu-class-")
    assert placed(team) == ("worker", None)
    fourth = team.rolled("x")["metadata"]["uid"]
    assert len({first, second, third, fourth}) == 4
    assert template_annotations(team) is None


def test_annotating_again_with_the_same_value_rolls_nothing(team: Namespace) -> None:
    team.create(workload("Deployment", "x", "training"))
    before = team.rolled("x")["metadata"]["uid"]
    team.kubectl("annotate", "deployment", "x", "gpu-class=training", "--overwrite")
    assert team.rolled("x")["metadata"]["uid"] == before


def test_undo_goes_back_to_the_class_before(team: Namespace) -> None:
    team.create(workload("Deployment", "x", "production"))
    assert placed(team)[0] == "production"
    team.kubectl("annotate", "deployment", "x", "gpu-class=development", "--overwrite")
    assert placed(team)[0] == "development"
    team.kubectl("rollout", "undo", "deployment/x")
    assert placed(team)[0] == "production"
    assert team.get("deployment", "x")["metadata"]["annotations"]["gpu-class"] == "production"


def test_undo_to_a_time_before_the_annotation_leaves_no_residue(team: Namespace) -> None:
    team.create(workload("Deployment", "x"))
    assert placed(team)[0] == "worker"
    team.kubectl("annotate", "deployment", "x", "gpu-class=production")
    assert placed(team)[0] == "production"
    team.kubectl("rollout", "undo", "deployment/x")
    assert placed(team)[0] == "worker"
    assert "gpu-class" not in (template_annotations(team) or {})
    assert "gpu-class" not in team.get("deployment", "x")["metadata"]["annotations"]


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(("rollout", "restart", "deployment/x"), id="rollout restart"),
        pytest.param(("scale", "deployment/x", "--replicas=1"), id="scale"),
        pytest.param(
            ("set", "resources", "deployment/x", "--limits=nvidia.com/gpu=1,cpu=1"),
            id="set resources",
        ),
        pytest.param(("set", "image", "deployment/x", "main=example.com/app:2"), id="set image"),
        pytest.param(("label", "deployment/x", "team=a"), id="label"),
    ],
)
def test_other_commands_keep_the_class(team: Namespace, command: tuple[str, ...]) -> None:
    team.create(workload("Deployment", "x", "production"))
    assert placed(team)[0] == "production"
    team.kubectl(*command)
    assert placed(team) == ("production", "gpu-high-priority")
    annotations = template_annotations(team)
    assert annotations is not None
    assert annotations["gpu-class"] == "production"


def test_replace_with_another_class_changes_it(team: Namespace) -> None:
    team.create(workload("Deployment", "x", "production"))
    assert placed(team)[0] == "production"
    warnings = team.warnings(workload("Deployment", "x", "development"), command="replace")
    assert placed(team)[0] == "development"
    assert not [each for each in warnings if "refused" in each]


def test_the_template_s_own_annotation_is_put_back_when_it_is_removed_by_hand(
    team: Namespace,
) -> None:
    team.create(workload("Deployment", "x", "production"))
    team.kubectl(
        "patch",
        "deployment",
        "x",
        "--type=json",
        '--patch=[{"op":"remove","path":"/spec/template/metadata/annotations/gpu-class"}]',
    )
    assert template_annotations(team) == {"gpu-class": "production"}


def test_the_object_s_class_wins_over_the_template_s_with_a_warning(team: Namespace) -> None:
    deployment = workload("Deployment", "x", "production")
    deployment["spec"]["template"]["metadata"]["annotations"] = {"gpu-class": "training"}
    warnings = team.warnings(deployment)
    assert (
        "the template's gpu-class=training is replaced by the Deployment's production" in warnings
    )
    assert template_annotations(team) == {"gpu-class": "production"}


def test_a_running_job_keeps_its_template_and_its_author_hears_why(team: Namespace) -> None:
    team.create(workload("Job", "x"))
    answer = team.kubectl("annotate", "job", "x", "gpu-class=training")
    assert (
        "Warning: gpu-class=training does not reach the pods: the template of a Job can not change "
        "once it runs; delete it and create it again"
    ) in answer.stderr
    annotations = template_annotations(team, "job") or {}
    assert "gpu-class" not in annotations
    team.kubectl("label", "job", "x", "step=1")
    team.kubectl("annotate", "job", "x", "gpu-class-")


def test_a_suspended_job_that_has_not_started_gets_the_class(team: Namespace) -> None:
    job = workload("Job", "x")
    job["spec"]["suspend"] = True
    team.create(job)
    team.kubectl("annotate", "job", "x", "gpu-class=training")
    annotations = template_annotations(team, "job") or {}
    assert annotations["gpu-class"] == "training"
    team.kubectl("patch", "job", "x", '--patch={"spec":{"suspend":false}}')
    bound = eventually(
        lambda: next((p for p in team.pods() if p["spec"].get("nodeName")), {}), "a bound pod"
    )
    assert bound["spec"]["priority"] == 50


def test_a_job_that_ran_and_was_suspended_again_keeps_its_template(team: Namespace) -> None:
    team.create(workload("Job", "x"))
    team.kubectl("patch", "job", "x", '--patch={"spec":{"suspend":true}}')
    team.kubectl("annotate", "job", "x", "gpu-class=training")


def test_an_unknown_class_is_refused_at_the_workload(team: Namespace) -> None:
    message = team.refused(workload("Deployment", "x", "trainin"))
    assert 'there is no class "trainin"; did you mean training?' in message
    assert "Classes: development, general, production, training" in message


def test_an_unknown_class_in_a_template_is_a_warning_and_refuses_the_pods(team: Namespace) -> None:
    deployment = workload("Deployment", "x")
    deployment["spec"]["template"]["metadata"]["annotations"] = {"gpu-class": "trainin"}
    warnings = team.warnings(deployment)
    assert any(
        each.startswith("its pods would be refused: spec.template.metadata.annotations")
        and 'there is no class "trainin"' in each
        for each in warnings
    )


def test_a_stateful_set_s_author_hears_of_ordered_pods(team: Namespace) -> None:
    team.create(workload("StatefulSet", "x", "production"))
    answer = team.kubectl("annotate", "statefulset", "x", "gpu-class=development", "--overwrite")
    assert (
        "Warning: a StatefulSet with ordered pods keeps a pod that is not ready, with its old "
        "class; delete such a pod by hand"
    ) in answer.stderr
