"""Expositions that a test makes up, or fetches elsewhere, on a port for Prometheus to scrape."""

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

from tests.cluster.components import LOOPBACK

PAUSE_SECONDS = 1.0


class Exposed:
    """Answers every GET at once with what `render` gave last; it is asked again all the time."""

    def __init__(self, render: Callable[[], str]) -> None:
        """Ask once; nothing listens before the block is entered."""
        self._render, self._text = render, render()
        self._over = threading.Event()

    def __enter__(self) -> Self:
        """Start it."""
        self._server = ThreadingHTTPServer((LOOPBACK, 0), _handler(lambda: self._text))
        self.port: int = self._server.server_address[1]
        serving = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._threads = (serving, threading.Thread(target=self._ask, daemon=True))
        for each in self._threads:
            each.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop it."""
        self._over.set()
        self._server.shutdown()
        self._server.server_close()
        for each in self._threads:
            each.join()

    def _ask(self) -> None:
        while not self._over.wait(PAUSE_SECONDS):
            self._text = self._render()


def _handler(text: Callable[[], str]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = text().encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler
