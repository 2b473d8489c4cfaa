"""The ASGI application: reviews go to the gateway, Flask has the rest.

Most reviews never come here: `protocol` answers them past ASGI, which costs more than they do.
"""

import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, MutableMapping
from http import HTTPStatus
from typing import Any, TypeAlias

from webhook.core.subject.case import Stage
from webhook.serve import answer as answers
from webhook.serve.answer import JSON, RETRY_AFTER, STAGES, Answer, Failure
from webhook.serve.gateway import Gateway

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Application: TypeAlias = Callable[[Scope, Receive, Send], Coroutine[Any, Any, None]]
Headers: TypeAlias = Iterable[tuple[bytes, bytes]]
"""Names in lower case, and values, as ASGI has them."""
Fields: TypeAlias = Mapping[bytes, bytes]
"""The same by name; of those that are there twice the last one."""

RECEIVED = "gpuclass.received"
"""In a scope: when the request's first byte came, by the monotonic clock."""
GONE = "gpuclass.gone"
"""In a scope: a function that tells whether the client has gone."""

_CONTENT_TYPE = (b"content-type", JSON.encode())
_RETRY = (b"retry-after", RETRY_AFTER.encode())
_CLOSE = (b"connection", b"close")
_LAST = frozenset({Failure.MEDIA_TYPE, Failure.TOO_LARGE, Failure.OVERLOAD})
"""With these the connection ends: bytes of the body may still be on their way, or a new connection
shall lead to another replica."""


class Reviews:
    """Takes POST /mutate and /validate to the gateway and hands everything else on."""

    def __init__(self, gateway: Gateway, otherwise: Application) -> None:
        """Take who answers reviews, and who has the rest."""
        self._gateway = gateway
        self._otherwise = otherwise

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; it is recorded once the answer is on its way."""
        stage = STAGES.get(scope["path"]) if scope["type"] == "http" else None
        if stage is None or scope["method"] != "POST":
            await self._otherwise(scope, receive, send)
            return
        answer = await self._answer(scope, receive, stage)
        if answer is not None:
            await _send(answer, send)
            self._gateway.record(stage, answer)

    async def _answer(self, scope: Scope, receive: Receive, stage: Stage) -> Answer | None:
        """Give the answer, or None where the client has gone."""
        received = scope.get(RECEIVED) or time.monotonic()
        refused = self._gateway.refuse(*content(dict(scope["headers"])))
        if refused is not None:
            return refused
        message = await receive()
        if message.get("more_body"):
            message = await self._gather(message, receive)
        if message["type"] == "http.disconnect":
            return None
        body, allowed = message.get("body", b""), answers.timeout(scope["query_string"])
        return await self._gateway.answer(body, stage, allowed, received, scope.get(GONE))

    async def _gather(self, message: Message, receive: Receive) -> Message:
        """Give a body that comes in parts as one message; one that is too large is cut short."""
        parts = [message.get("body", b"")]
        size = len(parts[0])
        while message.get("more_body") and size <= self._gateway.max_body:
            message = await receive()
            if message["type"] == "http.disconnect":
                return message
            parts.append(message.get("body", b""))
            size += len(parts[-1])
        return {"type": "http.request", "body": b"".join(parts)}


def content(fields: Fields) -> tuple[str, int]:
    """Give the type and the length of a body, as the headers have them."""
    length = fields.get(b"content-length", b"")
    # Python reads 4300 digits at most.
    size = int(length.lstrip(b"0") or b"0") if length.isdigit() else 0
    return fields.get(b"content-type", b"").decode("latin-1"), size


def headers_of(status: int, *, is_last: bool) -> list[tuple[bytes, bytes]]:
    """Give the headers of an answer but its length; its connection ends if it is the last."""
    headers = [_CONTENT_TYPE]
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers.append(_RETRY)
    if is_last:
        headers.append(_CLOSE)
    return headers


def ends(answer: Answer) -> bool:
    """Tell whether an answer ends its connection."""
    return answer.failure in _LAST


async def _send(answer: Answer, send: Send) -> None:
    length = (b"content-length", b"%d" % len(answer.body))
    headers = [*headers_of(answer.status, is_last=ends(answer)), length]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
