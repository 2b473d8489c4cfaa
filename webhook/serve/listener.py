"""One address: it accepts connections, in a bounded number, and lets the last ones finish.

Connections are accepted here and not by the loop, which knows no limit, so that those that are
still in their TLS handshake count as well.
"""

import asyncio
import contextlib
import logging
import math
import socket
import ssl
import time
from collections.abc import Callable, Generator, Iterator
from itertools import chain
from typing import Any

from uvicorn import Config, Server

from webhook.process.logs import ROOT, fields
from webhook.serve.asgi import Application
from webhook.serve.cut import Cut
from webhook.serve.gateway import Gateway
from webhook.serve.guard import Expiring, Guard, Peer, Phase
from webhook.serve.newcomers import Newcomer, Newcomers
from webhook.serve.protocol import Connection

BATCH = 64
"""Connections accepted before the loop turns."""
PAUSE_SECONDS = 0.1
"""When the process has no file descriptors left, and no connection can be ended for one."""
COMPLAINT_SECONDS = 1.0
SCARCE_SECONDS = 1.0
"""How long a newcomer waits before a connection that has asked before is ended for it."""
LAST_SECONDS = 2
"""What the last answers have, once no new request is taken."""
LINGER_SECONDS = 0.1
LEAST_SECONDS = 0.001
"""Of a handshake's deadline: uvloop takes no time that is over."""

_log = logging.getLogger(f"{ROOT}.listener")


