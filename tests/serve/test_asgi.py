"""The ASGI application, spoken to in messages."""

import asyncio
import json
import time
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from tests.serve import pki, reviews
from tests.serve.running import Silent, make
from webhook.core.decision import Decision
from webhook.process.logs import render_json
from webhook.serve import gateway
from webhook.serve.answer import Answerer
from webhook.serve.asgi import RECEIVED, Application, Message, Reviews, Scope
from webhook.serve.gateway import Gateway
from webhook.serve.metrics import Metrics
from webhook.serve.observer import Observer
from webhook.serve.service import Service


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Service:
    folder = tmp_path_factory.mktemp("certs")
    pki.write(folder, pki.authority())
    return make(folder, max_body_bytes=1000)


def a_scope(**changes: Any) -> Scope:  # noqa: ANN401
    return {
        "type": "http",
        "method": "POST",
        "path": "/mutate",
        "query_string": b"",
        "headers": [(b"content-type", b"application/json")],
        **changes,
    }


def send(service: Service, scope: Scope, *messages: Message) -> list[Message]:
    """Give what the service's application sends for a request."""
    return exchange(service.admission, scope, *messages)


def exchange(application: Application, scope: Scope, *messages: Message) -> list[Message]:
    """Give what the application sends for a request that comes in these messages."""
    left, sent = list(messages), []

    async def receive() -> Message:
        return left.pop(0)

    async def collect(message: Message) -> None:
        sent.append(message)

    asyncio.run(application(scope, receive, collect))
    return sent


def part(body: bytes, *, more: bool = False) -> Message:
    return {"type": "http.request", "body": body, "more_body": more}


def test_a_body_may_come_in_parts(service: Service) -> None:
    body = reviews.body("injected")
    whole = send(service, a_scope(), part(body))
    assert send(service, a_scope(), part(body[:9], more=True), part(body[9:])) == whole
    assert whole[0]["status"] == 200
    assert json.loads(whole[1]["body"])["response"]["patchType"] == "JSONPatch"


def test_nothing_is_answered_to_a_client_that_has_gone(service: Service) -> None:
    gone = {"type": "http.disconnect"}
    assert send(service, a_scope(), gone) == []
    assert send(service, a_scope(), part(b"{", more=True), gone) == []


@pytest.mark.parametrize(
    ("headers", "messages", "status"),
    [
        pytest.param([(b"content-type", b"text/plain")], [], 415, id="not JSON, unread"),
        pytest.param([], [], 415, id="no type, unread"),
        pytest.param(
            [(b"content-type", b"application/json"), (b"content-length", b"1001")],
            [],
            413,
            id="said to be too large, unread",
        ),
        pytest.param(
            [(b"content-type", b"application/json")],
            [part(b"x" * 600, more=True), part(b"x" * 600, more=True)],
            413,
            id="too large, read no further",
        ),
        pytest.param(
            [(b"content-type", b"application/json")], [part(b"x" * 1001)], 413, id="too large"
        ),
    ],
)
def test_what_is_not_read_to_its_end_ends_the_connection(
    service: Service, headers: list[tuple[bytes, bytes]], messages: list[Message], status: int
) -> None:
    start, body = send(service, a_scope(headers=headers), *messages)
    assert start["status"] == status
    assert (b"connection", b"close") in start["headers"]
    assert "message" in json.loads(body["body"])


def test_time_counts_from_the_first_byte(service: Service) -> None:
    begun = time.monotonic() - 2
    late = a_scope(query_string=b"timeout=1s", **{RECEIVED: begun})
    start, _ = send(service, late, part(reviews.body()))
    assert start["status"] == 503
    assert (b"retry-after", b"1") in start["headers"]
    in_time = a_scope(query_string=b"timeout=600s", **{RECEIVED: begun})
    assert send(service, in_time, part(reviews.body()))[0]["status"] == 200


EARLY = msgspec.structs.replace(reviews.DENIED, early=True)
OURS = {"group": "gpuclass.io", "version": "v1alpha1", "kind": "GPUClass"}
POD = {"group": "", "version": "v1", "kind": "Pod"}


@pytest.mark.parametrize(
    ("kind", "query", "decisions", "is_allowed"),
    [
        pytest.param(OURS, b"", [reviews.DENIED, reviews.ALLOWED], True, id="known by then"),
        pytest.param(OURS, b"", [reviews.DENIED, reviews.DENIED], False, id="still unknown"),
        pytest.param(OURS, b"", [reviews.ALLOWED], True, id="sound"),
        pytest.param(OURS, b"timeout=0.01s", [reviews.DENIED], False, id="no time for it"),
        pytest.param(POD, b"", [reviews.DENIED], False, id="no document"),
        pytest.param(POD, b"", [EARLY, reviews.ALLOWED], True, id="a pod that hangs on a claim"),
    ],
)
def test_what_may_be_early_is_looked_at_twice(
    kind: dict[str, str],
    query: bytes,
    decisions: list[Decision],
    is_allowed: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gateway, "SECOND_LOOK_SECONDS", 0.02)
    left = iter(decisions)
    answerer = Answerer(lambda *_: next(left), reviews.policy)
    metrics = Metrics()
    answering = Gateway(answerer, Observer(metrics, Silent(2), render_json), 1000)
    application = Reviews(answering, make_none)
    _, body = exchange(application, a_scope(query_string=query), part(reviews.body(kind=kind)))
    assert json.loads(body["body"])["response"]["allowed"] is is_allowed
    assert list(left) == []


async def make_none(*_: object) -> None:
    """Have nothing else to answer."""


@pytest.mark.parametrize(
    ("waited", "status", "error"),
    [
        pytest.param(1.0, 200, None, id="in time"),
        pytest.param(
            2.0,
            503,
            "the review has waited for 2.0 of its 5 seconds; this replica has too much to do",
            id="late",
        ),
        pytest.param(6.0, 503, "the review's timeout is over", id="too late"),
    ],
)
def test_a_review_that_waited_long_is_turned_away_in_time(
    service: Service, monkeypatch: pytest.MonkeyPatch, waited: float, status: int, error: str | None
) -> None:
    monkeypatch.setattr(
        gateway, "time", SimpleNamespace(monotonic=lambda: 100.0 + waited, time=lambda: 0.0)
    )
    scope = a_scope(query_string=b"timeout=5s", **{RECEIVED: 100.0})
    start, body = send(service, scope, part(reviews.body("allowed")))
    headers = dict(start["headers"])
    assert start["status"] == status
    assert json.loads(body["body"]).get("message") == error
    assert headers.get(b"retry-after") == (None if error is None else b"1")
    assert headers.get(b"connection") == (b"close" if waited == 2.0 else None)
