"""A Service with several replicas behind it: connections go to one after the other.

It stands at a Service's address in the place of kube-proxy, or before an API server in the place of
a network, and knows nothing but bytes. One thread with an event loop carries them all.
"""

import asyncio
import threading
from collections.abc import Coroutine, Iterable
from contextlib import suppress
from typing import Any, Self, TypeVar

import uvloop

from webhook.process.settings import Address

CHUNK = 65_536
CONNECT_SECONDS = 5

T = TypeVar("T")


class Balancer:
    """Listens at `address` and leads each connection to the next of `backends`.

    Who connects while there is none, or none that answers, finds the connection ended: as behind a
    Service, nobody tries another one in its place.
    """

    def __init__(self, address: Address, backends: Iterable[Address] = ()) -> None:
        """Describe it; nothing listens before it is entered."""
        self.address = address
        self._backends = list(backends)
        self._turn = 0
        self._loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._ends: set[asyncio.StreamWriter] = set()
        self._flowing = asyncio.Event()
        self._flowing.set()

    def __enter__(self) -> Self:
        """Listen."""
        self._thread.start()
        self._server = self._await(
            asyncio.start_server(self._lead, self.address.host, self.address.port)
        )
        return self

    def __exit__(self, *_: object) -> None:
        """Listen no more, and end every connection."""
        self._await(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def lead_to(self, backends: Iterable[Address]) -> None:
        """Lead new connections to these from now on; those that are open stay."""
        self._backends = list(backends)

    def cut(self) -> None:
        """End every connection that is open."""
        self._loop.call_soon_threadsafe(self._abort)

    def hold(self) -> None:
        """Carry nothing from now on and end nothing either: the network has fallen silent."""
        self._loop.call_soon_threadsafe(self._flowing.clear)

    def resume(self) -> None:
        """Carry again, what was held back first."""
        self._loop.call_soon_threadsafe(self._flowing.set)

    def _await(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    async def _close(self) -> None:
        self._server.close()
        self._flowing.set()
        self._abort()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for each in tasks:
            each.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _abort(self) -> None:
        for each in self._ends:
            each.transport.abort()

    async def _lead(self, source: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.CancelledError):
            await self._flowing.wait()
            answer, far = await self._connect()
            self._ends |= {near, far}
            await asyncio.gather(self._pump(source, far), self._pump(answer, near))
            self._ends -= {near, far}
            return
        near.transport.abort()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect to the backend whose turn it is; OSError where that fails."""
        backends = self._backends
        if not backends:
            raise ConnectionRefusedError("no backends")
        self._turn += 1
        backend = backends[self._turn % len(backends)]
        connecting = asyncio.open_connection(backend.host, backend.port)
        return await asyncio.wait_for(connecting, CONNECT_SECONDS)

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        """Carry bytes one way until the source ends."""
        with suppress(OSError):
            while data := await source.read(CHUNK):
                await self._flowing.wait()
                if sink.is_closing():  # uvloop raises RuntimeError where nobody is left to write to
                    break
                sink.write(data)
                await sink.drain()
        sink.close()
