"""A TLS server that shows a certificate to whoever asks, and says nothing."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from webhook.process.settings import Address


@contextmanager
def showing(pair: bytes, folder: Path) -> Iterator[Address]:
    """Give where a server shows the certificate of `pair` (PEM, with its key)."""
    file = folder / "pair.pem"
    file.write_bytes(pair)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listening.accept()
                with suppress(OSError), context.wrap_socket(connection, server_side=True) as secure:
                    secure.recv(1)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield Address(host="127.0.0.1", port=listening.getsockname()[1])
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(60)
