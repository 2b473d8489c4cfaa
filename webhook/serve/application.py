"""The Flask application: reviews beside the probes, so that any WSGI server runs it."""

import time
from http import HTTPStatus

from flask import Flask, Response, request

from webhook.core.subject.case import Stage
from webhook.process.probes import probes
from webhook.serve import answer as answers
from webhook.serve.answer import JSON, RETRY_AFTER, STAGES, Answer, Answerer
from webhook.serve.health import Health
from webhook.serve.metrics import Metrics
from webhook.serve.observer import Observer


def reviews(
    health: Health, metrics: Metrics, answerer: Answerer, observer: Observer, max_body: int
) -> Flask:
    """Make the application that answers reviews besides, of `max_body` bytes at most."""
    app = probes(health, metrics.render)
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
