"""The Flask application: the same answers as in the event loop, and the probes."""

import asyncio
import json
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.serve import pki, reviews
from tests.serve.running import make
from webhook.process.probes import probes
from webhook.serve import application
from webhook.serve.answer import Answerer
from webhook.serve.asgi import Message
from webhook.serve.observer import Observer
from webhook.serve.service import Service

MAX_BODY = 1000


@pytest.fixture
def service(tmp_path: Path) -> Service:
    pki.write(tmp_path, pki.authority())
    return make(tmp_path, max_body_bytes=MAX_BODY)


@pytest.fixture
def app(service: Service) -> Flask:
    answerer = Answerer(reviews.decide, service.snapshots.current)
    observer = Observer(service.metrics, service.writer, lambda _: b"")
    return application.reviews(service.health, service.metrics, answerer, observer, MAX_BODY)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def post(client: FlaskClient, path: str, body: bytes) -> TestResponse:
    return client.post(path, data=body, content_type="application/json")


def through_asgi(service: Service, path: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
    sent: list[Message] = []
    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "query_string": b"",
        "headers": [(b"content-type", b"application/json")],
    }

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(service.admission(scope, receive, send))
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    headers.pop("connection", None)
    return sent[0]["status"], headers, sent[1]["body"]


@pytest.mark.parametrize("path", ["/mutate", "/validate"])
@pytest.mark.parametrize(
    "body",
    [
        pytest.param(reviews.body("allowed"), id="allowed"),
        pytest.param(reviews.body("injected"), id="injected"),
        pytest.param(reviews.body("denied"), id="denied"),
        pytest.param(reviews.body("broken"), id="a fault of ours"),
        pytest.param(b"{", id="malformed"),
        pytest.param(b"x" * (MAX_BODY + 1), id="too large"),
    ],
)
def test_flask_answers_byte_for_byte_as_the_event_loop_does(
    service: Service, client: FlaskClient, path: str, body: bytes
) -> None:
    reply = post(client, path, body)
    headers = {name.lower(): value for name, value in reply.headers}
    assert (reply.status_code, headers, reply.data) == through_asgi(service, path, body)


def test_a_slash_too_many_redirects_nobody(client: FlaskClient) -> None:
    assert post(client, "/mutate/", reviews.body()).status_code == 200
    assert client.get("/livez/").status_code == 200


def test_without_a_policy_reviews_are_asked_for_again(
    service: Service, client: FlaskClient
) -> None:
    service.snapshots.policy = None
    reply = post(client, "/mutate", reviews.body())
    assert (reply.status_code, reply.headers["Retry-After"]) == (503, "1")


def test_a_body_that_is_not_json_is_refused(client: FlaskClient) -> None:
    reply = client.post("/mutate", data=b"{}", content_type="text/plain")
    assert reply.status_code == 415
    assert (
        reviews.fault(415, reply.json) == "expected Content-Type application/json, not text/plain"
    )
    assert client.post("/mutate", data=b"{}").status_code == 415


@pytest.mark.parametrize(
    ("method", "path", "status", "error"),
    [
        ("GET", "/", 404, "GET /: not found"),
        ("GET", "/nothing", 404, "GET /nothing: not found"),
        ("GET", "/mutate", 405, "GET /mutate: method not allowed"),
        ("POST", "/livez", 405, "POST /livez: method not allowed"),
        ("GET", "/a//livez", 404, "GET /a//livez: not found"),
    ],
)
def test_every_error_is_json(
    client: FlaskClient, method: str, path: str, status: int, error: str
) -> None:
    reply = client.open(path, method=method, base_url="http://localhost")
    assert (reply.status_code, reply.json) == (status, {"error": error})
    assert ("Allow" in reply.headers) is (status == 405)


def test_a_fault_of_flask_is_json_too(app: Flask, client: FlaskClient) -> None:
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.logger.disabled = True

    @app.get("/bug")
    def bug() -> str:
        raise LookupError

    reply = client.get("/bug")
    assert (reply.status_code, reply.json) == (500, {"error": "GET /bug: internal server error"})


def test_a_replica_that_is_ready_says_so(client: FlaskClient) -> None:
    reply = client.get("/readyz")
    assert (reply.status_code, reply.json) == (200, {"ready": True, "reasons": []})


def test_a_replica_that_is_not_ready_says_why(service: Service, client: FlaskClient) -> None:
    service.snapshots.policy = None
    service.snapshots.faults = ("a.yaml:1: no",)
    service.health.begin_drain()
    reply = client.get("/readyz")
    assert reply.status_code == 503
    assert reply.json == {
        "ready": False,
        "reasons": [
            "draining: the server is about to stop",
            "no policy is loaded",
            "a.yaml:1: no",
        ],
    }
    assert client.get("/livez").json == {"alive": True}


def test_verbose_readiness_tells_all_that_is_known(client: FlaskClient) -> None:
    reply = client.get("/readyz?verbose")
    report = json.loads(reply.data)
    assert report["policy"]["revision"] == reviews.policy().revision
    assert report["policy"]["faults"] == []
    assert report["watches"] == []
    assert report["certificate"]["fault"] == ""
    assert list(report) == ["ready", "reasons", "draining", "policy", "watches", "certificate"]


def test_metrics_are_text(client: FlaskClient) -> None:
    reply = client.get("/metrics")
    assert reply.content_type.startswith("text/plain; version=")
    assert f'gpuclass_policy_info{{revision="{reviews.policy().revision}"}} 1.0' in reply.text


def test_the_plain_port_answers_no_reviews(service: Service) -> None:
    client = probes(service.health, service.metrics.render).test_client()
    assert post(client, "/mutate", reviews.body()).status_code == 404
