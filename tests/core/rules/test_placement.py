"""Rule `placement`: every term is narrowed, none is added, and a second pass changes nothing."""

import pytest

from tests.core.given import Json, gpu_class, gpu_pod, mutate, patched, policy, pool, shipped
from tests.core.shapes import (
    REQUIRED,
    preferred,
    preferred_of,
    required,
    required_of,
    requirement,
    term,
)
from webhook.core.policy.policy import Policy

GPU = "nvidia.com/gpu.present In true"
PRODUCTION = "gpu-type In production"
TAINT = "{key: gpu, effect: NoSchedule}"


def placed(affinity: object, named: str = "production", by: Policy | None = None) -> Json:
    """Give the pod after mutation; a second pass over it changes nothing."""
    once = patched(gpu_pod(named, affinity=affinity), by)
    assert mutate(once, by).patch == ()
    return once


@pytest.mark.parametrize(
    "affinity",
    [
        None,
        {},
        {"nodeAffinity": None},
        {"nodeAffinity": {}},
        {"podAffinity": {REQUIRED: []}},
        {"nodeAffinity": {REQUIRED: None}},
    ],
    ids=str,
)
def test_pod_that_requires_nothing_gets_one_term(affinity: object) -> None:
    assert required_of(placed(affinity)) == [[GPU, PRODUCTION]]


def test_pod_affinity_stays() -> None:
    own = {"podAffinity": {REQUIRED: [{"topologyKey": "zone"}]}, "podAntiAffinity": {"x": 1}}
    found = placed(own)["spec"]["affinity"]
    assert found.pop("nodeAffinity")
    assert found == own


def test_requirements_go_into_every_term() -> None:
    found = placed(required(term("zone In a"), term("zone In b", "disk Exists")))
    assert required_of(found) == [
        ["zone In a", GPU, PRODUCTION],
        ["zone In b", "disk Exists", GPU, PRODUCTION],
    ]


@pytest.mark.parametrize("empty", [{}, term(), {"matchExpressions": None, "matchFields": None}])
def test_empty_term_matches_nothing_and_stays_empty(empty: Json) -> None:
    found = placed(required(empty, term("zone In a")))
    assert required_of(found) == [[], ["zone In a", GPU, PRODUCTION]]
    assert found["spec"]["affinity"]["nodeAffinity"][REQUIRED]["nodeSelectorTerms"][0] == empty


def test_term_of_fields_alone_gains_expressions_and_keeps_its_fields() -> None:
    fields = [requirement("metadata.name In n1")]
    found = placed(required({"matchFields": fields}))
    assert required_of(found) == [[GPU, PRODUCTION, "metadata.name In n1"]]


@pytest.mark.parametrize("terms", [None, []])
def test_selector_without_terms_matches_nothing_and_gains_none(terms: object) -> None:
    affinity = {"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": terms}}}
    assert required_of(patched(gpu_pod("production", affinity=affinity))) == []


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        pytest.param([GPU, PRODUCTION], [GPU, PRODUCTION], id="all-is-there"),
        pytest.param([PRODUCTION, "a In b"], [PRODUCTION, "a In b", GPU], id="one-is-there"),
        pytest.param(
            ["gpu-type In production training"],
            ["gpu-type In production training", GPU, PRODUCTION],
            id="a-wider-one",
        ),
        pytest.param(
            ["gpu-type Exists"], ["gpu-type Exists", GPU, PRODUCTION], id="another-operator"
        ),
    ],
)
def test_requirement_that_is_implied_is_not_added(own: list[str], expected: list[str]) -> None:
    assert required_of(placed(required(term(*own)))) == [expected]


PAIR = policy(
    pool("a", "gpu: x, type: a", TAINT)
    + pool("b", "gpu: x, type: b", TAINT)
    + gpu_class("c", "{name: a}, {name: b}"),
    "defaultClass: c",
)
APART = policy(
    pool("a", "type: a, zone: v", TAINT)
    + pool("b", "type: b, zone: w", TAINT)
    + gpu_class("c", "{name: a}, {name: b}"),
    "defaultClass: c",
)
STRANGERS = policy(
    pool("a", "one: a", TAINT)
    + pool("b", "two: b", TAINT)
    + gpu_class("c", "{name: a, weight: 2}, {name: b, weight: 1}", "placement: Preferred"),
    "defaultClass: c",
)


