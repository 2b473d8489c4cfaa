"""Rule `contradiction`: a pod whose own selector excludes every node of its class."""

import pytest

from tests.core.given import (
    Json,
    gpu_class,
    gpu_pod,
    mutate,
    policy,
    pool,
    refusals,
    request,
    shipped,
    validate,
)
from tests.core.shapes import required, requirement, term
from webhook.core.cluster import Cluster

SELECTOR = 'spec.nodeSelector["{}"]'
TERMS = "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution"
BY_TERMS = (
    "no node of class production (pools production) can meet what the pod requires "
    "together with its nodeSelector; drop what contradicts or name another class"
)


@pytest.mark.parametrize(
    ("named", "selector", "expected"),
    [
        (
            "production",
            {"gpu-type": "development"},
            {
                "gpu-type": "development contradicts class production: "
                "nodes of pool production carry gpu-type=production; "
                "drop it or name another class"
            },
        ),
        (
            "production",
            {"zone": "a", "node-role": "shared", "nvidia.com/gpu.present": "false"},
            {
                "node-role": "shared contradicts class production: "
                "nodes of pool production carry node-role=gpu-prod; "
                "drop it or name another class",
                "nvidia.com/gpu.present": "false contradicts class production: "
                "nodes of pool production carry nvidia.com/gpu.present=true; "
                "drop it or name another class",
            },
        ),
    ],
    ids=["one-label", "two-labels"],
)
def test_selector_that_no_pool_agrees_with_is_refused(
    named: str, selector: Json, expected: dict[str, str]
) -> None:
    assert refusals(mutate(gpu_pod(named, nodeSelector=selector))) == [
        ("contradiction", SELECTOR.format(key), message) for key, message in expected.items()
    ]


def test_selector_that_the_namespace_adds_is_said_to_come_from_there() -> None:
    given = {"scheduler.alpha.kubernetes.io/node-selector": "node-role=shared"}
    by = shipped().knowing(Cluster(namespaces={"team-a": given}))
    assert refusals(mutate(gpu_pod("production", nodeSelector={"node-role": "shared"}), by)) == [
        (
            "contradiction",
            SELECTOR.format("node-role"),
            "shared contradicts class production: nodes of pool production carry "
            "node-role=gpu-prod; namespace team-a gives it to its pods by the annotation "
            "scheduler.alpha.kubernetes.io/node-selector: change it there or name another class",
        )
    ]


@pytest.mark.parametrize(
    "selector",
    [
        None,
        {},
        {"gpu-type": "production"},
        {"node-role": "gpu-prod", "gpu-type": "production"},
        {"kubernetes.io/arch": "arm64"},
        {"node-role.kubernetes.io/worker": ""},
    ],
    ids=str,
)
def test_selector_that_agrees_or_of_which_pools_say_nothing_is_let_in(selector: object) -> None:
    assert mutate(gpu_pod("production", nodeSelector=selector)).allowed


@pytest.mark.parametrize(
    "terms",
    [
        [term("gpu-type In development training")],
        [term("gpu-type NotIn production")],
        [term("gpu-type DoesNotExist")],
        [term("gpu-type In development"), term("node-role In other", "zone In a")],
        [term()],
    ],
    ids=["in", "not-in", "does-not-exist", "every-term", "an-empty-term"],
)
def test_terms_that_no_pool_can_meet_are_refused(terms: list[Json]) -> None:
    decision = mutate(gpu_pod("production", affinity=required(*terms)))
    assert refusals(decision) == [("contradiction", TERMS, BY_TERMS)]


@pytest.mark.parametrize(
    "terms",
    [
        [term("gpu-type In production other")],
        [term("gpu-type Exists", "zone In a")],
        [term("gpu-type In development"), term("zone In a")],
        [term(), term("zone In a")],
        [{"matchFields": [requirement("metadata.name In n1")]}],
    ],
    ids=["in", "exists", "one-of-two-terms", "beside-an-empty-one", "fields"],
)
def test_one_term_that_may_be_met_is_enough(terms: list[Json]) -> None:
    assert mutate(gpu_pod("production", affinity=required(*terms))).allowed


TAINT = "{{key: gpu, value: {}, effect: NoSchedule}}"
ELSEWHERE = policy(
    pool("a", "gpu: x, type: a", TAINT.format("v"))
    + pool("b", "gpu: x, type: b", TAINT.format("v"))
    + pool("c", "gpu: x, type: c", TAINT.format("w"))
    + gpu_class("free", "{name: a}, {name: c}", "placement: Preferred")
    + gpu_class("rather", "{name: a}, {name: b}", "placement: Preferred")
    + gpu_class("only-a", "{name: a}"),
    "defaultClass: only-a",
)


def test_selector_that_two_pools_contradict_names_both() -> None:
    (found,) = refusals(mutate(gpu_pod("free", nodeSelector={"type": "d"}), ELSEWHERE))
    assert found == (
        "contradiction",
        SELECTOR.format("type"),
        "d contradicts class free: nodes of pool a carry type=a, pool c carry type=c; "
        "drop it or name another class",
    )


def test_selector_and_terms_that_exclude_one_another_are_refused_at_the_terms() -> None:
    spec = {"nodeSelector": {"type": "a"}, "affinity": required(term("type In c"))}
    (found,) = refusals(mutate(gpu_pod("free", **spec), ELSEWHERE))
    assert found == (
        "contradiction",
        TERMS,
        BY_TERMS.replace("production (pools production", "free (pools a, c"),
    )


@pytest.mark.parametrize(
    ("named", "kind", "spec", "allowed"),
    [
        pytest.param("free", "b", {}, True, id="tolerated-elsewhere"),
        pytest.param("only-a", "b", {}, False, id="a-required-class-goes-nowhere-else"),
        pytest.param("rather", "c", {}, False, id="taints-keep-it-away"),
        pytest.param(
            "rather",
            "c",
            {"tolerations": [{"operator": "Exists"}]},
            True,
            id="its-own-toleration-lets-it-in",
        ),
    ],
)
def test_preferred_class_may_run_elsewhere_if_the_taints_are_tolerated(
    named: str, kind: str, spec: Json, *, allowed: bool
) -> None:
    decision = mutate(gpu_pod(named, nodeSelector={"type": kind}, **spec), ELSEWHERE)
    assert decision.allowed is allowed


APART = policy(
    pool("a", "gpu: x, type: a, disk: v", TAINT.format("v"))
    + pool("b", "gpu: x, type: b", TAINT.format("v"))
    + gpu_class("alone", "{name: a}", "placement: Preferred"),
    "defaultClass: alone",
)


@pytest.mark.parametrize(
    "spec",
    [{"nodeSelector": {"disk": "w"}}, {"affinity": required(term("disk In w"))}],
    ids=["selector", "terms"],
)
def test_preferred_class_of_one_pool_requires_it_and_so_runs_nowhere_else(spec: Json) -> None:
    for decide in (mutate, validate):
        assert "contradiction" in decide(gpu_pod(None, **spec), APART).rules


def test_pod_of_a_daemon_set_that_names_its_node_is_let_in() -> None:
    fields = {"matchFields": [requirement("metadata.name In gpu-prod-1")]}
    sent = request(
        gpu_pod("production", affinity=required(fields)),
        user="system:serviceaccount:kube-system:daemon-set-controller",
    )
    assert mutate(sent).allowed
