"""Rule `node-marks`: claimed nodes carry their pool's marks, and only ours are taken away."""

from functools import partial

import msgspec
import pytest

from tests.core.given import (
    Json,
    gpu_class,
    gpu_node,
    mutate,
    patched,
    policy,
    pool,
    refusals,
    request,
    validate,
)
from webhook.core.cluster import Taint
from webhook.core.decision import Verdict
from webhook.core.policy.policy import Policy
from webhook.core.rules.node_marks import (
    Claim,
    Marks,
    Record,
    Standing,
    read_record,
    stand,
    wanted,
    write_record,
)

CORDON = Taint(key="node.kubernetes.io/unschedulable", effect="NoSchedule")
A, B = (Taint(key="k", value=value, effect="NoSchedule") for value in "ab")
CLAIMS = "labels: {role: ra}, claims: {names: ['a-*'], matchLabels: {cloud: a}}"
TEXT = (
    pool("a", "gpu: ga", "{key: k, value: a, effect: NoSchedule}", CLAIMS)
    + pool("b", "gpu: gb", "{key: k, value: b, effect: NoSchedule}", "claims: {names: ['b-*']}")
    + gpu_class("general", "{name: a}, {name: b}")
)


def by(text: str = TEXT, more: str = "") -> Policy:
    return policy(text + more)


def after(name: str, marks: Marks, of: Policy | None = None, *released: tuple[str, str]) -> Marks:
    found = of or by()
    return wanted(marks, stand(name, marks, found, frozenset(released)))


LABELS = {"gpu": "ga", "role": "ra"}
RECORD = Record(pool="a", labels=LABELS, taints=(A,))
MARKED = Marks(labels=LABELS, taints=(A,), record=RECORD)


@pytest.mark.parametrize("cloud", [{}, {"cloud": "a"}])
def test_a_claimed_node_gets_labels_and_taints_beside_those_of_others(
    cloud: dict[str, str],
) -> None:
    name = "n" if cloud else "a-1"
    found = after(name, Marks(labels={"x": "y", **cloud}, taints=(CORDON,)))
    assert found == Marks(labels={"x": "y", **cloud, **LABELS}, taints=(CORDON, A), record=RECORD)
    assert after(name, found) == found


def test_a_node_that_nobody_claims_is_left_as_it_is() -> None:
    marks = Marks(labels={"gpu": "ga"}, taints=(A, CORDON))
    assert after("n", marks) == marks
    assert stand("n", marks, by()) == Standing()


def test_what_a_node_had_by_itself_is_not_recorded_and_stays() -> None:
    own = Marks(labels={"gpu": "ga"}, taints=(A,))
    found = after("a-1", own)
    assert found.record == Record(pool="a", labels={"role": "ra"})
    edited = by(TEXT.replace("['a-*']", "['other-*']").replace(", matchLabels: {cloud: a}", ""))
    assert after("a-1", found, edited) == own


def test_a_node_that_has_everything_is_not_written() -> None:
    own = Marks(labels=LABELS, taints=(A,))
    assert after("a-1", own) == own


def test_another_value_of_a_key_is_replaced_and_its_effect_tells_taints_apart() -> None:
    evict = Taint(key="k", value="b", effect="NoExecute")
    found = after("a-1", Marks(labels={"gpu": "x"}, taints=(B, evict)))
    assert found.labels == LABELS
    assert found.taints == (evict, A)


def test_what_a_pool_declares_no_longer_is_taken_away_if_we_set_it() -> None:
    edited = by(
        TEXT.replace("labels: {role: ra}", "labels: {part: pa}").replace(
            "{key: k, value: a, effect: NoSchedule}", "{key: k2, effect: NoExecute}"
        )
    )
    marks = Marks(labels={**LABELS, "x": "y"}, taints=(CORDON, A), record=RECORD)
    taint = Taint(key="k2", effect="NoExecute")
    assert after("a-1", marks, edited) == Marks(
        labels={"gpu": "ga", "x": "y", "part": "pa"},
        taints=(CORDON, taint),
        record=Record(pool="a", labels={"gpu": "ga", "part": "pa"}, taints=(taint,)),
    )


