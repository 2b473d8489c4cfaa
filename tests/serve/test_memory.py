"""What a server holds for its clients has an end, whatever they send and however many they are."""

import sys
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from tests.serve import reviews
from tests.serve.running import Running, eventually, received_until_end
from tests.serve.server import Server, review
from webhook.core.subject.case import Stage
from webhook.serve.direct import Arrival
from webhook.serve.guard import LARGEST_HELD

HEAD = b"POST /mutate HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n"
LARGEST = 8 * 1024 * 1024
MIB = 1024 * 1024


@pytest.mark.parametrize(
    ("clients", "sent"),
    [
        pytest.param(200, HEAD + 4500 * b"ab:cd\r\n", id="thousands of headers"),
        pytest.param(
            30,
            HEAD + b"content-length: %d\r\n\r\n" % LARGEST + (LARGEST - 1) * b" ",
            id="bodies that are whole but for a byte",
        ),
        pytest.param(
            4,
            HEAD + b"transfer-encoding: chunked\r\n\r\n" + 1_000_000 * b"2\r\nab\r\n",
            id="bodies in a million parts",
        ),
        pytest.param(
            20, 20_000 * b"GET / HTTP/1.1\r\nhost: a\r\n\r\n", id="requests without a pause"
        ),
    ],
)
def test_greedy_clients_do_not_get_all_memory(
    own_server: Callable[..., Server], clients: int, sent: bytes
) -> None:
    """They are 200 at most here; a thousand may connect, and a replica may have 512 MiB."""
    server = own_server("--header-seconds", "600", "--body-seconds", "600")
    before = server.metric("process_resident_memory_bytes")
    with ExitStack() as greedy:
        for _ in range(clients):
            sock = greedy.enter_context(server.tls())
            with suppress(OSError):
                sock.sendall(sent)
        assert server.post("/mutate", review()).status == 200
        assert server.metric("process_resident_memory_bytes") - before < 100 * MIB


def test_what_was_needed_for_a_moment_is_given_back(own_server: Callable[..., Server]) -> None:
    """TLS keeps buffers as large as the largest read was, for as long as the connection lives."""
    server = own_server()
    before = server.metric("process_resident_memory_bytes")
    body = 250_000 * b" "
    with ExitStack() as many:
        for _ in range(300):
            sock = many.enter_context(server.tls())
            sock.sendall(HEAD + b"content-length: %d\r\n\r\n" % len(body) + body)
            assert sock.recv(65536).startswith(b"HTTP/1.1 400 ")
    eventually(lambda: server.metric("process_resident_memory_bytes") - before < 20 * MIB)


def test_who_holds_most_gives_way_and_nobody_else(tmp_path: Path) -> None:
    """Four of the largest requests are held; what goes makes room for another one."""
    body = reviews.body("injected")
    with Running(tmp_path, max_body_bytes=1_000_000) as server, ExitStack() as clients:

        def held() -> int:
            return sum(each.held for each in server.listener.connections())

        waiting = {}
        for size in (100_000, 980_000, 800_000, 990_000, 900_000, 700_000):
            assert server.cuts("memory") == 0
            client = waiting[size] = clients.enter_context(server.tls())
            client.sendall(HEAD + b"content-length: %d\r\n\r\n" % (size + len(body)))
            client.sendall(size * b" ")
            sent = sum(waiting)
            eventually(lambda: held() >= sent or server.cuts("memory") > 0)  # noqa: B023
        eventually(lambda: server.cuts("memory") == 2)
        for size in (990_000, 980_000):
            head = received_until_end(waiting.pop(size))
            assert head.startswith(b"HTTP/1.1 503 ")
            assert b"retry-after: 1\r\nconnection: close\r\n" in head
            assert b"holds too many bytes of requests, and most are of this connection" in head
        for client in waiting.values():
            client.sendall(body)
            assert client.recv(65536).startswith(b"HTTP/1.1 200 OK")
        eventually(lambda: held() == 0)


def test_what_is_answered_is_not_held(tmp_path: Path) -> None:
    """The bytes of a connection that asks again and again are counted once, and not for ever."""
    body = reviews.body("injected") + 900_000 * b" "
    with Running(tmp_path, max_body_bytes=1_000_000) as server, server.tls() as client:
        for _ in range(3 * LARGEST_HELD):
            client.sendall(HEAD + b"content-length: %d\r\n\r\n" % len(body) + body)
            assert client.recv(65536).startswith(b"HTTP/1.1 200 OK")
        assert server.cuts("memory") == 0


def test_a_body_in_very_many_parts_takes_no_more_than_one_in_one() -> None:
    arrival = Arrival(stage=Stage.MUTATE, allowed=10.0)
    for _ in range(100_000):
        arrival.take(b"ab")
    assert bytes(arrival.body) == 100_000 * b"ab"
    assert sys.getsizeof(arrival.body) < 300_000
