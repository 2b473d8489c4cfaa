"""Which writes of listed kinds the API server sends, against what a decision would do with them."""

import copy
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest

from tests.cli.shipped import policy
from tests.cluster import custom
from tests.cluster.api import Json
from tests.cluster.conditions import CUSTOM_ENTRIES, Gate, gates
from tests.cluster.controlplane import ControlPlane
from tests.cluster.custom import OPEN, Custom
from tests.cluster.kinds import (
    CUSTOM,
    INFERENCE_SERVICE,
    JOB_SET,
    OURS,
    PYTORCH_JOB,
    RAY_CLUSTER,
    TRAIN_JOB,
)
from webhook.core.paths import put

pytestmark = pytest.mark.cluster

MUTATE, WARN = CUSTOM_ENTRIES
NAMES = (None, "training", "production")
PATCH = "application/merge-patch+json"
# Its own rules would refuse a template that changes, and hide whether it was sent.
KINDS = tuple(replace(each, rules=()) for each in (JOB_SET, PYTORCH_JOB, RAY_CLUSTER))


@pytest.fixture(scope="module")
def gate(control_plane: ControlPlane) -> Iterator[Mapping[str, Gate]]:
    free = (replace(each, rules=()) for each in CUSTOM if each is not TRAIN_JOB)
    custom.install(control_plane, (*free, replace(TRAIN_JOB, schema=OPEN)))
    with gates(control_plane, policy(), CUSTOM_ENTRIES) as found:
        yield found


def collection(kind: Custom, namespace: str) -> str:
    return f"/apis/{kind.group}/{kind.version}/namespaces/{namespace}/{kind.plural}"


def shaped(manifest: Json, kind: Custom, shown: tuple[str | None, ...]) -> Json:
    """Give an object whose templates show classes, as they are carried."""
    for place, named in zip(kind.annotations, shown, strict=True):
        path = tuple(int(step) if step.isdecimal() else step for step in place.split("."))
        member = {"gpuclass.io/member": "true"} if kind.is_mixed else {}
        manifest = put(manifest, path, {"gpu-class": named, **member} if named else {})
    return manifest


def states(kind: Custom, *, suspend: bool) -> Iterator[Json]:
    """Give objects that name classes, with templates that agree or do not."""
    spec = put(copy.deepcopy(kind.spec), ("suspend",), suspend)
    if kind.kind == "PyTorchJob":
        spec = put(copy.deepcopy(kind.spec), ("runPolicy", "suspend"), suspend)
    if kind.kind == "RayCluster":
        spec = kind.spec
    shown = ((None, None), ("training", "training"), ("training", None))
    for index, (named, each) in enumerate(itertools.product(NAMES, shown)):
        yield shaped(kind.named(f"x-{suspend}-{index}".lower(), named, spec), kind, each)


@pytest.mark.parametrize("kind", CUSTOM, ids=lambda kind: kind.resource)
def test_a_new_object_is_sent_where_it_names_a_class(
    gate: Mapping[str, Gate], kind: Custom
) -> None:
    here = gate[MUTATE]
    assert not here.sends("POST", collection(kind, here.namespace), kind.named("x"))
    assert here.sends("POST", collection(kind, here.namespace), kind.named("x", "training"))


@pytest.mark.parametrize("suspend", [True, False], ids=["suspended", "running"])
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.resource)
def test_an_update_is_sent_where_a_decision_acts_on_it_and_brings_a_class_or_a_template(
    gate: Mapping[str, Gate], kind: Custom, *, suspend: bool
) -> None:
    here = gate[MUTATE]
    path = collection(kind, here.namespace)
    news = [copy.deepcopy(each) for each in states(kind, suspend=suspend)]
    for old in [here.make(each) for each in states(kind, suspend=suspend)]:
        for each in news:
            name = old["metadata"]["name"]
            version = {"resourceVersion": old["metadata"]["resourceVersion"]}
            new = {**each, "metadata": {**each["metadata"], "name": name, **version}}
            is_left = new["spec"] == old["spec"] and annotations(new) == annotations(old)
            sent = here.sends("PUT", f"{path}/{name}", new)
            if here.acts(new, old) and not is_left:
                assert sent, (old, new)
            if is_left:
                assert not sent, (old, new)


def annotations(document: Json) -> object:
    return document["metadata"].get("annotations") or {}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.resource)
def test_a_write_that_touches_neither_class_nor_template_is_not_sent(
    gate: Mapping[str, Gate], kind: Custom
) -> None:
    here = gate[MUTATE]
    whole = ("training", "training")
    made = here.make(shaped(kind.named("steady", "training"), kind, whole))
    path = f"{collection(kind, here.namespace)}/steady"
    for change in (
        {"metadata": {"labels": {"a": "b"}}},
        {"metadata": {"annotations": {"other": "x"}}},
        {"metadata": {"finalizers": ["a.b/c"]}},
        {"spec": {"suspend": False, "runPolicy": {"suspend": False}}},
        {"status": {"phase": "Running"}},
    ):
        assert not here.sends("PATCH", path, change, PATCH), change
    scaled = copy.deepcopy(made)
    if kind.kind != "PyTorchJob":
        place = "workerGroupSpecs" if kind.kind == "RayCluster" else "replicatedJobs"
        scaled["spec"][place][0]["replicas"] = 7
        assert not here.sends("PUT", path, scaled)


