"""A listener that runs in a thread of the test's own process, and what talks to it."""

import asyncio
import http.client
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Self, TypeAlias

import uvloop

from tests.serve import pki, reviews
from webhook.process import sockets
from webhook.process.logs import LineWriter
from webhook.process.settings import Address
from webhook.serve.asgi import Receive, Scope, Send
from webhook.serve.listener import Listener
from webhook.serve.service import Service
from webhook.serve.settings import Settings

Reply: TypeAlias = tuple[int, dict[str, str], bytes]

LOOPBACK = Address(host="127.0.0.1", port=0)
PATIENCE_SECONDS = 60.0
SOON = 0.3
"""A deadline that a test can wait for."""
NEVER = 600.0
"""A deadline that no test waits for, however busy the machine."""
JSON_TYPE = {"Content-Type": "application/json"}

BASE = Settings(
    policies=reviews.POLICIES,
    bind=LOOPBACK,
    metrics_bind=LOOPBACK,
    handshake_seconds=NEVER,
    header_seconds=NEVER,
    body_seconds=NEVER,
    answer_seconds=NEVER,
    poll_seconds=0.05,
)


class Silent(LineWriter):
    """Writes nothing: nobody reads the lines."""

    def write(self, line: bytes) -> None:
        """Drop a line."""


class Running:
    """The admission listener over TLS, or with `probes` the other one over plain HTTP."""

    def __init__(self, folder: Path, listener: str = "admission", **changes: Any) -> None:  # noqa: ANN401
        """Make the service; nothing listens before the block is entered."""
        self.ca = pki.authority()
        pki.write(folder, self.ca)
        self.service = make(folder, **changes)
        certificates = self.service.certificates
        self.context: Callable[[], ssl.SSLContext] | None = lambda: certificates.context
        self._name = listener
        self._started = threading.Event()

    def __enter__(self) -> Self:
        """Start it."""
        (listening,) = sockets.listen((LOOPBACK,))
        self.port = sockets.address_of(listening).port
        self._thread = threading.Thread(target=self._run, args=(listening,))
        self._thread.start()
        assert self._started.wait(PATIENCE_SECONDS)
        return self

    def __exit__(self, *_: object) -> None:
        """Stop it."""
        if self._thread.is_alive():
            self.call(self.stop)
        self._thread.join(PATIENCE_SECONDS)
        assert not self._thread.is_alive()

    def stop(self) -> None:
        """Begin to end, in good order."""
        self.listener.should_exit = True

    def call(self, function: Callable[[], None]) -> None:
        """Call a function in the loop."""
        self.loop.call_soon_threadsafe(function)

    def _run(self, listening: socket.socket) -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(self._serve(listening))

    async def _serve(self, listening: socket.socket) -> None:
        self.loop = asyncio.get_running_loop()
        if self._name == "admission":
            service = self.service
            guard = service.guard(self._name, service.callers)
            self.listener = Listener(
                service.admission, listening, guard, self.context, service.gateway
            )
        else:
            guard = self.service.guard(self._name)
            self.listener = Listener(self.service.probes, listening, guard)
        self.loop.call_soon(self._started.set)
        await self.listener.serve()

    def client(self) -> http.client.HTTPConnection:
        """Give a client; it connects with its first request, and stays connected."""
        if self._name == "admission":
            return http.client.HTTPSConnection(
                "127.0.0.1", self.port, timeout=PATIENCE_SECONDS, context=pki.trusting(self.ca)
            )
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)

    def tcp(self) -> socket.socket:
        """Connect, and say nothing."""
        return socket.create_connection(("127.0.0.1", self.port), PATIENCE_SECONDS)

    def tls(self) -> ssl.SSLSocket:
        """Connect and shake hands."""
        return pki.trusting(self.ca).wrap_socket(self.tcp(), server_hostname="127.0.0.1")

    def cuts(self, reason: str) -> float:
        """Count the connections that were cut for a reason."""
        found = self.service.metrics.registry.get_sample_value(
            "gpuclass_connections_cut_total", {"listener": self._name, "reason": reason}
        )
        return found or 0.0


class Counted(Running):
    """A server that counts what goes through ASGI."""

    def __init__(self, folder: Path, **changes: Any) -> None:  # noqa: ANN401
        """Make the service; nothing listens before the block is entered."""
        super().__init__(folder, **changes)
        self.handed_on = 0
        self._application = self.service.admission
        self.service.admission = self._count

    def decided(self) -> float:
        """Count the decisions."""
        self.service.gateway.flush()
        found = self.service.metrics.registry.get_sample_value(
            "gpuclass_decision_duration_seconds_count", {"stage": "mutate"}
        )
        return found or 0.0

    async def _count(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.handed_on += 1
        await self._application(scope, receive, send)


def make(folder: Path, **changes: Any) -> Service:  # noqa: ANN401
    """Make a service that decides as `reviews.decide` does, with the certificate in `folder`."""
    return Service(replace(BASE, **changes), folder, Silent(2), reviews.decide)


def ask(
    client: http.client.HTTPConnection,
    method: str,
    path: str,
    body: bytes | None = None,
    headers: dict[str, str] = JSON_TYPE,
) -> Reply:
    """Send a request and read the whole answer; names of headers in lower case."""
    client.request(method, path, body, headers)
    response = client.getresponse()
    found = {name.lower(): value for name, value in response.getheaders()}
    return response.status, found, response.read()


def error(reply: Reply) -> str:
    """Give the message of an answer that is an error in JSON, a Status where a review was asked."""
    assert reply[1]["content-type"] == "application/json"
    found: dict[str, str] = json.loads(reply[2])
    return found.get("error") or reviews.fault(reply[0], found)


def eventually(holds: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come to hold"
        time.sleep(0.01)


def received_until_end(sock: socket.socket) -> bytes:
    """Read until the server ends the connection, in good order or by force."""
    parts = []
    try:
        while part := sock.recv(65536):
            parts.append(part)
    except (ConnectionError, ssl.SSLError):
        pass
    return b"".join(parts)