class Listener(Server):
    """uvicorn's server on one socket, under guard and without a say in signals."""

    def __init__(
        self,
        app: Application,
        listening: socket.socket,
        guard: Guard,
        context: Callable[[], ssl.SSLContext] | None = None,
        gateway: Gateway | None = None,
    ) -> None:
        """Take what to serve and where, and who answers reviews past it.

        `context` is asked at each handshake, None: plain HTTP.
        """
        super().__init__(_config(app, guard))
        self._listening = listening
        self._guard = guard
        self._context = context
        self._gateway = gateway
        self._complained = -math.inf
        self._scarce_since = math.inf
        self._handshakes: set[asyncio.Task[None]] = set()
        self._newcomers = Newcomers(guard, self._begin)
        self._accepted = guard.metrics.accepted.labels(guard.listener)
        guard.metrics.watch_connections(guard.listener, self.count)

    def count(self) -> int:
        """Count the connections, those in their handshake included."""
        waiting = len(self._handshakes) + len(self._newcomers)
        return len(self.server_state.connections) + waiting

    def connections(self) -> list[Connection]:
        """Give the connections that are past their handshake."""
        return [each for each in self.server_state.connections if isinstance(each, Connection)]

    def _all(self) -> Iterator[Expiring]:
        """Give whoever has a deadline here; a handshake's own is the loop's to keep."""
        return chain(self.connections(), self._newcomers.silent())

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Leave signals to the worker."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:  # noqa: ARG002
        """Begin to accept."""
        self.servers = []
        self._listening.settimeout(0)
        self._loop = asyncio.get_running_loop()
        self._sweeper = self._loop.create_task(self._guard.sweep(self._all))
        self._loop.add_reader(self._listening, self._accept)
        self.started = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take those who knocked in time, answer what was asked, close what idles."""
        self._loop.remove_reader(self._listening)
        if not self.force_exit:
            self._accept(self._guard.settings.max_connections)
        self._listening.close()
        if not self.force_exit:
            self._newcomers.let_in()
            if self._handshakes:
                await asyncio.wait(self._handshakes, timeout=LAST_SECONDS)
            await asyncio.sleep(LINGER_SECONDS)
            await super().shutdown(sockets)
        self._sweeper.cancel()
        for newcomer in list(self._newcomers.silent()):
            newcomer.expire()
        for connection in self.connections():
            connection.transport.abort()

    def _accept(self, most: int = BATCH) -> None:
        for _ in range(most):
            try:
                sock, peer = self._listening.accept()
            except (BlockingIOError, ConnectionAbortedError):
                self._scarce_since = math.inf
                return
            except OSError as error:
                self._complain(error)
                if not self._free_descriptor():
                    self._pause()
                return
            self._scarce_since = math.inf
            self._admit(sock, peer)

    def _complain(self, error: OSError) -> None:
        """Say, once a second, that the process has no file descriptors left."""
        if (now := self._loop.time()) > self._complained + COMPLAINT_SECONDS:
            self._complained = now
            _log.error("can not accept", extra=fields(reason=error.strerror, open=self.count()))

    def _free_descriptor(self) -> bool:
        """End who says nothing, or else idles longest, at once; tell whether there was somebody.

        The newcomer waits in the socket's queue, and is accepted in the loop's next turn. One that
        has asked before is ended only after a while: those in their handshake may soon idle.
        """
        if self._newcomers.make_room():
            return True
        now = self._loop.time()
        self._scarce_since = min(self._scarce_since, now)
        oldest = self._oldest_idle()
        if oldest is None or (oldest.has_asked and now < self._scarce_since + SCARCE_SECONDS):
            return False
        self._guard.count(Cut.IDLE)
        oldest.abort()
        return True

    def _pause(self) -> None:
        """Wait a moment: without file descriptors the socket stays readable, and the loop busy."""
        self._loop.remove_reader(self._listening)
        self._loop.call_later(PAUSE_SECONDS, self._resume)

    def _resume(self) -> None:
        if self._listening.fileno() >= 0:
            self._loop.add_reader(self._listening, self._accept)

    def _admit(self, sock: socket.socket, peer: Peer) -> None:
        self._accepted.inc()
        if self.count() >= self._guard.settings.max_connections and not self._make_room():
            self._guard.count(Cut.FULL)
            sock.close()
            return
        sock.settimeout(0)
        newcomer = Newcomer(sock, peer, self._newcomers)
        if self._context:
            self._newcomers.add(newcomer)
        else:
            self._begin(newcomer)

    def _begin(self, newcomer: Newcomer) -> None:
        task = self._loop.create_task(self._open(newcomer))
        self._handshakes.add(task)
        task.add_done_callback(self._handshakes.discard)

    def _make_room(self) -> bool:
        """End who says nothing, or else idles longest; tell whether there was somebody.

        One that is closing already goes at once: who never says goodbye would be let in beyond the
        limit, as many times as he likes.
        """
        closing = (each for each in self.connections() if each.phase is Phase.CLOSING)
        overdue = min(closing, key=lambda each: each.deadline, default=None)
        if overdue is not None:
            overdue.abort()
            self.server_state.connections.discard(overdue)
        if self.count() < self._guard.settings.max_connections or self._newcomers.make_room():
            return True
        oldest = self._oldest_idle()
        if oldest is not None:
            self._guard.count(Cut.IDLE)
            oldest.close()
        return oldest is not None

    def _oldest_idle(self) -> Connection | None:
        """Give the connection that has idled longest; one that never asked anything comes first.

        An API server's has asked before, and may be about to ask again.
        """
        idle = (each for each in self.connections() if each.phase is Phase.IDLE)
        return min(idle, key=lambda each: (each.has_asked, each.deadline), default=None)

    async def _open(self, newcomer: Newcomer) -> None:
        try:
            await self._loop.connect_accepted_socket(
                lambda: Connection(self._guard, self.config, self.server_state, self._gateway),
                newcomer.sock,
                **(self._secure(self._context(), newcomer.deadline) if self._context else {}),
            )
        except ssl.SSLCertVerificationError as error:
            self._guard.refuse(error.verify_message, newcomer.peer)
        except OSError:  # TLS errors and deadlines are among them
            self._guard.count(Cut.HANDSHAKE)

    def _secure(self, context: ssl.SSLContext, deadline: float) -> dict[str, Any]:
        """Give what a handshake takes, which has what is left of its time."""
        return {
            "ssl": context,
            "ssl_handshake_timeout": max(deadline - time.monotonic(), LEAST_SECONDS),
            "ssl_shutdown_timeout": self._guard.settings.answer_seconds,
        }


def _config(app: Application, guard: Guard) -> Config:
    config = Config(
        app,
        interface="asgi3",
        http="httptools",
        ws="none",
        lifespan="off",
        loop="uvloop",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=math.ceil(guard.settings.keep_alive_seconds),
        timeout_graceful_shutdown=LAST_SECONDS,
    )
    config.load()
    return config
