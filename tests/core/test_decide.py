"""The decision: what is decided about at all, by which mode, and what can not be read."""

import msgspec
import pytest
from msgspec.structs import replace

from tests.core.given import (
    Json,
    admitted,
    assert_untouched,
    cpu_pod,
    gpu_pod,
    mutate,
    places,
    policy,
    refusals,
    request,
    validate,
)
from webhook.core.decision import Verdict
from webhook.core.errors import RequestError
from webhook.core.policy.policy import Policy
from webhook.core.review import GroupVersionKind, Request

AIMING = cpu_pod(nodeSelector={"gpu-type": "training"})


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"operation": "DELETE"}, "DELETE of an object places nothing"),
        ({"operation": "CONNECT", "sub_resource": "exec"}, "CONNECT of exec places nothing"),
        ({"sub_resource": "status"}, "CREATE of status places nothing"),
        ({"operation": "UPDATE", "sub_resource": "resize"}, "UPDATE of resize places nothing"),
    ],
)
def test_other_writes_place_nothing(changes: Json, reason: str) -> None:
    sent = replace(request(AIMING), **changes, object=msgspec.Raw(b"unreadable"))
    assert assert_untouched(sent).reason == reason


@pytest.mark.parametrize(
    ("group", "kind"), [("", "ConfigMap"), ("example.com", "Pod"), ("example.com", "PyTorchJob")]
)
def test_other_kinds_are_ignored(group: str, kind: str) -> None:
    sent = replace(request(AIMING), kind=GroupVersionKind(group=group, version="v1", kind=kind))
    decision = mutate(sent)
    assert (decision.verdict, decision.patch) == (Verdict.IGNORE, ())
    assert decision.reason == f"kind {kind} has no pod template"


def test_dry_run_is_decided_like_any_other() -> None:
    assert mutate(replace(request(gpu_pod("training")), dry_run=True)).patch == (
        mutate(gpu_pod("training")).patch
    )


def test_generated_name_is_no_hindrance() -> None:
    document = gpu_pod("training")
    document["metadata"] = {"generateName": "p-", "annotations": {"gpu-class": "training"}}
    assert mutate(document).verdict is Verdict.INJECT


def given(cluster: str) -> Policy:
    return policy(cluster=f"defaultClass: general, {cluster}")


FAULTY = gpu_pod("production", priorityClassName="system-node-critical")


def test_enforce_refuses_and_injects() -> None:
    by = given("mode: Enforce")
    assert places(mutate(FAULTY, by)) == ["spec.priorityClassName"]
    assert mutate(gpu_pod(), by).verdict is Verdict.INJECT
    assert not validate(AIMING, by).allowed


def test_warn_injects_and_says_what_would_be_refused() -> None:
    by = given("mode: Warn")
    decision = mutate(FAULTY, by)
    assert decision.verdict is Verdict.INJECT
    assert decision.violations == ()
    assert decision.warnings == (
        "spec.priorityClassName: system-node-critical is for the cluster's own components; "
        "leave it out; class production sets gpu-high-priority",
    )
    (warning,) = assert_untouched(AIMING, by).warnings
    assert warning.startswith('spec.nodeSelector["gpu-type"]: gpu-type=training selects nodes')


def test_audit_changes_and_refuses_nothing_but_says_what_would_be() -> None:
    by = given("mode: Audit")
    faulty = assert_untouched(FAULTY, by)
    assert (faulty.rules, faulty.warnings) == ((), ())
    assert faulty.would_change == ("placement", "tolerations")
    assert [(each.rule, each.path) for each in faulty.would_refuse] == [
        ("priority", "spec.priorityClassName")
    ]
    (found,) = assert_untouched(AIMING, by).would_refuse
    assert found.message.startswith("gpu-type=training selects nodes of pool training, but the pod")
    decision = assert_untouched(gpu_pod("training"), by)
    assert (decision.gpu_class, decision.would_refuse) == ("training", ())
    assert decision.would_change == ("priority", "placement", "tolerations")


STEERED = cpu_pod(tolerations=[{"operator": "Exists"}])
MEMBER = cpu_pod({"gpu-class": "training", "gpuclass.io/member": "true"})


@pytest.mark.parametrize(
    ("document", "rule"), [(STEERED, "steering"), (MEMBER, "member")], ids=["steered", "member"]
)
def test_audit_says_that_a_cpu_pod_would_be_changed(document: Json, rule: str) -> None:
    assert mutate(document, given("mode: Enforce")).rules == (rule,)
    assert assert_untouched(document, given("mode: Audit")).would_change == (rule,)
    assert assert_untouched(document, given(f'rules: {{{rule}: "Off"}}')).would_change == ()


def test_audit_says_that_an_annotation_would_be_carried() -> None:
    document = {
        "metadata": {"name": "d", "annotations": {"gpu-class": "training"}},
        "spec": {"template": gpu_pod()},
    }
    sent = request(document, kind="Deployment")
    assert mutate(sent, given("mode: Audit")).would_change == ("workload",)
    assert mutate(sent, given("mode: Audit")).patch == ()
    assert mutate(sent, given("mode: Enforce")).would_change == ()


