"""From the bytes of a review to those of its answer, without a socket."""

import json

import pytest

from tests.serve import reviews
from webhook.core.policy.policy import Policy
from webhook.core.subject.case import Stage
from webhook.serve import answer as answers
from webhook.serve.answer import Answerer, Failure


def ticking() -> float:
    return next(TICKS)


TICKS = iter(range(1000))


def an_answerer(policy: Policy | None) -> Answerer:
    return Answerer(reviews.decide, lambda: policy, ticking)


def test_a_review_is_answered_by_a_review_with_its_uid() -> None:
    answer = an_answerer(reviews.policy()).answer(reviews.body("allowed"), Stage.MUTATE)
    assert (answer.status, answer.decision, answer.failure) == (200, reviews.ALLOWED, None)
    assert json.loads(answer.body)["response"] == {"uid": "uid-allowed", "allowed": True}
    assert answer.seconds == 1


def test_a_refusal_is_answered_as_any_review_is() -> None:
    answer = an_answerer(reviews.policy()).answer(reviews.body("denied"), Stage.VALIDATE)
    assert answer.status == 200
    assert json.loads(answer.body)["response"]["status"]["code"] == 403


@pytest.mark.parametrize(
    ("body", "left", "policy", "status", "failure", "error"),
    [
        pytest.param(
            b"{",
            1.0,
            reviews.policy(),
            400,
            Failure.UNREADABLE,
            "the body is no AdmissionReview: Input data was truncated",
            id="no JSON",
        ),
        pytest.param(
            b'{"kind":"Pod"}',
            1.0,
            reviews.policy(),
            400,
            Failure.UNREADABLE,
            "expected admission.k8s.io/v1 AdmissionReview, found no apiVersion Pod",
            id="no review",
        ),
        pytest.param(
            reviews.body("broken"),
            1.0,
            reviews.policy(),
            500,
            Failure.INTERNAL,
            "internal fault; the server's log has it",
            id="a fault of ours",
        ),
        pytest.param(
            reviews.body(),
            1.0,
            None,
            503,
            Failure.NO_POLICY,
            "no policy is loaded yet; /readyz says why",
            id="no policy",
        ),
        pytest.param(
            reviews.body(),
            0.0,
            reviews.policy(),
            503,
            Failure.TIMEOUT,
            "the review's timeout is over",
            id="no time left",
        ),
    ],
)
def test_what_can_not_be_answered_gets_a_json_error(
    *, body: bytes, left: float, policy: Policy | None, status: int, failure: Failure, error: str
) -> None:
    answer = an_answerer(policy).answer(body, Stage.MUTATE, left)
    assert (answer.status, answer.failure) == (status, failure)
    assert reviews.fault(answer.status, json.loads(answer.body)) == error


def test_a_fault_of_ours_is_kept_for_the_log_and_not_told() -> None:
    answer = an_answerer(reviews.policy()).answer(reviews.body("broken"), Stage.MUTATE)
    assert isinstance(answer.fault, LookupError)
    assert b"bug" not in answer.body


@pytest.mark.parametrize(
    ("query", "seconds"),
    [
        pytest.param(b"timeout=10s", 10.0, id="whole"),
        pytest.param(b"a=b&timeout=2.5s&c=d", 2.5, id="among others"),
        pytest.param(b"", answers.UNLIMITED, id="none"),
        pytest.param(b"timeout=1m0s", answers.UNLIMITED, id="another unit"),
        pytest.param(b"timeout=10", answers.UNLIMITED, id="no unit"),
        pytest.param(b"mytimeout=1s", answers.UNLIMITED, id="another name"),
    ],
)
def test_the_time_that_is_left_is_read_from_the_query(query: bytes, seconds: float) -> None:
    assert answers.timeout(query) == seconds


@pytest.mark.parametrize(
    ("content_type", "is_json"),
    [
        ("application/json", True),
        ("Application/JSON; charset=utf-8", True),
        ("application/json-patch+json", False),
        ("text/plain", False),
        ("", False),
    ],
)
def test_only_json_is_json(content_type: str, *, is_json: bool) -> None:
    assert answers.is_json(content_type) is is_json
