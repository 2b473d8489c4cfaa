"""The AdmissionReview on the wire: what is read, what is refused, what is written."""

import base64

import msgspec
import pytest

from tests.core.given import Json
from webhook.core.decision import Decision, Verdict, Violation
from webhook.core.errors import RequestError
from webhook.core.patch import Operation
from webhook.core.review import AUDIT_LENGTH, WARNINGS_LENGTH, bounded, message, read, write

REVIEW: Json = {
    "apiVersion": "admission.k8s.io/v1",
    "kind": "AdmissionReview",
    "request": {
        "uid": "705ab4f5-6393-11e8-b7cc-42010a800002",
        "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "requestKind": {"group": "", "version": "v1", "kind": "Pod"},
        "subResource": "",
        "namespace": "team-a",
        "operation": "CREATE",
        "userInfo": {"username": "alice", "groups": ["devs"], "extra": {"x": ["y"]}},
        "object": {"metadata": {"generateName": "p-"}},
        "oldObject": None,
        "dryRun": True,
        "unknown": 1,
    },
}


def test_request_is_read_and_its_objects_stay_undecoded() -> None:
    found = read(msgspec.json.encode(REVIEW))
    assert (found.uid, found.name) == (REVIEW["request"]["uid"], "")
    assert (found.kind.kind, found.namespace, found.operation) == ("Pod", "team-a", "CREATE")
    assert (found.user_info.username, found.user_info.groups) == ("alice", ("devs",))
    assert bytes(found.object) == b'{"metadata":{"generateName":"p-"}}'
    assert bytes(found.old_object) == b"null"
    assert found.dry_run is True


def test_request_of_few_words_is_enough() -> None:
    request = {"uid": "u", "kind": {"kind": "Pod"}, "userInfo": {"groups": None}}
    found = read(msgspec.json.encode({**REVIEW, "request": request}))
    assert (found.operation, found.user_info.groups, bytes(found.object)) == ("", None, b"null")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(b"", "the body is no AdmissionReview: Input data was truncated", id="empty"),
        pytest.param(
            b"[]", "the body is no AdmissionReview: Expected `object`, got `array`", id="a-list"
        ),
        pytest.param(
            b"{}",
            "expected admission.k8s.io/v1 AdmissionReview, found no apiVersion no kind",
            id="an-empty-object",
        ),
        pytest.param(
            b'{"apiVersion": "admission.k8s.io/v1beta1", "kind": "AdmissionReview"}',
            "expected admission.k8s.io/v1 AdmissionReview, "
            "found admission.k8s.io/v1beta1 AdmissionReview",
            id="another-version",
        ),
        pytest.param(
            b'{"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview"}',
            "the AdmissionReview has no request with a uid",
            id="no-request",
        ),
        pytest.param(
            b'{"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",'
            b' "request": {"uid": "", "kind": {}}}',
            "the AdmissionReview has no request with a uid",
            id="no-uid",
        ),
        pytest.param(
            b'{"request": {"uid": "u", "kind": {"kind": 1}}}',
            "the body is no AdmissionReview: Expected `str`, got `int` - at `$.request.kind.kind`",
            id="a-number-for-a-name",
        ),
        pytest.param(
            b'{"kind": "\xff"}',
            "the body is no AdmissionReview: "
            "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte",
            id="no-utf-8",
        ),
    ],
)
def test_unreadable_body_is_a_request_error(body: bytes, expected: str) -> None:
    with pytest.raises(RequestError) as caught:
        read(body)
    assert str(caught.value) == expected


def test_body_nested_too_deep_is_a_request_error() -> None:
    with pytest.raises(RequestError, match=r"^the body is no AdmissionReview: maximum recursion"):
        read(b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}")


ADD = Operation(op="add", path="/spec/priority", value=50)
ONE = Violation(rule="node-name", path="spec.nodeName", message="no")
TWO = Violation(rule="class", path="metadata.annotations", message="neither")


def answer(decision: Decision) -> Json:
    review: Json = msgspec.json.decode(write("u", decision))
    assert (review["apiVersion"], review["kind"]) == ("admission.k8s.io/v1", "AdmissionReview")
    response: Json = review["response"]
    assert response.pop("uid") == "u"
    return response


def test_patch_and_its_type_come_together() -> None:
    response = answer(Decision(verdict=Verdict.INJECT, reason="", patch=(ADD,)))
    patch = base64.b64decode(response.pop("patch"))
    assert msgspec.json.decode(patch) == [{"op": "add", "path": "/spec/priority", "value": 50}]
    assert response == {"allowed": True, "patchType": "JSONPatch"}


@pytest.mark.parametrize("verdict", [Verdict.ALLOW, Verdict.IGNORE])
def test_object_that_stays_gets_neither_patch_nor_type(verdict: Verdict) -> None:
    assert answer(Decision(verdict=verdict, reason="")) == {"allowed": True}


def test_refusal_is_forbidden_with_every_violation() -> None:
    decision = Decision(verdict=Verdict.DENY, reason="", violations=(ONE, TWO), warnings=("w",))
    assert answer(decision) == {
        "allowed": False,
        "status": {
            "status": "Failure",
            "code": 403,
            "reason": "Forbidden",
            "message": "\n- spec.nodeName: no (rule node-name)"
            "\n- metadata.annotations: neither (rule class)",
        },
        "warnings": ["w"],
    }


def test_one_violation_is_one_line() -> None:
    decision = Decision(verdict=Verdict.DENY, reason="", violations=(ONE,))
    assert message(decision) == "spec.nodeName: no (rule node-name)"


def test_each_warning_is_said_once_in_order() -> None:
    assert list(bounded(["b", "a", "b"])) == ["b", "a"]


def test_warnings_end_where_the_api_server_would_cut() -> None:
    warnings = [letter * 500 for letter in "abcdefghi"]
    assert list(bounded(warnings)) == warnings[:8]
    assert sum(map(len, bounded([*warnings[:8], "x" * (WARNINGS_LENGTH - 4000)]))) == 4096


def test_what_audit_found_goes_to_the_audit_log_by_keys_without_a_slash() -> None:
    decision = Decision(
        verdict=Verdict.ALLOW,
        reason="",
        gpu_class="training",
        would_change=("placement", "tolerations"),
        would_refuse=(ONE, TWO),
    )
    response = msgspec.json.decode(write("u", decision))["response"]
    found = response.pop("auditAnnotations")
    assert response == {"uid": "u", "allowed": True}
    assert found == {
        "class": "training",
        "would-change": "placement, tolerations",
        "would-refuse": f"{ONE.path}: {ONE.message} (rule {ONE.rule}); "
        f"{TWO.path}: {TWO.message} (rule {TWO.rule})",
    }
    assert not any("/" in key for key in found)


def test_audit_annotation_is_bounded_and_left_out_where_it_says_nothing() -> None:
    long = Violation(rule="r", path="p", message="x" * 5000)
    decision = Decision(verdict=Verdict.ALLOW, reason="", would_refuse=(long,))
    found = msgspec.json.decode(write("u", decision))["response"]["auditAnnotations"]
    assert {key: len(value) for key, value in found.items()} == {"would-refuse": AUDIT_LENGTH}