@pytest.mark.parametrize(
    "spec",
    [
        None,
        {},
        {"replicatedJobs": None},
        {"replicatedJobs": [{}]},
        {"replicatedJobs": [{"name": "a", "template": None}]},
        {"replicatedJobs": [{"template": {"spec": {"template": {"metadata": None}}}}]},
    ],
    ids=str,
)
def test_what_an_object_lacks_is_no_error(gate: Mapping[str, Gate], spec: Json | None) -> None:
    for here in gate.values():
        path = collection(JOB_SET, here.namespace)
        for named in (None, "training"):
            manifest = {**JOB_SET.named("odd", named), "spec": spec}
            assert here.sends("POST", path, manifest) == (named is not None)
    here = gate[MUTATE]
    path = f"{collection(JOB_SET, here.namespace)}"
    manifest = {**JOB_SET.named("odd-"), "spec": spec}
    manifest["metadata"] = {"generateName": "odd-"}
    name = here.make(manifest)["metadata"]["name"]
    annotate: Json = {"metadata": {"annotations": {"gpu-class": "training"}}}
    here.sends("PATCH", f"{path}/{name}", annotate, PATCH)


KEPT = [OURS | {"time": "2026-01-01T00:00:00Z"}]


@pytest.mark.parametrize(
    "patches",
    [None, "x", {"a": {}}, [], ["x", 1, [[]], None], [{"manager": 1}], KEPT],
)
def test_a_list_of_items_with_a_key_may_hold_anything(
    gate: Mapping[str, Gate], patches: object
) -> None:
    here = gate[MUTATE]
    manifest = {**TRAIN_JOB.named("x"), "metadata": {"generateName": "odd-"}}
    name = here.make(manifest)["metadata"]["name"]
    path = f"{collection(TRAIN_JOB, here.namespace)}/{name}"
    change: Json = {"spec": {"runtimePatches": patches}}
    assert not here.sends("PATCH", path, change, PATCH)
    change |= {"metadata": {"annotations": {"gpu-class": "training"}}}
    assert here.sends("PATCH", path, change, PATCH) == (patches != KEPT)


def test_warnings_are_for_templates_that_ask_for_gpus_or_name_a_class(
    gate: Mapping[str, Gate],
) -> None:
    here = gate[WARN]
    path = collection(RAY_CLUSTER, here.namespace)
    cpu = {"headGroupSpec": {"template": custom.CPU}}
    assert not here.sends("POST", path, RAY_CLUSTER.named("x", spec=cpu))
    assert here.sends("POST", path, RAY_CLUSTER.named("x", "training", cpu))
    assert here.sends("POST", path, RAY_CLUSTER.named("x"))
    owner = {
        "apiVersion": "ray.io/v1",
        "kind": "RayJob",
        "name": "o",
        "uid": "6c0b4a52-0000-4000-8000-000000000008",
        "controller": True,
    }
    owned = RAY_CLUSTER.named("x")
    owned["metadata"]["ownerReferences"] = [owner]
    assert not here.sends("POST", path, owned)


NEAR: dict[str, Json] = {
    "a priority of GPU classes": {"priorityClassName": "gpu-batch-priority"},
    "a runtime that hands out devices": {"runtimeClassName": "nvidia"},
    "a toleration of a pool's taint": {
        "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists"}]
    },
    "the labels of a pool": {"nodeSelector": {"gpu-type": "training"}},
    "a node": {"nodeName": "training-1"},
    "a GPU that no list has": {
        "containers": [{"name": "c", "resources": {"limits": {"nvidia.com/T4": "1"}}}]
    },
}


@pytest.mark.parametrize("fields", NEAR.values(), ids=NEAR)
def test_warnings_are_for_templates_without_gpus_that_come_near_them_too(
    gate: Mapping[str, Gate], fields: Json
) -> None:
    here = gate[WARN]
    near = {"spec": {**custom.CPU["spec"], **fields}}
    for kind, spec in (
        (RAY_CLUSTER, {"headGroupSpec": {"template": near}}),
        (RAY_CLUSTER, {"workerGroupSpecs": [{}, {"template": custom.CPU}, {"template": near}]}),
        (PYTORCH_JOB, {"pytorchReplicaSpecs": {"Master": {"template": near}, "Worker": {}}}),
        (INFERENCE_SERVICE, {"transformer": near["spec"]}),
    ):
        path = collection(kind, here.namespace)
        assert here.sends("POST", path, kind.named("x", spec=spec)), kind.kind


@pytest.mark.parametrize(
    "held", [None, [], [{}], [{"template": None}], [{"template": {}}]], ids=str
)
def test_an_object_that_shows_no_pods_is_nobody_s_business(
    gate: Mapping[str, Gate], held: object
) -> None:
    here = gate[WARN]
    spec = {"headGroupSpec": {"template": custom.CPU}, "workerGroupSpecs": held}
    path = collection(RAY_CLUSTER, here.namespace)
    assert not here.sends("POST", path, RAY_CLUSTER.named("x", spec=spec))