def test_what_somebody_changed_since_is_theirs() -> None:
    marks = Marks(labels={**LABELS, "role": "mine"}, taints=(B,), record=RECORD)
    freed = Standing(is_freed=True)
    assert wanted(marks, freed) == Marks(labels={"role": "mine"}, taints=(B,))


def test_a_node_that_moves_loses_the_marks_of_its_old_pool() -> None:
    declared = by(TEXT, gpu_node("n9", "b"))
    assert after("n9", MARKED, declared) == Marks(
        labels={"gpu": "gb"},
        taints=(B,),
        record=Record(pool="b", is_declared=True, labels={"gpu": "gb"}, taints=(B,)),
    )


GONE = by(pool("b", "gpu: gb") + gpu_class("general", "{name: b}"))


@pytest.mark.parametrize(
    ("record", "of", "is_freed"),
    [
        (RECORD, by(), True),
        (RECORD, GONE, False),
        (msgspec.structs.replace(RECORD, is_released=True), GONE, True),
        (msgspec.structs.replace(RECORD, is_declared=True), by(), False),
        (msgspec.structs.replace(RECORD, is_declared=True, is_released=True), by(), True),
        (None, by(), False),
    ],
    ids=["claim-edited", "pool-lost", "pool-released", "node-lost", "node-released", "not-ours"],
)
def test_only_an_edit_or_a_release_takes_marks_away(
    record: Record | None, of: Policy, is_freed: bool
) -> None:
    marks = msgspec.structs.replace(MARKED, record=record)
    assert stand("n9", marks, of).is_freed == is_freed
    bare = Marks(labels={}, taints=())
    assert after("n9", marks, of) == (bare if is_freed else marks)


@pytest.mark.parametrize("kind", [("GPUNodePool", "a"), ("GPUNode", "a-1")])
def test_what_becomes_of_a_node_is_recorded_ahead(kind: tuple[str, str]) -> None:
    found = after("a-1", MARKED, None, kind)
    assert found.record == msgspec.structs.replace(RECORD, is_released=True)
    assert after("a-1", found).record == RECORD


def test_a_node_of_two_pools_is_left_as_it_is() -> None:
    marks = Marks(labels={"cloud": "a"}, taints=())
    found = stand("b-1", marks, by())
    assert [each.name for each in found.rivals] == ["a", "b"]
    assert after("b-1", marks) == marks


def test_what_we_set_for_one_pool_makes_no_claim_for_another() -> None:
    text = TEXT.replace("claims: {names: ['b-*']}", "claims: {matchLabels: {role: ra}}")
    assert after("a-1", MARKED, by(text)) == MARKED
    rivals = stand("a-1", Marks(labels=LABELS), by(text)).rivals
    assert [each.name for each in rivals] == ["a", "b"]


def test_labels_that_may_not_be_set_are_left_out_and_not_recorded() -> None:
    (first, _) = by().pools
    claim = Standing(claim=Claim(pool=first, is_declared=False))
    found = wanted(Marks(), claim, lambda key: key != "role")
    assert (found.labels, found.record and found.record.labels) == ({"gpu": "ga"}, {"gpu": "ga"})


def test_a_record_comes_back_as_it_was_written() -> None:
    text = write_record(RECORD)
    assert text == (
        '{"labels":{"gpu":"ga","role":"ra"},"pool":"a",'
        '"taints":[{"effect":"NoSchedule","key":"k","value":"a"}]}'
    )
    assert read_record(text) == RECORD


@pytest.mark.parametrize("text", [None, "", "{", "[]", '{"pool": 1}', '{"labels": {}}', "\ud800"])
def test_a_record_that_can_not_be_read_says_nothing(text: str | None) -> None:
    assert read_record(text) is None


def test_a_forged_record_opens_no_node_that_the_cluster_closed() -> None:
    forged = read_record(write_record(Record(pool="b", taints=(CORDON, A))))
    found = wanted(Marks(taints=(CORDON, A), record=forged), Standing(is_freed=True))
    assert found.taints == (CORDON,)


