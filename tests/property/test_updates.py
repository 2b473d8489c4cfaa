"""What holds when an object is written again, whatever it was."""

import copy
from typing import Any, TypeAlias

from hypothesis import assume, given

from tests import oracle
from tests.core.given import admitted, mutate, patched, request, validate
from tests.core.shapes import priority_of
from tests.property.strategies import nodes, pods, policies
from webhook.core.policy.policy import Policy

Json: TypeAlias = dict[str, Any]
Node: TypeAlias = tuple[dict[str, str], list[Json]]


@given(policies(), pods())
def test_pod_that_is_written_as_it_is_stored_stays(policy: Policy, pod: Json) -> None:
    assume(mutate(pod, policy).allowed)
    stored = admitted(pod, policy)
    assert mutate(request(stored, old=stored), policy).patch == ()
    assert validate(request(stored, old=stored), policy).allowed


@given(policies(), pods(), nodes())
def test_pod_that_is_applied_twice_is_placed_as_before(
    policy: Policy, pod: Json, node: Node
) -> None:
    assume(mutate(pod, policy).allowed)
    stored = admitted(pod, policy)
    again = _applied(pod, stored)
    found = patched(request(again, old=stored), policy)
    assert oracle.may_land(found, *node) == oracle.may_land(stored, *node)
    assert (priority_of(found)[0] or None) == (priority_of(stored)[0] or None)
    assert validate(request(found, old=stored), policy).allowed
    assert mutate(request(found, old=stored), policy).patch == ()


def _applied(pod: Json, stored: Json) -> Json:
    """Give the stored pod with the lists, the affinity and the priority that its manifest has.

    As `kubectl apply` does: what the manifest says nothing of stays as it is stored.
    """
    again = copy.deepcopy(stored)
    for field in ("affinity", "tolerations", "priorityClassName"):
        if pod["spec"].get(field):
            again["spec"][field] = copy.deepcopy(pod["spec"][field])
    return again


@given(policies(), pods(), pods())
def test_an_update_injects_nothing_that_the_old_pod_had_not(
    policy: Policy, pod: Json, other: Json
) -> None:
    found = patched(request(other, old=pod), policy)
    assert found == other
