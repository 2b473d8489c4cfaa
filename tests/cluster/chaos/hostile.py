"""Clients that are slow, silent or greedy: as many as wanted, each of a kind, again when cut.

They aim at replicas themselves, as anybody in the cluster's network can. They live in a process of
their own that has the processors only when nobody else wants them: real ones have their own, and
what they take of ours would be measured as if the replicas were slow.
"""

import asyncio
import itertools
import json
import multiprocessing
import os
import ssl
from collections.abc import Awaitable, Callable, Mapping, MutableSequence, Sequence
from contextlib import suppress
from pathlib import Path
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
LEAST_NICE = 19

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
        context = multiprocessing.get_context("spawn")
        self._kinds = [*counts]
        self._opened = context.Array("L", len(counts), lock=False)
        clients = [kind for kind, count in counts.items() for _ in range(count)]
        self._process = context.Process(
            target=_be_hostile, args=(addresses, clients, self._kinds, self._opened), daemon=True
        )

    @property
    def opened(self) -> dict[str, int]:
        """Give the connections that were opened, by kind."""
        return dict(zip(self._kinds, self._opened, strict=True))

    def __enter__(self) -> Self:
        """Begin."""
        self._process.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End: the system closes what is open, as when a program dies."""
        self._process.kill()
        self._process.join()


def _be_hostile(
    addresses: Sequence[Address],
    clients: Sequence[str],
    kinds: Sequence[str],
    opened: MutableSequence[int],
) -> None:
    """Be clients of these kinds until the process is killed, or has lost who started it."""
    _yield_processors()
    parent = multiprocessing.parent_process()
    loop = uvloop.new_event_loop()
    if parent is not None:
        loop.add_reader(parent.sentinel, os._exit, 0)
    loop.run_until_complete(_Crowd(addresses, kinds, opened).be_all(clients))


def _yield_processors() -> None:
    """Let everybody else have the processors first, in our session and beside it."""
    os.setsid()
    os.nice(LEAST_NICE)
    with suppress(OSError):  # where sessions share the processors one by one: autogroups
        Path("/proc/self/autogroup").write_text(f"{LEAST_NICE}", encoding="ascii")


class _Crowd:
    """All clients of the process."""

    def __init__(
        self, addresses: Sequence[Address], kinds: Sequence[str], opened: MutableSequence[int]
    ) -> None:
        self._targets = itertools.cycle(addresses)
        self._kinds = kinds
        self._opened = opened
        self._context = ssl.create_default_context()
        self._context.check_hostname, self._context.verify_mode = False, ssl.CERT_NONE

    async def be_all(self, clients: Sequence[str]) -> None:
        """Be clients of these kinds, for ever."""
        await asyncio.gather(*map(self._be, clients))

    async def _be(self, kind: str) -> None:
        """Be a client of a kind, again and again."""
        while True:
            with suppress(OSError):
                reader, writer = await self._connect(kind)
                self._opened[self._kinds.index(kind)] += 1
                try:
                    await (RAW | SECURE)[kind](reader, writer)  # type: ignore[operator]
                finally:
                    writer.transport.abort()
            await asyncio.sleep(AGAIN_SECONDS)

    async def _connect(self, kind: str) -> Streams:
        target = next(self._targets)
        context = self._context if kind in SECURE else None
        return await asyncio.open_connection(target.host, target.port, ssl=context)