def node(name: str, **spec: object) -> Json:
    return {"metadata": {"name": name, "labels": {"x": "y"}}, "spec": spec}


registering = partial(
    request, kind="Node", namespace="", user="system:node:a-1", groups=("system:nodes",)
)


def test_a_node_that_registers_is_marked_and_keeps_every_field_of_its_taints() -> None:
    added = {"key": "z", "effect": "NoExecute", "timeAdded": "2026-01-01T00:00:00Z"}
    found = patched(registering(node("a-1", taints=[added], podCIDR="10.0.0.0/24")), by())
    assert found == {
        "metadata": {
            "name": "a-1",
            "labels": {"x": "y", **LABELS},
            "annotations": {"gpuclass.io/marks": write_record(RECORD)},
        },
        "spec": {
            "taints": [added, {"key": "k", "value": "a", "effect": "NoSchedule"}],
            "podCIDR": "10.0.0.0/24",
        },
    }
    decision = mutate(registering(found), by())
    assert (decision.patch, decision.rules) == ((), ())


def test_labels_that_a_kubelet_may_not_set_are_left_to_the_controller() -> None:
    text = TEXT.replace("role: ra", "node-role.kubernetes.io/gpu: ra")
    found = patched(registering(node("a-1")), by(text))
    assert found["metadata"]["labels"] == {"x": "y", "gpu": "ga"}
    found = patched(request(node("a-1"), kind="Node"), by(text))
    assert found["metadata"]["labels"]["node-role.kubernetes.io/gpu"] == "ra"


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (node("n"), "a node that no pool claims"),
        (
            {"metadata": {"name": "b-1", "labels": {"cloud": "a"}}},
            "a node that pools a, b claim alike",
        ),
    ],
)
def test_any_other_node_registers_as_it_is(document: Json, reason: str) -> None:
    decision = mutate(registering(document), by())
    assert (decision.verdict, decision.reason) == (Verdict.IGNORE, reason)


def test_a_node_that_is_there_is_the_controllers() -> None:
    for decision in (
        mutate(registering(node("a-1"), old=node("a-1")), by()),
        validate(registering(node("a-1")), by()),
        validate(registering(node("a-1"), old=node("a-1"), sub_resource="status"), by()),
    ):
        assert (decision.verdict, decision.patch) == (Verdict.ALLOW, ())


def test_in_mode_audit_it_is_only_said() -> None:
    audited = policy(TEXT, "defaultClass: general, rules: {node-marks: Audit}")
    decision = mutate(registering(node("a-1")), audited)
    assert (decision.patch, decision.rules, decision.would_change) == ((), (), ("node-marks",))


def recorded(name: str, text: str = "{}") -> Json:
    return {"metadata": {"name": name, "annotations": {"gpuclass.io/marks": text}}}


@pytest.mark.parametrize(
    ("new", "old"),
    [
        (recorded("n"), node("n")),
        (recorded("n", "[]"), recorded("n")),
        (node("n"), recorded("n")),
        (recorded("n"), None),
    ],
    ids=["added", "changed", "removed", "brought-along"],
)
@pytest.mark.parametrize("sub_resource", ["", "status"])
def test_a_kubelet_may_not_write_our_record(new: Json, old: Json | None, sub_resource: str) -> None:
    decision = validate(registering(new, old=old, sub_resource=sub_resource), by())
    assert refusals(decision) == [
        (
            "node-marks",
            'metadata.annotations["gpuclass.io/marks"]',
            "system:node:a-1 writes what the controller has recorded of the node, by which it takes"
            " labels and taints away; leave the annotation as it is",
        )
    ]
    assert validate(request(new, old=old, kind="Node"), by()).allowed


def test_the_first_record_is_our_own() -> None:
    declared = by(TEXT, gpu_node("n9", "b"))
    assert validate(registering(recorded("a-1")), by()).allowed
    assert validate(registering(recorded("n9")), declared).allowed
    assert not validate(registering(recorded("n9"), old=node("n9")), declared).allowed
