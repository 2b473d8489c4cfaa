"""What is measured is what its name says."""

import pytest

from benchmarks.growth import pods, reviews
from webhook.core import review
from webhook.core.decide import decide
from webhook.core.decision import Verdict
from webhook.core.final_state import MOST
from webhook.core.policy.policy import Policy

PATCHED = {
    "GPU pod of a class",
    "GPU pod of the default class",
    "GPU pod with two terms of its own",
    "GPU pods, each with terms of its own",
    "asks for what no pool offers",
    "CPU pod, steered away",
    "node registers",
}
LET_IN = {"GPU pod, judged afterwards", "GPUClass edited", "Deployment, warned of its pods"}
CASES = reviews.cases()


@pytest.fixture(scope="module")
def policy() -> Policy:
    return reviews.policy(10)


@pytest.mark.parametrize("name", CASES)
def test_each_case_comes_out_as_it_is_called(name: str, policy: Policy) -> None:
    (body, *_), stage = CASES[name](policy)
    decision = decide(review.read(body), policy, stage)
    if name in PATCHED:
        assert decision.verdict is Verdict.INJECT
        assert decision.patch
    else:
        assert decision.verdict is (Verdict.ALLOW if name in LET_IN else Verdict.DENY)


def test_a_case_costs_the_same_to_put_whatever_the_size(policy: Policy) -> None:
    small = reviews.policy(1)
    for name, make in CASES.items():
        if name != "GPU pod, judged afterwards":
            assert make(small) == make(policy)


def test_pods_of_every_size_are_measured_in_every_class() -> None:
    sections = [*pods.sections(rounds=1, unlike=2)]
    assert [each.name for each in sections] == ["containers", "tolerations", "terms"]
    for section in sections:
        assert len(section.rows) == 3
        assert all(tuple(row.figures) == section.columns for row in section.rows)


def test_pods_that_are_unlike_are_more_than_a_policy_remembers(policy: Policy) -> None:
    bodies, _ = CASES["GPU pods, each with terms of its own"](policy)
    assert len(set(bodies)) == len(bodies) > MOST


def test_nodes_are_of_the_pools_that_they_are_named_after(policy: Policy) -> None:
    assert len(policy.cluster.nodes) == reviews.NODES
    for number in (0, 1, 17):
        name = reviews.node_name(number, 10)
        assert [pool.name for pool in policy.pools_of_node(name)] == [f"kind-{number % 10:04}"]
