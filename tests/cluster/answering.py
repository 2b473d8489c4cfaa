"""A small server that a test runs: one function answers whatever is asked."""

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TypeAlias

from tests.cluster.components import LOOPBACK
from tests.cluster.pki import KeyPair

JSON = "application/json"
POLL_SECONDS = 0.1

Answer: TypeAlias = Callable[[str, bytes], bytes]
"""Takes a request's path and body; gives the body of the answer."""


@contextmanager
def answering(
    answer: Answer,
    pair: KeyPair | None = None,
    *,
    host: str = LOOPBACK,
    status: int = 200,
    content_type: str = JSON,
) -> Iterator[int]:
    """Give the port of a server that answers every GET and POST; over TLS, where it has a pair."""
    server = ThreadingHTTPServer((host, 0), _handler(answer, status, content_type))
    server.daemon_threads = True
    if pair:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pair.certificate, pair.key)
        # Who connects and says nothing holds up his own thread alone.
        server.socket = context.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    thread = threading.Thread(target=server.serve_forever, args=(POLL_SECONDS,), daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(answer: Answer, status: int, content_type: str) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = answer(self.path, self.rfile.read(int(self.headers["Content-Length"] or 0)))
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 - the name that the base calls

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler
