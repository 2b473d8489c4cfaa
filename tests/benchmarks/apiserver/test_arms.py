"""Each arm is registered for its own namespace, and otherwise as it is rendered."""

import pytest

from benchmarks.apiserver import arms
from benchmarks.apiserver.situations import ARMS, GO, GPUCLASS, TWICE
from benchmarks.servers import POLICIES
from tests.cluster.api import Json
from tests.registered import conditions
from webhook.core import registration
from webhook.core.registration.pods import UNSETTLED
from webhook.watch import policies

RENDERED = registration.render(policies.load(POLICIES))


def entries(configurations: tuple[Json, ...]) -> dict[tuple[str, str], Json]:
    """Give every entry by the kind of its configuration and its name."""
    return {
        (each["kind"], entry["name"]): entry
        for each in configurations
        for entry in each["webhooks"]
    }


def test_every_arm_has_a_namespace_of_its_own() -> None:
    assert {*arms.NAMESPACES} == {*ARMS}
    assert len({*arms.NAMESPACES.values()}) == len(ARMS)


def test_an_entry_is_confined_to_a_namespace_and_keeps_all_else() -> None:
    before, after = entries(RENDERED), entries(arms.confined(RENDERED, GPUCLASS))
    for key, entry in after.items():
        *kept, added = entry["namespaceSelector"]["matchExpressions"]
        assert kept == before[key]["namespaceSelector"]["matchExpressions"]
        assert added["values"] == [arms.NAMESPACES[GPUCLASS]]
        assert {**entry, "namespaceSelector": None} == {**before[key], "namespaceSelector": None}


def test_what_pods_meet_stays_and_what_lies_in_no_namespace_goes() -> None:
    before, after = entries(RENDERED), entries(arms.confined(RENDERED, GPUCLASS))
    gone = {name for _, name in before.keys() - after.keys()}
    assert gone == {"nodes.gpuclass.io", "policies.gpuclass.io"}


def test_with_both_calls_one_condition_is_missing() -> None:
    once = entries(arms.confined(RENDERED, TWICE))
    twice = entries(arms.unskipped(arms.confined(RENDERED, TWICE)))
    missing = {
        key: conditions(once[key]).keys() - conditions(twice[key]).keys()
        for key in once
        if once[key] != twice[key]
    }
    assert missing == {("ValidatingWebhookConfiguration", "pods.gpuclass.io"): {UNSETTLED}}


def test_both_pairs_of_ours_can_be_registered_at_once() -> None:
    names = [each["metadata"]["name"] for each in (*RENDERED, *arms.unskipped(RENDERED))]
    assert len({*names}) == 2


@pytest.mark.parametrize("field", ["matchConditions", "objectSelector"])
def test_a_go_webhook_is_asked_without_a_condition(field: str) -> None:
    (entry,) = arms.go_configuration(arms.go_service(), "Q0E=")["webhooks"]
    assert field not in entry
    assert entry["namespaceSelector"] == arms.selector(GO)
    assert entry["clientConfig"]["service"]["name"] == arms.go_service().name
