"""Which writes of workloads the API server sends, against what a decision would do with them."""

import copy
import itertools
from collections.abc import Iterator, Mapping

import pytest

from tests.cli.shipped import policy
from tests.cluster.api import Json
from tests.cluster.conditions import Gate, gates
from tests.cluster.controlplane import ControlPlane
from tests.cluster.governed.manifests import KINDS, workload
from webhook.core import paths
from webhook.core import workload as table
from webhook.core.names import CLASS_ANNOTATION

pytestmark = pytest.mark.cluster

MUTATE, WARN = "Mutating/workloads", "Validating/warnings"
NAMES = (None, "training", "trainng")
OWNER: Json = {
    "apiVersion": "example.com/v1",
    "kind": "Thing",
    "name": "x",
    "uid": "b1946ac9-2492-4d2e-9c1c-6a1e2e4f5a01",
    "controller": True,
}


@pytest.fixture(scope="module")
def gate(control_plane: ControlPlane) -> Iterator[Mapping[str, Gate]]:
    with gates(control_plane, policy()) as found:
        yield found


def row(kind: str) -> table.WorkloadKind:
    return next(each for each in table.KINDS if each.kind == kind)


def collection(kind: str, namespace: str) -> str:
    group = row(kind).group
    root = f"/apis/{group}/v1" if group else "/api/v1"
    return f"{root}/namespaces/{namespace}/{kind.lower()}s"


def annotated(manifest: Json, owner: paths.Path, named: str | None) -> Json:
    """Give an object with an annotation at a path set, or taken away."""
    path = (*owner, "metadata", "annotations", CLASS_ANNOTATION)
    if named is not None:
        return paths.put(manifest, path, named)
    return paths.drop(manifest, path) if paths.at(manifest, path) is not None else manifest


def shaped(manifest: Json, kind: str, named: str | None, shown: str | None) -> Json:
    return annotated(annotated(manifest, (), named), row(kind).templates[0].path, shown)


def base(kind: str, name: str) -> Json:
    """Give a workload of CPU pods; its annotation alone is looked at here."""
    made = workload(kind, name, gpus=None)
    if kind == "Job":
        made["spec"]["suspend"] = True
    return made


def is_left_for_later(kind: str, new: Json, old: Json) -> bool:
    """Tell whether a write leaves the annotation and the template as they disagreed before."""
    path = row(kind).templates[0].path
    same = paths.at(new, path) == paths.at(old, path)
    return same and table.annotation(new) == table.annotation(old)


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_workload_is_sent_where_it_names_a_class(gate: Mapping[str, Gate], kind: str) -> None:
    here = gate[MUTATE]
    for named, shown in itertools.product(NAMES, NAMES):
        new = shaped(base(kind, "new"), kind, named, shown)
        is_sent = here.sends("POST", collection(kind, here.namespace), new)
        assert is_sent == (named is not None), (named, shown)
        assert is_sent or not here.acts(new, None), (named, shown)


@pytest.mark.parametrize("kind", ["Deployment", "Job", "CronJob", "StatefulSet", "DaemonSet"])
def test_an_update_is_sent_exactly_where_a_decision_acts_on_it(
    gate: Mapping[str, Gate], kind: str
) -> None:
    here = gate[MUTATE]
    olds = {}
    for index, (named, shown) in enumerate(itertools.product(NAMES, NAMES)):
        made = here.make(shaped(base(kind, f"{kind.lower()}-{index}"), kind, named, shown))
        olds[made["metadata"]["name"]] = made
    for (name, old), named, shown in itertools.product(olds.items(), NAMES, NAMES):
        path = f"{collection(kind, here.namespace)}/{name}"
        new = shaped(copy.deepcopy(old), kind, named, shown)
        del new["metadata"]["resourceVersion"]
        expected = here.acts(new, old) and not is_left_for_later(kind, new, old)
        found = here.sends("PUT", path, new)
        assert found == expected, (table.annotation(old), named, shown)


def test_a_job_that_runs_is_sent_only_where_a_class_is_newly_named(
    gate: Mapping[str, Gate],
) -> None:
    here = gate[MUTATE]
    made = here.make(workload("Job", "running", "training", gpus=None))
    path = f"{collection('Job', here.namespace)}/running"
    patch = "application/merge-patch+json"
    assert not here.sends("PATCH", path, {"spec": {"parallelism": 2}}, patch)
    assert not here.sends("PATCH", path, {"metadata": {"annotations": {"gpu-class": None}}}, patch)
    assert here.sends("PATCH", path, {"metadata": {"annotations": {"gpu-class": "x"}}}, patch)
    assert made["spec"].get("suspend", False) is False


def test_the_annotation_of_a_jobtemplate_comes_first(gate: Mapping[str, Gate]) -> None:
    here = gate[MUTATE]
    path = collection("CronJob", here.namespace)
    new = annotated(base("CronJob", "nearer"), ("spec", "jobTemplate"), "training")
    assert here.sends("POST", path, new)
    made = here.make(shaped(new, "CronJob", "production", "training"))
    del made["metadata"]["resourceVersion"]
    assert not here.sends("PUT", f"{path}/nearer", annotated(made, (), "development"))
    assert here.sends(
        "PUT", f"{path}/nearer", annotated(made, ("spec", "jobTemplate"), "production")
    )


