"""A client that says when it has said all, and goes on listening: a half-closed connection."""

import socket
import ssl
from contextlib import suppress

from tests.serve import pki
from tests.serve.running import Running


def said_over_tcp(server: Running, sent: bytes) -> bytes:
    """Say bytes and that they were all (a FIN); give what comes until the server's end."""
    with server.tcp() as sock:
        sock.sendall(sent)
        sock.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: sock.recv(65536), b""))


def said_over_tls(server: Running, sent: bytes, *, with_fin: bool) -> bytes:
    """Say bytes and that they were all (close_notify, a FIN after it) in one breath; likewise."""
    with server.tcp() as sock:
        return _Tls(server, sock).say(sent, with_fin=with_fin)


class _Tls:
    """TLS by hand: Python's socket waits for the other end's goodbye, and reads nothing then."""

    def __init__(self, server: Running, sock: socket.socket) -> None:
        """Shake hands."""
        self._incoming, self._outgoing, self._sock = ssl.MemoryBIO(), ssl.MemoryBIO(), sock
        context = pki.trusting(server.ca)
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname="127.0.0.1")
        while not self._is_greeted():
            self._incoming.write(self._sock.recv(65536))

    def say(self, sent: bytes, *, with_fin: bool) -> bytes:
        """Say bytes and goodbye; give what comes until the other end says goodbye."""
        self._tls.write(sent)
        with suppress(ssl.SSLWantReadError):
            self._tls.unwrap()
        self._sock.sendall(self._outgoing.read())
        if with_fin:
            self._sock.shutdown(socket.SHUT_WR)
        received = b""
        with suppress(ssl.SSLZeroReturnError):
            while True:
                received += self._heard()
        return received

    def _heard(self) -> bytes:
        try:
            return self._tls.read(65536)
        except ssl.SSLWantReadError:
            part = self._sock.recv(65536)
            assert part, "the connection ended without a goodbye"
            self._incoming.write(part)
            return b""

    def _is_greeted(self) -> bool:
        is_done = False
        with suppress(ssl.SSLWantReadError):
            self._tls.do_handshake()
            is_done = True
        self._sock.sendall(self._outgoing.read())
        return is_done
