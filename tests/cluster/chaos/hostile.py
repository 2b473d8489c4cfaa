"""Clients that are slow, silent or greedy: as many as wanted, each of a kind, again when cut.

They aim at replicas themselves, as anybody in the cluster's network can.
"""

import asyncio
import itertools
import json
import ssl
import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Self

import uvloop

from webhook.process.settings import Address

HEAD = b"POST /mutate?timeout=5s HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
CLIENT_HELLO = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"
"""The beginning of one."""
CHUNK = b"10000\r\n" + b" " * 65_536 + b"\r\n"
DRIP_SECONDS = 0.5
AGAIN_SECONDS = 0.5
"""Before one that was cut comes again."""
PIPELINED = 20

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def _nothing(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await reader.read()


def _sending(data: bytes) -> Behaviour:
    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await reader.read()

    return behave


def _repeating(first: bytes, again: bytes, pause: float) -> Behaviour:
    async def behave(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(first)
        while True:
            writer.write(again)
            await writer.drain()
            await asyncio.sleep(pause)

    return behave


def _review() -> bytes:
    body = json.dumps({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview"}).encode()
    return HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body


RAW: Mapping[str, Behaviour] = {
    "silent": _nothing,
    "half a ClientHello": _sending(CLIENT_HELLO),
}
"""What is done without TLS."""

SECURE: Mapping[str, Behaviour] = {
    "idle": _nothing,
    "half a head": _sending(HEAD),
    "half a body": _sending(HEAD + b"Content-Length: 100\r\n\r\n{"),
    "a dripped body": _repeating(HEAD + b"Content-Length: 9999\r\n\r\n", b" ", DRIP_SECONDS),
    "a body without end": _repeating(HEAD + b"Content-Length: 900000000\r\n\r\n", CHUNK, 0.01),
    "chunks without end": _repeating(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", CHUNK, 0.01),
    "pipelined": _sending(_review() * PIPELINED),
    "HTTP/2": _sending(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
}
KINDS = (*RAW, *SECURE)


class Hostile:
    """So many clients of each kind, shared out among addresses, for as long as the block runs."""

    def __init__(self, addresses: Sequence[Address], counts: Mapping[str, int]) -> None:
        """Describe them; nobody connects before it is entered."""
        self._targets = itertools.cycle(addresses)
        self._counts = counts
        self.opened = dict.fromkeys(counts, 0)
        """Connections that were opened, by kind."""
        self._loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._context = ssl.create_default_context()
        self._context.check_hostname, self._context.verify_mode = False, ssl.CERT_NONE

    def __enter__(self) -> Self:
        """Begin."""
        self._thread.start()
        self._running = asyncio.run_coroutine_threadsafe(self._run(), self._loop)
        return self

    def __exit__(self, *_: object) -> None:
        """End."""
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _run(self) -> None:
        clients = [kind for kind, count in self._counts.items() for _ in range(count)]
        await asyncio.gather(*(self._be(kind) for kind in clients))

    async def _stop(self) -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for each in tasks:
            each.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _be(self, kind: str) -> None:
        """Be a client of a kind, again and again."""
        while True:
            with suppress(OSError):
                reader, writer = await self._connect(kind)
                self.opened[kind] += 1
                try:
                    await (RAW | SECURE)[kind](reader, writer)  # type: ignore[operator]
                finally:
                    writer.transport.abort()
            await asyncio.sleep(AGAIN_SECONDS)

    async def _connect(self, kind: str) -> Streams:
        target = next(self._targets)
        context = self._context if kind in SECURE else None
        return await asyncio.open_connection(target.host, target.port, ssl=context)
