"""Expositions that a test makes up, on a port for Prometheus to scrape."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.cluster.components import LOOPBACK

PAUSE_SECONDS = 1.0


@contextmanager
def exposed(render: Callable[[], str]) -> Iterator[int]:
    """Give the port of a server that answers every GET at once with what `render` gave last.

    It is asked again each second, in a thread: who scrapes has no time to wait for it.
    """
    texts, over = [render()], threading.Event()

    def ask() -> None:
        while not over.wait(PAUSE_SECONDS):
            texts[0] = render()

    server = ThreadingHTTPServer((LOOPBACK, 0), _handler(lambda: texts[0]))
    threads = [threading.Thread(target=each, daemon=True) for each in (server.serve_forever, ask)]
    for each in threads:
        each.start()
    try:
        yield server.server_address[1]
    finally:
        over.set()
        server.shutdown()
        server.server_close()
        for each in threads:
            each.join()


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
