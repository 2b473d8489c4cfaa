"""The limits of one listener's connections: how long, how large, and what is counted when cut."""

import asyncio
import logging
import math
import time
from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Any, Protocol, TypeAlias

from webhook.process.logs import ROOT, fields
from webhook.process.settings import Address
from webhook.serve.callers import ANYBODY, Callers
from webhook.serve.cut import Cut
from webhook.serve.health import Health
from webhook.serve.metrics import Metrics
from webhook.serve.settings import Settings

FRAMING_BYTES = 64 * 1024
"""What the chunks of a body may take beside the body itself."""
SWEEP_SECONDS = 0.25
TELL_SECONDS = 10.0
"""Between two lines about clients that are refused: whoever can connect could fill the log."""

Peer: TypeAlias = tuple[Any, ...]
"""Who is at the other end, as the socket module has it: host and port first."""

_log = logging.getLogger(f"{ROOT}.listener")


class Phase(StrEnum):
    """What a connection is waited for."""

    IDLE = "idle"
    HEADERS = "headers"
    BODY = "body"
    ANSWER = "answer"
    CLOSING = "closing"


class Guarded(Protocol):
    """A connection that has a deadline (by the monotonic clock) and knows how to end."""

    deadline: float

    def expire(self) -> None:
        """End: the deadline has passed."""


class Guard:
    """What the connections of one listener may do, and the count of those that were cut."""

    def __init__(
        self,
        listener: str,
        settings: Settings,
        health: Health,
        metrics: Metrics,
        callers: Callers = ANYBODY,
    ) -> None:
        """Take the name of the listener in metrics, the limits, who knows of draining, who may."""
        self.listener = listener
        self.settings = settings
        self.health = health
        self.metrics = metrics
        self.callers = callers
        self._told = -math.inf
        self.seconds = {
            Phase.IDLE: settings.keep_alive_seconds,
            Phase.HEADERS: settings.header_seconds,
            Phase.BODY: settings.body_seconds,
            Phase.ANSWER: settings.answer_seconds,
            Phase.CLOSING: settings.answer_seconds,
        }
        self.bytes = {
            Phase.HEADERS: settings.max_header_bytes,
            Phase.BODY: settings.max_header_bytes + settings.max_body_bytes + FRAMING_BYTES,
        }

    def count(self, cut: Cut) -> None:
        """Count a connection that is cut."""
        self.metrics.cut.labels(self.listener, cut).inc()

    def refuse(self, reason: str, peer: Peer) -> None:
        """Count a client that may not send reviews; say so, but not of each of many."""
        self.count(Cut.CLIENT)
        now = time.monotonic()
        if now >= self._told + TELL_SECONDS:
            self._told = now
            address = Address(host=peer[0], port=peer[1])
            _log.warning("client refused", extra=fields(reason=reason, peer=str(address)))

    async def sweep(self, connections: Callable[[], Iterable[Guarded]]) -> None:
        """Go through all connections for ever; end those whose deadline has passed."""
        interval = min(SWEEP_SECONDS, min(self.seconds.values()) / 4)
        while True:
            await asyncio.sleep(interval)
            now = time.monotonic()
            for connection in list(connections()):
                if connection.deadline <= now:
                    connection.expire()
