"""The worker: one event loop with two listeners, and an end at which nothing is lost.

uvicorn's worker runs under gunicorn; what is ours here is TLS from one live context, a deadline for
handshakes, a second plain HTTP listener for probes, and draining: after SIGTERM it goes on serving,
answers with `Connection: close`, and only then stops. (uvicorn alone closes idle connections at
once, and the API server never sends a lost POST again.)
"""

import asyncio
import signal
import socket
import ssl
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType
from typing import Any, ClassVar

from uvicorn import Config, Server
from uvicorn_worker import UvicornWorker

from webhook.serve.asgi import Application
from webhook.serve.protocol import REASONS, Guard, guarded
from webhook.serve.service import Service
from webhook.serve.sockets import BACKLOG

LAST_ANSWERS_SECONDS = 5
"""What requests under way have, after draining, before they are given up."""


class Listener(Server):
    """uvicorn's server on one socket, without a say in signals."""

    def __init__(
        self,
        name: str,
        app: Application,
        service: Service,
        listening: socket.socket,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Take what to serve, and on which socket; without `tls` it is plain HTTP."""
        settings, metrics = service.settings, service.metrics
        config = Config(
            app,
            http=guarded(Guard(name, settings, metrics)),
            ws="none",
            lifespan="off",
            loop="uvloop",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            timeout_keep_alive=int(settings.keep_alive_seconds),
            timeout_graceful_shutdown=LAST_ANSWERS_SECONDS,
        )
        super().__init__(config)
        self._listening, self._tls = listening, tls
        self._handshake_seconds = settings.handshake_seconds if tls else None
        metrics.declare_cuts(name, REASONS)
        metrics.watch_connections(name, lambda: len(self.server_state.connections))

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:  # noqa: ARG002
        """Accept connections on the socket that gunicorn holds."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            self._protocol,
            sock=self._listening,
            ssl=self._tls,
            ssl_handshake_timeout=self._handshake_seconds,
            backlog=BACKLOG,
        )
        self.servers = [server]
        self.started = True

    def _protocol(self) -> asyncio.Protocol:
        make: Any = self.config.http_protocol_class
        made: asyncio.Protocol = make(
            config=self.config, server_state=self.server_state, app_state={}
        )
        return made

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Leave signals to the worker."""
        yield


class Worker(UvicornWorker):  # type: ignore[misc] # gunicorn has no types
    """The one worker of a replica; `wsgi`, in gunicorn's words, is the service it runs."""

    CONFIG_KWARGS: ClassVar[dict[str, Any]] = {"loop": "uvloop", "http": "httptools"}

    async def _serve(self) -> None:
        service: Service = self.wsgi
        admission, probes = (each.sock for each in self.sockets)
        tls = service.certificates.context
        self._service = service
        self._listeners = (
            Listener("admission", service.admission, service, admission, tls),
            Listener("probes", service.probes, service, probes),
        )
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        keeper = asyncio.create_task(self._keep())
        await asyncio.gather(*(listener.serve() for listener in self._listeners))
        keeper.cancel()
        service.writer.stop()

    async def _keep(self) -> None:
        """Tell gunicorn that the loop turns, and take over what changes on disk."""
        loop = asyncio.get_running_loop()
        while True:
            self.notify()
            await loop.run_in_executor(None, self._service.refresh)
            await asyncio.sleep(self._service.settings.poll_seconds)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002
        """Drain at the first SIGTERM; stop at once at any other signal, or at the second."""
        if sig != signal.SIGTERM or self._service.health.draining:
            self._stop()
            return
        self._service.drain()
        loop = asyncio.get_running_loop()
        loop.call_later(self._service.settings.drain_seconds, self._stop)

    def _stop(self) -> None:
        for listener in self._listeners:
            listener.should_exit = True