def test_audit_says_that_what_was_injected_would_be_put_back() -> None:
    plain = gpu_pod("training", tolerations=[{"key": "mine", "operator": "Exists"}])
    sent = request(plain, old=admitted(plain))
    assert mutate(sent, given("mode: Enforce")).rules == ("restore",)
    assert mutate(sent, given("rules: {restore: Audit}")).would_change == ("restore",)
    assert mutate(sent, given("rules: {restore: Audit}")).patch == ()


def test_off_looks_at_nothing() -> None:
    by = given('mode: "Off", rules: {placement: Enforce}')
    for document in (FAULTY, AIMING, gpu_pod("training")):
        decision = assert_untouched(document, by)
        assert (decision.reason, decision.rules) == ("the policy's mode is Off", ())


@pytest.mark.parametrize(
    ("mode", "allowed", "warned", "audited"),
    [("Enforce", False, 0, 0), ("Warn", True, 1, 0), ("Audit", True, 0, 1), ('"Off"', True, 0, 0)],
)
@pytest.mark.parametrize(
    ("rule", "document"),
    [
        ("cpu-target", AIMING),
        ("node-name", gpu_pod(nodeName="n")),
        ("class", gpu_pod("nothing")),
        ("priority", FAULTY),
        ("contradiction", gpu_pod("production", nodeSelector={"gpu-type": "training"})),
    ],
    ids=["cpu-target", "node-name", "class", "priority", "contradiction"],
)
def test_rule_has_its_own_mode(
    mode: str, rule: str, document: Json, *, allowed: bool, warned: int, audited: int
) -> None:
    decision = mutate(document, given(f"rules: {{{rule}: {mode}}}"))
    found = (decision.allowed, len(decision.warnings), len(decision.would_refuse))
    assert found == (allowed, warned, audited)
    assert {each.rule for each in decision.would_refuse} <= {rule}
    assert (rule in decision.rules) == (mode in {"Enforce", "Warn"})


def test_rule_may_be_enforced_where_the_rest_only_warns() -> None:
    by = given("mode: Warn, rules: {priority: Enforce}")
    document = gpu_pod("production", nodeName="n", priorityClassName="system-node-critical")
    decision = mutate(document, by)
    assert [rule for rule, _, _ in refusals(decision)] == ["priority"]
    assert len(decision.warnings) == 1
    assert decision.patch == ()


@pytest.mark.parametrize(
    ("rule", "absent"),
    [
        ("placement", {"affinity"}),
        ("tolerations", {"tolerations"}),
        ("priority", {"priority", "priorityClassName", "preemptionPolicy"}),
    ],
)
@pytest.mark.parametrize("mode", ["Audit", '"Off"'])
def test_rule_that_may_not_write_leaves_its_fields(rule: str, absent: set[str], mode: str) -> None:
    decision = mutate(gpu_pod("production"), given(f"rules: {{{rule}: {mode}}}"))
    written = {each.path.split("/")[2] for each in decision.patch if each.path.startswith("/spec")}
    every = {"affinity", "tolerations", "priority", "priorityClassName", "preemptionPolicy"}
    assert written == every - absent


def raw(text: bytes, kind: str = "Pod") -> Request:
    return replace(request({}, kind=kind), object=msgspec.Raw(text))


@pytest.mark.parametrize(
    ("kind", "text", "message"),
    [
        ("Pod", b"null", "the Pod can not be read: Expected `object`, got `null`"),
        ("Pod", b"[]", "the Pod can not be read: Expected `object`, got `array`"),
        (
            "Pod",
            b'{"metadata": null}',
            "the Pod can not be read: Expected `object`, got `null` - at `$.metadata`",
        ),
        (
            "Pod",
            b'{"spec": {"tolerations": [{}, {"key": 5}]}}',
            "the Pod can not be read: Expected `str | null`, got `int` "
            "- at `$.spec.tolerations[1].key`",
        ),
        (
            "Pod",
            b'{"spec": {"containers": [{"resources": {"limits": {"a/b": true}}}]}}',
            "the Pod can not be read: Expected `int | float | str | null`, got `bool` "
            "- at `$.spec.containers[0].resources.limits[...]`",
        ),
        (
            "Pod",
            b'{"spec": {"containers": [{"resources": {"limits": {"nvidia.com/gpu": "one"}}}]}}',
            "'one' is no quantity; expected a number such as 1, 500m or 4Gi",
        ),
        (
            "Pod",
            b'{"metadata": {"name": "\xff"}}',
            "the Pod can not be read: "
            "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte",
        ),
        ("Deployment", b"5", "expected an object, found int"),
        (
            "Deployment",
            b'{"spec": {"template": {"spec": []}, "x": 1}, "metadata": {}} x',
            "the Deployment can not be read: JSON is malformed: trailing characters (byte 62)",
        ),
    ],
)
def test_object_that_can_not_be_read_says_where(kind: str, text: bytes, message: str) -> None:
    with pytest.raises(RequestError) as caught:
        validate(raw(text, kind))
    assert str(caught.value) == message


@pytest.mark.parametrize("kind", ["Pod", "Deployment"])
def test_object_nested_too_deep_is_a_request_error(kind: str) -> None:
    text = b'{"spec": {"x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}}"
    with pytest.raises(RequestError):
        validate(raw(text, kind))
