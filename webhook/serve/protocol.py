"""HTTP/1.1 with deadlines: what uvicorn's protocol lacks for a server that strangers may call.

Each phase of a request has an absolute deadline: its head (a new connection's first one included),
its body, and the client taking its answer. A client that drips bytes is cut like one that sends
none. uvicorn's own timer covers the idle time between requests.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from webhook.serve.metrics import Metrics
from webhook.serve.settings import Settings

REASONS = ("head", "body", "answer", "head_size", "connections")
"""Why a connection is cut: a deadline that is over, or a limit."""


class Guard:
    """The limits of one listener's connections, and the count of those that they cut."""

    def __init__(self, listener: str, settings: Settings, metrics: Metrics) -> None:
        """Take the limits, and where to count."""
        self.settings = settings
        self._cut = {reason: metrics.cut.labels(listener, reason) for reason in REASONS}
        self._accepted = metrics.accepted.labels(listener)

    def accept(self) -> None:
        """Count a connection."""
        self._accepted.inc()

    def cut(self, transport: asyncio.Transport, reason: str) -> None:
        """End a connection at once."""
        self._cut[reason].inc()
        transport.abort()


class GuardedProtocol(HttpToolsProtocol):
    """One connection under guard; uvicorn makes it, so the guard is an attribute of the class."""

    guard: Guard

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request, unless there are too many connections."""
        super().connection_made(transport)
        self._timer: asyncio.TimerHandle | None = None
        self._head = 0
        self.guard.accept()
        if len(self.connections) > self.guard.settings.max_connections:
            self.guard.cut(transport, "connections")
        else:
            self._arm(self.guard.settings.header_seconds, "head")

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the deadline."""
        self._disarm()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count the bytes of a head, which the parser does not bound."""
        if self._head >= 0:
            self._head += len(data)
        super().data_received(data)
        if self._head > self.guard.settings.max_header_bytes:
            self.guard.cut(self.transport, "head_size")

    def on_message_begin(self) -> None:
        """Begin the time of a head."""
        super().on_message_begin()
        self._head = 0
        self._arm(self.guard.settings.header_seconds, "head")

    def on_headers_complete(self) -> None:
        """Begin the time of a body."""
        self._head = -1
        self._arm(self.guard.settings.body_seconds, "body")
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """End the time of a request: from here on it is ours."""
        self._disarm()
        self._head = 0
        super().on_message_complete()

    def pause_writing(self) -> None:
        """Begin the time in which the client has to take its answer."""
        super().pause_writing()
        self._arm(self.guard.settings.answer_seconds, "answer")

    def resume_writing(self) -> None:
        """End that time: the client has taken it."""
        self._disarm()
        super().resume_writing()

    def _arm(self, seconds: float, reason: str) -> None:
        self._disarm()
        self._timer = self.loop.call_later(seconds, self.guard.cut, self.transport, reason)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def guarded(guard: Guard) -> type[GuardedProtocol]:
    """Give a protocol class under a guard."""
    members: dict[str, Any] = {"guard": guard}
    return type("GuardedProtocol", (GuardedProtocol,), members)
