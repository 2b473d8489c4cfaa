"""The one way from the bytes of an AdmissionReview to the bytes of its answer.

It touches no socket, log or metric: both applications send what comes out, `observer` records it.
What it adds to a decision is a few microseconds, so that the decision is what a review costs.
"""

import re
import time
from collections.abc import Callable
from enum import StrEnum
from functools import lru_cache
from typing import TypeAlias

import msgspec

from webhook.core import review
from webhook.core.decision import Decision
from webhook.core.errors import RequestError
from webhook.core.names import API_GROUP
from webhook.core.policy.policy import Policy
from webhook.core.registration import MUTATE_PATH, VALIDATE_PATH
from webhook.core.review import Request
from webhook.core.subject.case import Stage
from webhook.core.text import shown

Decide: TypeAlias = Callable[[Request, Policy, Stage], Decision]

STAGES = {MUTATE_PATH: Stage.MUTATE, VALIDATE_PATH: Stage.VALIDATE}
"""Where the API server sends its reviews."""

JSON = "application/json"
UNLIMITED = float("inf")

RETRY_AFTER = "1"
"""Seconds, with each 503: an integer is what makes the API server try again in time."""

PATIENCE = 0.25
"""Of its time a review may wait for its turn; what is left is for another replica."""

_TIMEOUT = re.compile(rb"(?:^|&)timeout=(\d{1,4}(?:\.\d{1,9})?)s(?:&|$)")


class Failure(StrEnum):
    """Why a review got no decision."""

    INTERNAL = "internal"
    """A fault of ours."""
    MEDIA_TYPE = "media_type"
    """The body is said to be something else than JSON."""
    NO_POLICY = "no_policy"
    """No policy is loaded yet."""
    OVERLOAD = "overload"
    """A quarter of the time that the API server gave was over before its turn came."""
    TIMEOUT = "timeout"
    """The time that the API server gave is over."""
    TOO_LARGE = "too_large"
    """The body is larger than we read."""
    UNREADABLE = "unreadable"
    """The body is no AdmissionReview, or its object can not be read."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What to send, and what is worth recording about it.

    `body` is JSON: an AdmissionReview where there is a decision, else a Status. `seconds`
    is the time spent here; `fault` is the exception behind Failure.INTERNAL. `held` are the bytes
    of the review, which stay in memory as long as its request does: that refers to them.
    """

    status: int
    body: bytes
    seconds: float = 0.0
    request: Request | None = None
    held: int = 0
    policy: Policy | None = None
    decision: Decision | None = None
    failure: Failure | None = None
    fault: Exception | None = None


class Answerer:
    """Answers reviews with `decide` under the policy that `policy()` gives at that moment."""

    def __init__(
        self,
        decide: Decide,
        policy: Callable[[], Policy | None],
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._decide = decide
        self._policy = policy
        self._clock = clock

    def answer(self, body: bytes, stage: Stage, left: float = UNLIMITED) -> Answer:
        """Answer a review; `left` are the seconds until the API server gives up. Never raises."""
        policy = self._policy()
        if left <= 0:
            return fail(503, "the review's timeout is over", Failure.TIMEOUT)
        if policy is None:
            return fail(503, "no policy is loaded yet; /readyz says why", Failure.NO_POLICY)
        start = self._clock()
        try:
            request = review.read(body)
            decision = self._decide(request, policy, stage)
            answer = review.write(request.uid, decision)
        except RequestError as error:
            return fail(400, str(error), Failure.UNREADABLE)
        except Exception as error:  # noqa: BLE001 # a fault of ours must not reach the caller
            return fail(500, "internal fault; the server's log has it", Failure.INTERNAL, error)
        return Answer(
            status=200,
            body=answer,
            seconds=self._clock() - start,
            request=request,
            held=len(body),
            policy=policy,
            decision=decision,
        )


def may_be_early(answer: Answer) -> bool:
    """Tell whether an answer hangs on something that may have been written a moment before.

    `kubectl apply` writes a pool and its class, or a claim and its pod, within milliseconds; a
    watch needs some more.
    """
    request, decision = answer.request, answer.decision
    if request is None or decision is None:
        return False
    return decision.early or (not decision.allowed and request.kind.group == API_GROUP)


def fail(status: int, error: str, failure: Failure, fault: Exception | None = None) -> Answer:
    """Give the answer to a review that gets no decision."""
    return Answer(status=status, body=error_body(status, error), failure=failure, fault=fault)


def error_body(status: int, error: str) -> bytes:
    """Give an error as a meta/v1 Status: the API server shows its message to who sent the object.

    Of any other body it says "unknown". No API server takes it for an AdmissionReview.
    """
    head = {"kind": "Status", "apiVersion": "v1", "status": "Failure"}
    return msgspec.json.encode({**head, "message": shown(error), "code": status})


def is_json(content_type: str) -> bool:
    """Tell whether a Content-Type is JSON, with or without parameters."""
    return content_type == JSON or content_type.split(";", maxsplit=1)[0].strip().lower() == JSON


@lru_cache(maxsize=64)
def timeout(query: bytes) -> float:
    """Give the seconds of `?timeout=10s`; no end where there is none or it can not be read."""
    found = _TIMEOUT.search(query)
    return float(found[1]) if found else UNLIMITED


def is_late(waited: float, allowed: float) -> bool:
    """Tell whether a review has waited so long that another replica is better asked in time."""
    return PATIENCE * allowed < waited < allowed


def late(waited: float, allowed: float) -> Answer:
    """Turn a review away in time: the API server asks again, on another connection."""
    said = f"the review has waited for {waited:.1f} of its {allowed:g} seconds"
    return fail(503, f"{said}; this replica has too much to do", Failure.OVERLOAD)


def wrong_media_type(found: str) -> Answer:
    """Give the answer to a body that is not said to be JSON."""
    said = f"not {found}" if found else "and none is given"
    return fail(415, f"expected Content-Type {JSON}, {said}", Failure.MEDIA_TYPE)


def too_large(limit: int) -> Answer:
    """Give the answer to a body that is not read to its end."""
    return fail(413, f"the body is larger than {limit} bytes", Failure.TOO_LARGE)
