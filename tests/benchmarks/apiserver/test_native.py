"""The native policy is made from the compiled policy; what it does is tried in `test_run`."""

from dataclasses import replace

import pytest

from benchmarks.apiserver.native import policy_of
from benchmarks.errors import BenchmarkError
from benchmarks.servers import POLICIES
from tests.cluster.api import Json
from webhook.core.policy.policy import Policy
from webhook.watch import policies

SELECTOR: Json = {"matchLabels": {"a": "b"}}


@pytest.fixture(scope="module")
def policy() -> Policy:
    return policies.load(POLICIES)


def test_every_class_is_known_with_its_data(policy: Policy) -> None:
    spec: Json = policy_of(policy, SELECTOR)[0]["spec"]  # type: ignore[assignment] # an object
    known = {each["name"]: each["expression"] for each in spec["matchConditions"]}["has-a-class"]
    wanted = {each["name"]: each["expression"] for each in spec["variables"]}["wanted"]
    for name, plan in policy.classes.items():
        assert f"'{name}'" in known
        assert all(f"'{toleration.value}'" in wanted for toleration in plan.tolerations)


def test_the_binding_is_of_the_policy_which_is_for_the_chosen_namespaces(policy: Policy) -> None:
    found, binding = policy_of(policy, SELECTOR)
    assert binding["spec"] == {"policyName": found["metadata"]["name"]}  # type: ignore[index]
    assert found["spec"]["matchConstraints"]["namespaceSelector"] == SELECTOR  # type: ignore[index]


def test_a_class_of_several_alternatives_is_not_for_it(policy: Policy) -> None:
    (name, plan), *_ = policy.classes.items()
    several = replace(plan, alternatives=plan.alternatives * 2)
    with pytest.raises(BenchmarkError) as raised:
        policy_of(replace(policy, classes={name: several}), SELECTOR)
    assert str(raised.value) == f"class {name}: the native policy takes one alternative"
