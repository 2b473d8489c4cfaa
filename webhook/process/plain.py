"""A small HTTP server in threads, for probes and metrics of a program that serves nothing else.

Whoever asks slowly holds up one thread, and not for long.
"""

import socket
import threading
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from flask import Flask

SECONDS = 5
"""How long a client may be silent."""


class _Handler(WSGIRequestHandler):
    timeout = SECONDS

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401 - as its base has it
        """Say nothing: probes come every second."""


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


def serve(app: Flask, listening: socket.socket) -> None:
    """Answer on a listening socket from a thread of its own, until the process ends."""
    host, port, *_ = listening.getsockname()
    server = _Server((host, port), _Handler, bind_and_activate=False)
    server.socket.close()
    server.socket = listening
    server.server_name, server.server_port = host, port
    server.setup_environ()
    server.set_app(app)
    threading.Thread(target=server.serve_forever, name="probes", daemon=True).start()
