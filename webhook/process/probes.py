"""The plain HTTP port: /livez, /readyz and /metrics.

Every answer but the metrics is JSON, faults included; nothing redirects.
"""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Protocol

import msgspec
from flask import Flask, Response, request
from prometheus_client import CONTENT_TYPE_LATEST
from werkzeug.exceptions import HTTPException

from webhook.core.text import shown
from webhook.process.logs import safe


class Health(Protocol):
    """Whether a program is ready, and why not."""

    def reasons(self) -> list[str]:
        """Say everything that keeps it from being ready; nothing: it is."""
        ...

    def report(self) -> Mapping[str, object]:
        """Say all that there is to know, for a person: `/readyz?verbose`."""
        ...


def probes(health: Health, render_metrics: Callable[[], bytes]) -> Flask:
    """Make the application of the plain HTTP port."""
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
        return Response(render_metrics(), content_type=CONTENT_TYPE_LATEST)

    return app


def _json(value: Mapping[str, object], status: HTTPStatus) -> Response:
    """Answer in JSON; what others wrote, faults among it, is as safe as in the log."""
    return Response(msgspec.json.encode(safe(value)), status, content_type="application/json")


def _as_json(fault: HTTPException) -> Response:
    """Say what is wrong with a request in JSON; a 405 keeps its Allow header."""
    status = HTTPStatus(fault.code or HTTPStatus.INTERNAL_SERVER_ERROR)
    response = _json(
        {"error": shown(f"{request.method} {request.path}: {status.phrase.lower()}")}, status
    )
    for name, value in fault.get_headers():
        if name == "Allow":
            response.headers[name] = value
    return response
