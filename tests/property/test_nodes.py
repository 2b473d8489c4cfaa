"""The scheduler's words as the product reads them, and as the oracle does."""

from typing import Any, TypeAlias

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from tests import oracle
from tests.property.strategies import expressions, nodes, pods, terms, tolerations
from webhook.core.node_filter import read_candidate, refusals
from webhook.core.nodes import may_satisfy, satisfies, tolerates
from webhook.core.pod import NodeSelectorRequirement, NodeSelectorTerm, Pod, Toleration
from webhook.core.policy.documents import Effect, Taint

Json: TypeAlias = dict[str, Any]
Node: TypeAlias = tuple[dict[str, str], list[Json]]


@given(expressions, nodes())
def test_a_requirement_is_met_by_the_same_nodes(expression: Json, node: Node) -> None:
    requirement = msgspec.convert(expression, NodeSelectorRequirement)
    assert satisfies(node[0], requirement) == oracle.meets(expression, node[0])


@given(tolerations, nodes())
def test_a_toleration_covers_the_same_taints(toleration: Json, node: Node) -> None:
    given_one = msgspec.convert(toleration, Toleration)
    for each in node[1]:
        taint = Taint(key=each["key"], value=each["value"], effect=Effect(each["effect"]))
        assert tolerates(given_one, taint) == oracle.tolerates(toleration, each)


@given(terms, nodes(), st.dictionaries(st.sampled_from(("a", "b")), st.just("x")))
def test_a_term_that_some_labels_rule_out_is_met_by_no_node_that_has_them(
    term: Json, node: Node, more: dict[str, str]
) -> None:
    labels = node[0]
    if not may_satisfy(labels, msgspec.convert(term, NodeSelectorTerm)):
        assert not oracle.matches(term, {**more, **labels})


@given(pods(), nodes())
def test_a_pod_may_land_on_the_same_nodes(pod: Json, node: Node) -> None:
    labels, taints = node
    named = {"metadata": {"name": "node", "labels": labels}, "spec": {"taints": taints}}
    found = refusals(msgspec.convert(pod, Pod), read_candidate(named))
    assert (not found) == oracle.may_land(pod, labels, taints, "node")
