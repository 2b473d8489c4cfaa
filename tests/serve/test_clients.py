"""Clients that are slow, silent or greedy are cut; others do not notice."""

from collections.abc import Callable

import pytest

from tests.cluster.waiting import eventually
from tests.serve.server import Server, review, wait_until_closed

HEAD = b"POST /mutate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
DRIPS = 600
Impatient = Callable[[str], Server]


def test_a_silent_connection_is_closed(impatient: Impatient) -> None:
    with impatient("handshake").raw() as sock:
        wait_until_closed(sock)


def test_half_a_handshake_is_closed(impatient: Impatient) -> None:
    with impatient("handshake").raw() as sock:
        sock.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
        wait_until_closed(sock)


@pytest.mark.parametrize(
    ("deadline", "sent", "reason"),
    [
        pytest.param("header", HEAD, "headers", id="half a head"),
        pytest.param("body", HEAD + b"Content-Length: 100\r\n\r\n{", "body", id="half a body"),
    ],
)
def test_half_a_request_is_cut_and_counted(
    impatient: Impatient, deadline: str, sent: bytes, reason: str
) -> None:
    server = impatient(deadline)
    sample = f'gpuclass_connections_cut_total{{listener="admission",reason="{reason}"}}'
    before = server.metric(sample)
    with server.tls() as sock:
        sock.sendall(sent)
        wait_until_closed(sock)
    eventually(lambda: server.metric(sample) == before + 1, "the cut to be counted")


def test_a_dripped_body_is_cut_like_a_missing_one(impatient: Impatient) -> None:
    with impatient("body").tls() as sock:
        sock.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % (2 * DRIPS))
        sock.settimeout(0.1)
        ended = False
        for _ in range(DRIPS):
            try:
                sock.sendall(b" ")
                ended = not sock.recv(1)
            except TimeoutError:
                continue
            except OSError:
                ended = True
            if ended:
                break
        assert ended


def test_an_endless_head_is_cut(server: Server) -> None:
    sample = 'gpuclass_connections_cut_total{listener="admission",reason="oversize"}'
    before = server.metric(sample)
    with server.tls() as sock:
        try:
            sock.sendall(HEAD)
            for number in range(200):
                sock.sendall(f"X-{number}: {'x' * 1000}\r\n".encode())
        except OSError:
            pass
        wait_until_closed(sock)
    eventually(lambda: server.metric(sample) == before + 1, "the cut to be counted")


def test_others_are_answered_while_many_connections_hang(server: Server) -> None:
    hanging = [server.raw() for _ in range(40)]
    try:
        assert server.post("/mutate", review()).status == 200
    finally:
        for sock in hanging:
            sock.close()


def test_plain_http_on_the_tls_port_gets_nothing(server: Server) -> None:
    with server.raw() as sock:
        sock.sendall(HEAD + b"\r\n")
        wait_until_closed(sock)
