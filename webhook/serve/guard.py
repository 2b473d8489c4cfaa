"""The limits of one listener's connections: how long, how large, and what is counted when cut."""

import asyncio
import time
from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Protocol

from webhook.serve.cut import Cut
from webhook.serve.health import Health
from webhook.serve.metrics import Metrics
from webhook.serve.settings import Settings

FRAMING_BYTES = 64 * 1024
"""What the chunks of a body may take beside the body itself."""
SWEEP_SECONDS = 0.25


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

    def __init__(self, listener: str, settings: Settings, health: Health, metrics: Metrics) -> None:
        """Take the name of the listener in metrics, the limits, and who knows of draining."""
        self.listener = listener
        self.settings = settings
        self.health = health
        self.metrics = metrics
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

    async def sweep(self, connections: Callable[[], Iterable[Guarded]]) -> None:
        """Go through all connections for ever; end those whose deadline has passed."""
        interval = min(SWEEP_SECONDS, min(self.seconds.values()) / 4)
        while True:
            await asyncio.sleep(interval)
            now = time.monotonic()
            for connection in list(connections()):
                if connection.deadline <= now:
                    connection.expire()
