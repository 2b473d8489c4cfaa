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
LARGEST_HELD = 4
"""Of the largest requests, so many are held at a time, whoever sent them: memory has an end."""
MOST_HEADERS = 100
"""Each costs a hundred bytes of memory, however short it is. The API server sends eight."""
MOST_WAITING = 16
"""Requests of a connection that wait for the answer to one before: each takes some kilobytes,
however short it is. Nobody who has business here sends one before the last is answered."""
MOST_PARTS = 10_000
"""Of a body, as chunks and reads bring it: 8 MiB in reads of 1 KiB are less."""
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


class Expiring(Protocol):
    """What has a deadline, by the monotonic clock, and knows how to end."""

    deadline: float

    def expire(self) -> None:
        """End: the deadline has passed."""


class Guarded(Expiring, Protocol):
    """A connection that takes memory, and can be asked to give it back."""

    @property
    def held(self) -> int:
        """Give the bytes of its requests that are not answered."""

    def give_way(self) -> None:
        """End: too much is held, and most of it here."""


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
        self._held = 0
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

    def take(self, size: int, connections: Iterable[Guarded]) -> None:
        """Take note of bytes that came; hold as much as four of the largest requests at most.

        Beyond that the connections with most of it end, until there is room for another one. What
        was answered meanwhile is not known here, so all that is held is counted first: seldom.
        """
        self._held += size
        largest = self.bytes[Phase.BODY]
        if self._held <= LARGEST_HELD * largest:
            return
        by_size = sorted(connections, key=lambda each: each.held)
        self._held = sum(each.held for each in by_size)
        while self._held > (LARGEST_HELD - 1) * largest:
            most = by_size.pop()
            self._held -= most.held
            most.give_way()

    async def sweep(self, connections: Callable[[], Iterable[Expiring]]) -> None:
        """Go through all connections for ever; end those whose deadline has passed."""
        interval = min(SWEEP_SECONDS, min(self.seconds.values()) / 4)
        while True:
            await asyncio.sleep(interval)
            now = time.monotonic()
            for connection in list(connections()):
                if connection.deadline <= now:
                    connection.expire()
