"""The Flask application: probes and metrics, and reviews too, so that any WSGI server runs it."""

from http import HTTPStatus

from flask import Flask, Response, jsonify, request
from prometheus_client import CONTENT_TYPE_LATEST
from werkzeug.exceptions import HTTPException

from webhook.serve.answer import (
    JSON,
    RETRY_AFTER,
    STAGES,
    Answer,
    Answerer,
    error_body,
    is_json,
    timeout,
    too_large,
    wrong_media_type,
)
from webhook.serve.health import Health
from webhook.serve.metrics import Metrics
from webhook.serve.observer import Observer


def probes(health: Health, metrics: Metrics) -> Flask:
    """Make the application of the plain HTTP port: /livez, /readyz, /metrics."""
    app = Flask("gpuclass", static_folder=None)
    app.url_map.strict_slashes = False
    app.register_error_handler(HTTPException, _as_json)

    @app.get("/livez")
    def livez() -> Response:
        return jsonify(status="ok")

    @app.get("/readyz")
    def readyz() -> Response:
        faults = health.faults()
        answer = jsonify(status="not ready" if faults else "ok", faults=faults)
        answer.status_code = HTTPStatus.SERVICE_UNAVAILABLE if faults else HTTPStatus.OK
        return answer

    @app.get("/metrics")
    def exposition() -> Response:
        return Response(metrics.render(), content_type=CONTENT_TYPE_LATEST)

    return app


def reviews(
    health: Health, metrics: Metrics, answerer: Answerer, observer: Observer, max_body_bytes: int
) -> Flask:
    """Make the application that answers reviews besides."""
    app = probes(health, metrics)
    app.config["MAX_CONTENT_LENGTH"] = max_body_bytes

    @app.post("/mutate")
    @app.post("/validate")
    def review() -> Response:
        stage = STAGES[request.path.rstrip("/")]
        if not is_json(request.content_type or ""):
            answer = wrong_media_type(request.content_type or "")
        elif (request.content_length or 0) > max_body_bytes:
            answer = too_large(max_body_bytes)
        else:
            answer = answerer.answer(request.get_data(), stage, timeout(request.query_string))
        observer.record(stage, answer)
        return _respond(answer)

    return app


def _respond(answer: Answer) -> Response:
    response = Response(answer.body, answer.status, content_type=JSON)
    if answer.status == HTTPStatus.SERVICE_UNAVAILABLE:
        response.headers["Retry-After"] = RETRY_AFTER
    return response


def _as_json(fault: HTTPException) -> Response:
    """Say what is wrong with a request in JSON; a 405 keeps its Allow header."""
    status = HTTPStatus(fault.code or HTTPStatus.INTERNAL_SERVER_ERROR)
    known = f"{request.method} {request.path}: {status.phrase.lower()}"
    response = Response(error_body(known), status, content_type=JSON)
    for name, value in fault.get_headers():
        if name == "Allow":
            response.headers[name] = value
    return response
