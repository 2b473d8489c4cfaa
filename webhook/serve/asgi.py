"""The ASGI application: reviews are answered inline in the event loop, Flask has the rest.

A decision waits for nothing, so it needs no thread: it is one function call between the last byte
of a request and the first of its answer.
"""

import time
from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from typing import Any, TypeAlias

from webhook.core.subject.case import Stage
from webhook.serve.answer import (
    JSON,
    RETRY_AFTER,
    STAGES,
    Answer,
    Answerer,
    is_json,
    timeout,
    too_large,
    wrong_media_type,
)
from webhook.serve.health import Health
from webhook.serve.observer import Observer

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Application: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

_JSON, _RETRY_AFTER = JSON.encode(), RETRY_AFTER.encode()


class Disconnected(Exception):  # noqa: N818 # no fault of anybody's
    """The client is gone before its request was whole."""


class Gateway:
    """Takes POST /mutate and /validate itself and hands everything else on."""

    def __init__(
        self,
        answerer: Answerer,
        observer: Observer,
        health: Health,
        otherwise: Application,
        max_body_bytes: int,
    ) -> None:
        """Take who answers and records reviews, and who has the rest."""
        self._answerer, self._observer, self._health = answerer, observer, health
        self._otherwise, self._max_body_bytes = otherwise, max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        stage = STAGES.get(scope["path"]) if scope["type"] == "http" else None
        if stage is None or scope["method"] != "POST":
            await self._otherwise(scope, receive, send)
            return
        try:
            answer = await self._answer(scope, receive, stage)
        except Disconnected:
            return
        self._observer.record(stage, answer)
        headers = self._headers(answer)
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body})

    async def _answer(self, scope: Scope, receive: Receive, stage: Stage) -> Answer:
        started = time.monotonic()
        body = await self._read(receive)
        content_type = _header(scope, b"content-type").decode("latin-1")
        if not is_json(content_type):
            return wrong_media_type(content_type)
        if body is None:
            return too_large(self._max_body_bytes)
        left = timeout(scope["query_string"]) - (time.monotonic() - started)
        return self._answerer.answer(body, stage, left)

    async def _read(self, receive: Receive) -> bytes | None:
        """Read a body; None where it is too large, and then no further."""
        message = await receive()
        if message["type"] == "http.request" and not message.get("more_body"):
            whole: bytes = message.get("body", b"")
            return whole if len(whole) <= self._max_body_bytes else None
        parts, size = [], 0
        while message["type"] == "http.request":
            part = message.get("body", b"")
            size += len(part)
            if size > self._max_body_bytes:
                return None
            parts.append(part)
            if not message.get("more_body"):
                return b"".join(parts)
            message = await receive()
        raise Disconnected

    def _headers(self, answer: Answer) -> list[tuple[bytes, bytes]]:
        headers = [(b"content-type", _JSON), (b"content-length", str(len(answer.body)).encode())]
        if answer.status == HTTPStatus.SERVICE_UNAVAILABLE:
            headers.append((b"retry-after", _RETRY_AFTER))
        if self._health.draining or answer.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            headers.append((b"connection", b"close"))
        return headers


def _header(scope: Scope, name: bytes) -> bytes:
    found: bytes = next((value for key, value in scope["headers"] if key == name), b"")
    return found
