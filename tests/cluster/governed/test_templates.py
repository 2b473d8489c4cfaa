"""deploy/workloads applied as they are: the API server takes them, the scheduler places them."""

import json
from collections.abc import Iterator

import pytest

from tests.cluster import custom
from tests.cluster.api import Json
from tests.cluster.governed.cluster import Namespace
from tests.cluster.governed.test_placement import pool
from tests.cluster.kinds import JOB_SET
from tests.cluster.waiting import eventually
from tests.deploy.workloads import FOLDER, ROWS

pytestmark = pytest.mark.cluster

APP = "app.kubernetes.io/name"
VOLUMES = {"notebooks": "20Gi", "checkpoints": "100Gi"}

LANDS = {
    # class: pools, priority class, its number, whether its pods may evict
    "production": ({"production"}, "gpu-high-priority", 1_000_000, "PreemptLowerPriority"),
    # Preferred: rather on a worker node than waiting, and never on one of production's.
    "training": ({"training", "development", "worker"}, "gpu-batch-priority", 50, "Never"),
    "development": ({"development"}, None, 0, "PreemptLowerPriority"),
}


def volume(name: str, size: str) -> Json:
    """Give a volume that a claim without a class binds to."""
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name},
        "spec": {
            "capacity": {"storage": size},
            "accessModes": ["ReadWriteOnce"],
            "hostPath": {"path": f"/var/volumes/{name}"},
        },
    }


@pytest.fixture
def team(team: Namespace) -> Iterator[Namespace]:
    """Give a namespace that lets in restricted pods alone, with volumes and JobSets."""
    custom.install(team.control_plane, (JOB_SET,))
    level = "pod-security.kubernetes.io/enforce=restricted"
    team.kubectl("label", "namespace", team.name, level)
    volumes = [volume(f"{team.name}-{name}", size) for name, size in VOLUMES.items()]
    for each in volumes:
        team.kubectl("create", "--filename", "-", text=json.dumps(each))
    yield team
    names = [each["metadata"]["name"] for each in volumes]
    team.kubectl("delete", "persistentvolume", *names, "--wait=false")


def test_every_template_lands_where_its_class_says(team: Namespace) -> None:
    said = team.kubectl("apply", "--kustomize", str(FOLDER))
    assert "Warning" not in said.stderr
    said = team.kubectl("apply", "--kustomize", str(FOLDER / "multi-node"))
    assert "Warning" not in said.stderr
    team.kubectl("create", "job", "tonight", "--from=cronjob/batch")
    make_jobs(team)
    wanted = {"batch": 1, "inference": 2, "multi-node": 3, "notebook": 1, "training": 1}
    for row in ROWS:
        found = bound(team, row.name, wanted[row.name])
        gpu_pods = [each for each in found if "gpuclass.io/class" in each["metadata"]["labels"]]
        pools, *priority = LANDS[row.gpu_class]
        assert {pool(each) for each in gpu_pods} <= pools, row.name
        assert {each["metadata"]["labels"]["gpuclass.io/class"] for each in gpu_pods} == {
            row.gpu_class
        }
        for each in found:
            spec = each["spec"]
            fields = (spec.get("priorityClassName"), spec["priority"], spec["preemptionPolicy"])
            assert fields == tuple(priority), row.name
    (launcher,) = (
        each for each in bound(team, "multi-node", 3)
        if "gpuclass.io/class" not in each["metadata"]["labels"]
    )  # fmt: skip
    assert pool(launcher).startswith("cpu-")


def make_jobs(team: Namespace) -> None:
    """Make the Jobs of the JobSet, as its controller does."""
    made = team.get("jobsets.jobset.x-k8s.io", "multi-node")
    for each in made["spec"]["replicatedJobs"]:
        owner = {
            "apiVersion": made["apiVersion"],
            "kind": "JobSet",
            "name": "multi-node",
            "uid": made["metadata"]["uid"],
            "controller": True,
        }
        metadata = {"name": f"multi-node-{each['name']}-0", "ownerReferences": [owner]}
        job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata}
        team.create({**job, "spec": each["template"]["spec"]})


def bound(team: Namespace, name: str, count: int) -> list[Json]:
    """Give the pods of a template once so many are bound."""

    def found() -> list[Json]:
        pods = [each for each in team.pods(f"{APP}={name}") if each["spec"].get("nodeName")]
        return pods if len(pods) == count else []

    return eventually(found, f"{count} bound pods of {name}")


def test_the_budget_and_the_autoscaler_find_what_they_are_for(team: Namespace) -> None:
    team.kubectl("apply", "--filename", str(FOLDER / "inference.yaml"))
    bound(team, "inference", 2)
    status = eventually(
        lambda: (
            (found := team.get("poddisruptionbudget", "inference")["status"]).get("currentHealthy")
            == 2
            and found
        ),
        "a budget that counts two pods",
    )
    assert status["disruptionsAllowed"] == 1
    autoscaler = eventually(
        lambda: _conditions(team.get("horizontalpodautoscaler", "inference")),
        "an autoscaler that read its Deployment",
    )
    assert autoscaler["AbleToScale"] == "True"


def _conditions(found: Json) -> dict[str, str]:
    conditions = found["status"].get("conditions") or []
    return {each["type"]: each["status"] for each in conditions}