@pytest.mark.parametrize(("kind", "is_sent"), [("Deployment", False), ("Job", True)])
def test_what_has_a_controller_is_its_controllers_unless_it_runs_once(
    gate: Mapping[str, Gate],
    kind: str,
    is_sent: bool,
) -> None:
    here = gate[MUTATE]
    new = shaped(base(kind, "owned"), kind, "training", None)
    new["metadata"]["ownerReferences"] = [OWNER]
    assert here.sends("POST", collection(kind, here.namespace), new) == is_sent
    new["metadata"]["ownerReferences"] = [{**OWNER, "controller": False}]
    assert here.sends("POST", collection(kind, here.namespace), new)


def test_a_workload_that_is_being_deleted_is_in_nobodys_hands(gate: Mapping[str, Gate]) -> None:
    here = gate[MUTATE]
    going = shaped(base("Deployment", "going"), "Deployment", "training", None)
    going["metadata"]["finalizers"] = ["a.b/c"]
    here.make(going)
    path, patch = (
        f"{collection('Deployment', here.namespace)}/going",
        "application/merge-patch+json",
    )
    annotate: Json = {"metadata": {"annotations": {"gpu-class": "production"}}}
    assert here.sends("PATCH", path, annotate, patch)
    here.control_plane.api.request("DELETE", path)
    assert not here.sends("PATCH", path, annotate, patch)
    assert not here.sends("PATCH", path, {"metadata": {"finalizers": None}}, patch)
    here.control_plane.api.request("PATCH", path, {"metadata": {"finalizers": None}}, patch)


def cpu(kind: str, more: Json | None = None) -> Json:
    """Give a workload of CPU pods; `more` are further fields of its pod spec."""
    made = workload(kind, "w", gpus=None)
    for field, value in (more or {}).items():
        made = paths.put(made, (*row(kind).templates[0].path, "spec", field), value)
    return made


TOLERANT: list[Json] = [{"operator": "Exists"}]


@pytest.mark.parametrize(
    ("manifest", "is_sent"),
    [
        pytest.param(cpu("Deployment"), False, id="CPU pods"),
        pytest.param(workload("Deployment", "w"), True, id="GPU pods"),
        pytest.param(workload("CronJob", "w"), True, id="GPU pods, a template further down"),
        pytest.param(workload("Deployment", "w", gpus=0), False, id="no GPU, as LimitRanges say"),
        pytest.param(workload("Job", "w", "training", None), True, id="a class"),
        pytest.param(
            shaped(cpu("Job"), "Job", None, "training"), True, id="a class of the template"
        ),
        pytest.param(cpu("StatefulSet", {"tolerations": TOLERANT}), True, id="tolerates all"),
        pytest.param(cpu("DaemonSet", {"tolerations": TOLERANT}), False, id="an agent"),
        pytest.param(workload("DaemonSet", "w"), True, id="an agent with GPUs"),
        pytest.param(
            cpu("ReplicaSet", {"nodeSelector": {"gpu-type": "training"}}), True, id="selects a pool"
        ),
        pytest.param(
            cpu("ReplicaSet", {"nodeSelector": {"node-role": "cpu"}}), False, id="selects others"
        ),
        pytest.param(
            cpu("Deployment", {"priorityClassName": "gpu-batch-priority"}),
            True,
            id="a class's priority",
        ),
        pytest.param(cpu("Deployment", {"priorityClassName": "own"}), False, id="another priority"),
        pytest.param(
            cpu("Deployment", {"runtimeClassName": "nvidia"}), True, id="NVIDIA's runtime"
        ),
        pytest.param(
            cpu("DaemonSet", {"runtimeClassName": "nvidia"}), False, id="an agent with that runtime"
        ),
        pytest.param(cpu("Deployment", {"nodeName": "gpu-train-1"}), True, id="names a node"),
    ],
)
def test_a_new_workload_is_looked_at_for_warnings(
    gate: Mapping[str, Gate],
    manifest: Json,
    is_sent: bool,
) -> None:
    here = gate[WARN]
    assert here.sends("POST", collection(manifest["kind"], here.namespace), manifest) == is_sent


def test_warnings_are_for_what_somebody_wrote_and_changed(gate: Mapping[str, Gate]) -> None:
    here, patch = gate[WARN], "application/merge-patch+json"
    here.make(workload("Deployment", "told"))
    path = f"{collection('Deployment', here.namespace)}/told"
    assert not here.sends("PATCH", path, {"spec": {"replicas": 3}}, patch)
    assert not here.sends("PATCH", path, {"metadata": {"annotations": {"a": "b"}}}, patch)
    assert here.sends("PATCH", path, {"metadata": {"annotations": {"gpu-class": "x"}}}, patch)
    assert here.sends(
        "PATCH", path, {"spec": {"template": {"metadata": {"labels": {"v": "2"}}}}}, patch
    )
    owned = workload("ReplicaSet", "owned")
    owned["metadata"]["ownerReferences"] = [{**OWNER, "kind": "Deployment"}]
    assert not here.sends("POST", collection("ReplicaSet", here.namespace), owned)
    owned["metadata"]["ownerReferences"] = [OWNER]
    assert here.sends("POST", collection("ReplicaSet", here.namespace), owned)
