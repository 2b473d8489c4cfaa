"""The Flask application: probes and metrics, and reviews too, so that any WSGI server runs it.

Every answer but the metrics is JSON, faults included; nothing redirects.
"""

import time
from collections.abc import Mapping
from http import HTTPStatus

import msgspec
from flask import Flask, Response, request
from prometheus_client import CONTENT_TYPE_LATEST
from werkzeug.exceptions import HTTPException

from webhook.core.subject.case import Stage
from webhook.serve import answer as answers
from webhook.serve.answer import JSON, RETRY_AFTER, STAGES, Answer, Answerer
from webhook.serve.health import Health
from webhook.serve.metrics import Metrics
from webhook.serve.observer import Observer


def probes(health: Health, metrics: Metrics) -> Flask:
    """Make the application of the plain HTTP port: /livez, /readyz, /metrics."""
    app = Flask("gpuclass", static_folder=None)
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    app.register_error_handler(HTTPException, _as_json)

    @app.get("/livez")
    def livez() -> Response:
        return _json({"alive": True}, HTTPStatus.OK)

    @app.get("/readyz")
    def readyz() -> Response:
        reasons = health.reasons()
        short = {"ready": not reasons, "reasons": reasons}
        status = HTTPStatus.SERVICE_UNAVAILABLE if reasons else HTTPStatus.OK
        return _json(health.report() if "verbose" in request.args else short, status)

    @app.get("/metrics")
    def exposition() -> Response:
        return Response(metrics.render(), content_type=CONTENT_TYPE_LATEST)

    return app


def reviews(
    health: Health, metrics: Metrics, answerer: Answerer, observer: Observer, max_body: int
) -> Flask:
    """Make the application that answers reviews besides, of `max_body` bytes at most."""
    app = probes(health, metrics)
    app.config["MAX_CONTENT_LENGTH"] = max_body

    def review() -> Response:
        stage = STAGES[request.path.rstrip("/")]
        answer = _answer(answerer, stage, max_body)
        observer.record(stage, answer)
        return _send(answer)

    for path in STAGES:
        app.add_url_rule(path, path, review, methods=["POST"])
    return app


def _answer(answerer: Answerer, stage: Stage, max_body: int) -> Answer:
    received = time.monotonic()
    if not answers.is_json(request.content_type or ""):
        return answers.wrong_media_type(request.content_type or "")
    if (request.content_length or 0) > max_body:
        return answers.too_large(max_body)
    body = request.get_data(cache=False)
    left = answers.timeout(request.query_string) - (time.monotonic() - received)
    return answerer.answer(body, stage, left)


def _send(answer: Answer) -> Response:
    response = Response(answer.body, answer.status, content_type=JSON)
    if answer.status == HTTPStatus.SERVICE_UNAVAILABLE:
        response.headers["Retry-After"] = RETRY_AFTER
    return response


def _json(value: Mapping[str, object], status: HTTPStatus) -> Response:
    return Response(msgspec.json.encode(value), status, content_type=JSON)


def _as_json(fault: HTTPException) -> Response:
    """Say what is wrong with a request in JSON; a 405 keeps its Allow header."""
    status = HTTPStatus(fault.code or HTTPStatus.INTERNAL_SERVER_ERROR)
    error = f"{request.method} {request.path}: {status.phrase.lower()}"
    response = Response(answers.error_body(error), status, content_type=JSON)
    for name, value in fault.get_headers():
        if name == "Allow":
            response.headers[name] = value
    return response
