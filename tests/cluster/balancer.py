"""A Service with several replicas behind it: connections go to one after the other.

It stands at a Service's address in the place of kube-proxy, and knows nothing but bytes.
"""

import itertools
import socket
import threading
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self

from webhook.process.settings import Address

CHUNK = 65_536


class Balancer:
    """Listens at `address` and leads each connection to the next of `backends`."""

    def __init__(self, address: Address, backends: Sequence[Address]) -> None:
        """Describe it; nothing listens before it is entered."""
        self._address = address.host, address.port
        self._next = itertools.cycle(backends)
        self._listener: socket.socket | None = None

    def __enter__(self) -> Self:
        """Listen."""
        self._listener = socket.create_server(self._address)
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Listen no more; connections end with their ends."""
        if self._listener:
            self._listener.close()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                self._lead(client, next(self._next))

    def _lead(self, client: socket.socket, backend: Address) -> None:
        try:
            server = socket.create_connection((backend.host, backend.port), timeout=5)
        except OSError:
            client.close()
            return
        server.settimeout(None)
        for source, sink in ((client, server), (server, client)):
            threading.Thread(target=_pump, args=(source, sink), daemon=True).start()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    """Carry bytes one way until the source ends."""
    with suppress(OSError):
        while data := source.recv(CHUNK):
            sink.sendall(data)
    for end in (source, sink):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()
