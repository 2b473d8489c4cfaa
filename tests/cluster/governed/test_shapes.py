"""Pods of every shape: what is there already is narrowed, never widened, and never lost."""

import pytest

from tests.cluster.api import Json
from tests.cluster.governed.cluster import Namespace
from tests.cluster.governed.manifests import GPU, container, pod
from tests.cluster.governed.test_placement import pool

pytestmark = pytest.mark.cluster

PRODUCTION: Json = {"key": "gpu-type", "operator": "In", "values": ["production"]}
PRESENT: Json = {"key": "nvidia.com/gpu.present", "operator": "In", "values": ["true"]}


def expression(key: str, *values: str) -> Json:
    return {"key": key, "operator": "In", "values": list(values)}


def requiring(*terms: Json) -> Json:
    return {
        "nodeAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": list(terms)}
        }
    }


def terms_of(found: Json) -> list[Json]:
    affinity = found["spec"]["affinity"]["nodeAffinity"]
    terms: list[Json] = affinity["requiredDuringSchedulingIgnoredDuringExecution"][
        "nodeSelectorTerms"
    ]
    return terms


def test_the_class_s_requirements_go_into_every_term(team: Namespace) -> None:
    first = {"matchExpressions": [expression("kubernetes.io/os", "linux")]}
    second = {"matchExpressions": [expression("node-role", "gpu-prod", "cpu")]}
    team.create(pod("x", "production", affinity=requiring(first, second)))
    bound = team.bound("x")
    assert pool(bound) == "production"
    assert terms_of(bound) == [
        {"matchExpressions": [*first["matchExpressions"], PRESENT, PRODUCTION]},
        {"matchExpressions": [*second["matchExpressions"], PRESENT, PRODUCTION]},
    ]


def test_match_fields_stay_and_are_narrowed(team: Namespace) -> None:
    fields = {"matchFields": [expression("metadata.name", "production-1")]}
    team.create(pod("x", "production", affinity=requiring(fields)))
    bound = team.bound("x")
    assert bound["spec"]["nodeName"] == "production-1"
    assert terms_of(bound) == [{**fields, "matchExpressions": [PRESENT, PRODUCTION]}]


def test_an_empty_term_stays_empty_beside_one_that_matches(team: Namespace) -> None:
    term = {"matchExpressions": [expression("kubernetes.io/os", "linux")]}
    team.create(pod("x", "production", affinity=requiring({}, term)))
    bound = team.bound("x")
    assert pool(bound) == "production"
    assert terms_of(bound)[0] == {}


@pytest.mark.parametrize(
    ("own", "added"),
    [
        pytest.param({"key": GPU, "operator": "Exists"}, False, id="Exists covers Equal"),
        pytest.param(
            {"key": GPU, "operator": "Exists", "effect": "NoSchedule"}, False, id="same effect"
        ),
        pytest.param({"key": GPU, "value": "present"}, False, id="no effect covers every effect"),
        pytest.param({"key": GPU, "value": "true"}, True, id="another value covers nothing"),
        pytest.param(
            {"key": GPU, "operator": "Exists", "effect": "NoExecute"}, True, id="another effect"
        ),
    ],
)
def test_a_toleration_is_added_only_where_none_covers_the_taint(
    team: Namespace, own: Json, added: bool
) -> None:
    team.create(pod("x", tolerations=[own]))
    bound = team.bound("x")
    assert pool(bound) == "worker"
    tolerations = [each for each in bound["spec"]["tolerations"] if each.get("key") == GPU]
    assert len(tolerations) == 1 + added
    assert own.items() <= tolerations[0].items()


def test_a_generated_name_and_a_dry_run_are_decided_alike(team: Namespace) -> None:
    manifest = pod("x-", "training")
    team.create(manifest, flags=("--dry-run=server",))
    assert team.pods() == []
    team.create(manifest)
    (made,) = team.pods()
    assert made["metadata"]["name"].startswith("x-")
    assert pool(team.bound(made["metadata"]["name"])) in {"training", "development"}


@pytest.mark.parametrize("field", ["tolerations", "initContainers", "nodeSelector", "affinity"])
def test_null_is_as_good_as_absent(team: Namespace, field: str) -> None:
    team.create(pod("x", "training", **{field: None}))
    assert pool(team.bound("x")) in {"training", "development"}


def test_null_maps_in_metadata_are_made(team: Namespace) -> None:
    manifest = pod("x")
    manifest["metadata"].update({"labels": None, "annotations": None})
    team.create(manifest)
    assert team.bound("x")["metadata"]["labels"]["gpuclass.io/class"] == "general"


def test_pod_affinity_and_preferences_of_the_author_stay(team: Namespace) -> None:
    preference = {"weight": 7, "preference": {"matchExpressions": [expression("disk", "ssd")]}}
    anti = {
        "preferredDuringSchedulingIgnoredDuringExecution": [
            {
                "weight": 1,
                "podAffinityTerm": {
                    "topologyKey": "kubernetes.io/hostname",
                    "labelSelector": {"matchLabels": {"app": "x"}},
                },
            }
        ]
    }
    affinity = {
        "nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [preference]},
        "podAntiAffinity": anti,
    }
    team.create(pod("x", "training", affinity=affinity))
    found = team.bound("x")["spec"]["affinity"]
    assert found["podAntiAffinity"] == anti
    preferred = found["nodeAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"]
    assert preferred[0] == preference
    assert preferred[1]["preference"]["matchExpressions"] == [
        expression("gpu-type", "training", "development")
    ]


def test_a_shared_gpu_and_a_slice_are_gpus_too(team: Namespace) -> None:
    for name, resource in (("shared", "nvidia.com/gpu.shared"), ("slice", "nvidia.com/mig-1g.5gb")):
        manifest = pod(name, "training", gpus=None)
        manifest["spec"]["containers"] = [
            {**container(None), "resources": {"limits": {resource: "1"}}}
        ]
        team.create(manifest)
        assert team.get("pod", name)["metadata"]["labels"] == {"gpuclass.io/class": "training"}
