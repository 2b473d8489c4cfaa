"""The ASGI application: reviews are answered inline in the event loop, Flask has the rest.

A decision waits for nothing, so it needs no thread: it is one function call between the last byte
of a request and the first of its answer. Only what hangs on something that may be known in a moment
is looked at a second time: a document of ours that would be refused, a claim that is not there.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
from http import HTTPStatus
from typing import Any, TypeAlias

from webhook.core.subject.case import Stage
from webhook.serve import answer as answers
from webhook.serve.answer import JSON, RETRY_AFTER, STAGES, Answer, Answerer, Failure
from webhook.serve.budget import Budget
from webhook.serve.observer import Observer

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Application: TypeAlias = Callable[[Scope, Receive, Send], Coroutine[Any, Any, None]]

SECOND_LOOK_SECONDS = 0.5
"""Longer than a watch takes to tell of what was written before."""

RECEIVED = "gpuclass.received"
"""In a scope: when the request's first byte came, by the monotonic clock."""

_CONTENT_TYPE = (b"content-type", JSON.encode())
_RETRY = (b"retry-after", RETRY_AFTER.encode())
_CLOSE = (b"connection", b"close")
_LAST = frozenset({Failure.MEDIA_TYPE, Failure.TOO_LARGE, Failure.OVERLOAD})
"""With these the connection ends: bytes of the body may still be on their way, or a new connection
shall lead to another replica."""


class Gateway:
    """Takes POST /mutate and /validate itself and hands everything else on."""

    def __init__(
        self, answerer: Answerer, observer: Observer, otherwise: Application, max_body: int
    ) -> None:
        """Take who answers and records reviews, and who has the rest."""
        self._answerer = answerer
        self._observer = observer
        self._otherwise = otherwise
        self._max_body = max_body
        self._budget = Budget()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; it is recorded once the answer is on its way."""
        stage = STAGES.get(scope["path"]) if scope["type"] == "http" else None
        if stage is None or scope["method"] != "POST":
            await self._otherwise(scope, receive, send)
            return
        answer = await self._answer(scope, receive, stage)
        if answer is not None:
            await _send(answer, send)
            self._observer.record(stage, answer)

    async def _answer(self, scope: Scope, receive: Receive, stage: Stage) -> Answer | None:
        """Give the answer, or None where the client has gone."""
        received = scope.get(RECEIVED) or time.monotonic()
        content_type, length = _content(scope)
        if not answers.is_json(content_type):
            return answers.wrong_media_type(content_type)
        if length > self._max_body:
            return answers.too_large(self._max_body)
        message = await receive()
        if message.get("more_body"):
            message = await self._gather(message, receive)
        if message["type"] == "http.disconnect":
            return None
        body: bytes = message.get("body", b"")
        if len(body) > self._max_body:
            return answers.too_large(self._max_body)
        return await self._decide(body, stage, answers.timeout(scope["query_string"]), received)

    async def _decide(self, body: bytes, stage: Stage, allowed: float, received: float) -> Answer:
        """Decide when there is time to, if then there is still time for the answer."""
        if self._budget.is_spent:
            await self._budget.turn()
        waited = time.monotonic() - received
        if answers.is_late(waited, allowed):
            return answers.late(waited, allowed)
        left = allowed - waited
        answer = self._answerer.answer(body, stage, left)
        self._budget.spend(answer.seconds)
        if left > 2 * SECOND_LOOK_SECONDS and answers.may_be_early(answer):
            await asyncio.sleep(SECOND_LOOK_SECONDS)
            return self._answerer.answer(body, stage, left - SECOND_LOOK_SECONDS)
        return answer

    async def _gather(self, message: Message, receive: Receive) -> Message:
        """Give a body that comes in parts as one message; one that is too large is cut short."""
        parts = [message.get("body", b"")]
        size = len(parts[0])
        while message.get("more_body") and size <= self._max_body:
            message = await receive()
            if message["type"] == "http.disconnect":
                return message
            parts.append(message.get("body", b""))
            size += len(parts[-1])
        return {"type": "http.request", "body": b"".join(parts)}


def _content(scope: Scope) -> tuple[str, int]:
    """Give the type and the length of the body, as the headers have them."""
    content_type, length = "", 0
    for name, value in scope["headers"]:
        if name == b"content-type":
            content_type = value.decode("latin-1")
        elif name == b"content-length" and value.isdigit():
            length = int(value)
    return content_type, length


async def _send(answer: Answer, send: Send) -> None:
    headers = [_CONTENT_TYPE, (b"content-length", b"%d" % len(answer.body))]
    if answer.status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers.append(_RETRY)
    if answer.failure in _LAST:
        headers.append(_CLOSE)
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