def test_subset_of_the_pools_is_left_as_narrow_as_it_is() -> None:
    assert required_of(placed(required(term("type In b")), "c", PAIR)) == [
        ["type In b", "gpu In x"]
    ]


def test_pools_that_differ_in_more_than_one_label_multiply_the_terms() -> None:
    assert required_of(placed(None, "c", APART)) == [
        ["type In a", "zone In v"],
        ["type In b", "zone In w"],
    ]
    assert required_of(placed(required(term("disk In s"), term("disk In t")), "c", APART)) == [
        ["disk In s", "type In a", "zone In v"],
        ["disk In s", "type In b", "zone In w"],
        ["disk In t", "type In a", "zone In v"],
        ["disk In t", "type In b", "zone In w"],
    ]


def test_term_within_one_alternative_is_not_multiplied() -> None:
    own = required(term("type In a", "zone In v", "disk In s"), term("disk In t"))
    assert required_of(placed(own, "c", APART)) == [
        ["type In a", "zone In v", "disk In s"],
        ["disk In t", "type In a", "zone In v"],
        ["disk In t", "type In b", "zone In w"],
    ]


def test_empty_term_is_not_multiplied() -> None:
    found = placed(required(term(), term("type In a", "zone In v")), "c", APART)
    assert required_of(found) == [[], ["type In a", "zone In v"]]


def test_preferred_class_requires_what_its_pools_share_and_prefers_the_rest() -> None:
    found = placed(None, "training")
    assert required_of(found) == [[GPU]]
    assert preferred_of(found) == [(100, ["gpu-type In training development"])]


def test_preferred_class_whose_pools_share_nothing_is_kept_to_them() -> None:
    found = placed(required(term("zone In v")), "c", STRANGERS)
    assert required_of(found) == [["zone In v", "one In a"], ["zone In v", "two In b"]]
    assert preferred_of(found) == [(2, ["one In a"]), (1, ["two In b"])]


def test_preferences_are_added_to_the_pods_own() -> None:
    found = placed(preferred((1, term("zone In v"))), "training")
    assert preferred_of(found) == [
        (1, ["zone In v"]),
        (100, ["gpu-type In training development"]),
    ]
    assert required_of(found) == [[GPU]]


def test_preference_that_is_there_is_not_added() -> None:
    own = preferred((100, term("gpu-type In training development")))
    assert len(preferred_of(placed(own, "training"))) == 1


def test_node_selector_stays() -> None:
    found = patched(gpu_pod("production", nodeSelector={"gpu-type": "production"}))
    assert found["spec"]["nodeSelector"] == {"gpu-type": "production"}


WAITS = (
    "no pool declares a label nvidia.com/gpu, which the pod requires of its node: "
    "it waits unless nodes carry it (a GPU resource is no label)"
)


@pytest.mark.parametrize(
    "spec",
    [
        {"affinity": required(term("nvidia.com/gpu In true"))},
        {"nodeSelector": {"nvidia.com/gpu": "true"}},
    ],
    ids=["affinity", "selector"],
)
def test_resource_that_is_taken_for_a_label_is_warned_of(spec: Json) -> None:
    assert mutate(gpu_pod("general", **spec)).warnings == (WAITS,)


def test_other_labels_are_no_business_of_ours() -> None:
    spec = {"nodeSelector": {"zone": "a"}, "affinity": required(term("disk In b"))}
    assert mutate(gpu_pod("general", **spec)).warnings == ()


def test_decision_names_the_rule_only_where_it_changed_something() -> None:
    assert "placement" in mutate(gpu_pod("production")).rules
    assert mutate(patched(gpu_pod("production"))).rules == ()
    assert shipped().classes["production"].preferred == ()
