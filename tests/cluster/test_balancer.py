"""The balancer itself: what it carries when one side of a connection has gone."""

import socket
import struct

import pytest

from tests.cluster.balancer import Balancer
from webhook.process import sockets
from webhook.process.settings import Address

LOOPBACK = Address(host="127.0.0.1", port=0)
ABORT = struct.pack("ii", 1, 0)
SECONDS = 60


def test_what_comes_for_a_backend_that_has_gone_is_dropped(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The connection ends, as a Service's does, and nobody hears of an exception."""
    listening, spare = sockets.listen((LOOPBACK, LOOPBACK))
    address = sockets.address_of(spare)
    spare.close()
    with (
        listening,
        Balancer(address, [sockets.address_of(listening)]) as balancer,
        socket.create_connection((address.host, address.port), SECONDS) as client,
    ):
        client.sendall(b"first")
        backend, _ = listening.accept()
        assert backend.recv(5) == b"first"
        balancer.hold()
        client.sendall(b"second")
        backend.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)
        backend.close()
        assert client.recv(1) == b""
        balancer.resume()
        with socket.create_connection((address.host, address.port), SECONDS) as another:
            another.sendall(b"third")
            backend, _ = listening.accept()
            assert backend.recv(5) == b"third"
            backend.close()
    assert [record.getMessage() for record in caplog.records] == []
