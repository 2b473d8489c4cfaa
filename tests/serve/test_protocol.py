"""One connection from its first byte to its last: what is read, what is answered, what is not."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.serve import reviews
from tests.serve.half_closed import said_over_tcp, said_over_tls
from tests.serve.running import Counted, Running, eventually, received_until_end
from webhook.serve.protocol import Connection

BODY = reviews.body("injected")
PLAIN = (
    b"POST /mutate HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n"
    b"content-length: %d\r\n\r\n%s" % (len(BODY), BODY)
)
LAST = PLAIN.replace(b"host", b"connection: close\r\nhost")
WRITTEN_OTHERWISE = b"/mut%61te"
"""A path that goes through ASGI."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Counted]:
    with Counted(tmp_path) as running:
        yield running


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Give the sizes of what connections are told of, as it comes."""
    sizes = []
    take = Connection.data_received

    def note(self: Connection, data: bytes) -> None:
        take(self, data)
        sizes.append(len(data))

    monkeypatch.setattr(Connection, "data_received", note)
    return sizes


def do_nothing(_: Counted) -> None:
    """Leave a server as it is."""


def drain(server: Counted) -> None:
    """Have every answer be its connection's last."""
    server.call(server.service.health.begin_drain)
    eventually(lambda: server.service.health.is_draining)


@pytest.mark.parametrize("path", [b"/mutate", WRITTEN_OTHERWISE], ids=["direct", "ASGI"])
@pytest.mark.parametrize(
    ("before", "last"),
    [
        pytest.param(do_nothing, LAST, id="the client says so"),
        pytest.param(do_nothing, PLAIN.replace(b"HTTP/1.1", b"HTTP/1.0"), id="HTTP/1.0"),
        pytest.param(
            do_nothing,
            PLAIN.replace(b"HTTP/1.1", b"HTTP/1.0").replace(
                b"host", b"connection: keep-alive\r\nhost"
            ),
            id="HTTP/1.0 that would go on",
        ),
        pytest.param(drain, PLAIN, id="the server drains"),
        pytest.param(
            do_nothing, PLAIN.replace(b"application/json", b"text/plain"), id="its answer says so"
        ),
    ],
)
def test_what_follows_the_last_request_is_not_decided(
    server: Counted, before: Callable[[Counted], None], last: bytes, path: bytes
) -> None:
    before(server)
    is_review = b"text/plain" not in last
    with server.tls() as client:
        client.sendall((last + 3 * PLAIN).replace(b"/mutate", path))
        received = received_until_end(client)
    assert received.count(b"HTTP/1.1 ") == received.count(b"connection: close\r\n") == 1
    assert received.startswith(b"HTTP/1.1 200 " if is_review else b"HTTP/1.1 415 ")
    eventually(lambda: not server.listener.connections())
    assert server.decided() == is_review
    assert server.handed_on <= 1
    assert server.cuts("malformed") == 0


@pytest.mark.parametrize("begun", [b"", PLAIN, b"\x00"], ids=["nothing", "another", "no HTTP"])
def test_while_the_last_answer_is_waited_for_nothing_more_is_read_or_held(
    server: Counted, read: list[int], begun: bytes
) -> None:
    budget = server.service.gateway._budget  # noqa: SLF001
    budget.is_spent = True
    with server.tls() as client:
        client.sendall(LAST + begun)
        eventually(lambda: server.handed_on == 1)
        client.sendall(100 * PLAIN + b"\x00" * 1_000_000)
        eventually(lambda: sum(read) == len(LAST + begun + 100 * PLAIN) + 1_000_000)
        (connection,) = server.listener.connections()
        assert connection.held == len(LAST + begun)
        budget.is_spent = False
        received = received_until_end(client)
    assert received.startswith(b"HTTP/1.1 200 ")
    assert received.count(b"HTTP/1.1 ") == 1
    assert server.decided() == server.handed_on == 1
    assert server.cuts("malformed") == 0


def test_requests_that_wait_are_forgotten_with_the_last_answer(tmp_path: Path) -> None:
    """The first answer ends the connection; its client does not say goodbye."""
    with Running(tmp_path) as server, server.tls() as client:
        untyped = PLAIN.replace(b"application/json", b"text/plain")
        client.sendall(untyped + 10 * PLAIN)
        assert client.recv(65536).startswith(b"HTTP/1.1 415 ")
        eventually(lambda: [each.phase for each in server.listener.connections()] == ["closing"])
        (connection,) = server.listener.connections()
        assert not connection.pipeline


@pytest.mark.parametrize("with_fin", [False, True], ids=["close_notify", "close_notify and FIN"])
@pytest.mark.parametrize("asked", [1, 3])
def test_who_says_no_more_over_tls_is_answered(
    server: Counted, monkeypatch: pytest.MonkeyPatch, asked: int, with_fin: bool
) -> None:
    monkeypatch.setattr(server.service.gateway, "is_alone", lambda _: False)
    received = said_over_tls(server, asked * PLAIN, with_fin=with_fin)
    assert received.count(b"HTTP/1.1 200 ") == received.count(b"uid-injected") == asked
    eventually(lambda: not server.listener.connections())
    assert (server.decided(), server.handed_on) == (asked, 0)


@pytest.mark.parametrize(
    ("sent", "is_busy"),
    [
        pytest.param(PLAIN, True, id="it has to wait"),
        pytest.param(PLAIN.replace(b"/mutate", WRITTEN_OTHERWISE), False, id="through ASGI"),
        pytest.param(PLAIN[:-1], False, id="a byte is missing"),
        pytest.param(b"", False, id="nothing was asked"),
    ],
)
def test_what_can_not_be_answered_at_once_over_tls_is_not_decided(
    server: Counted, sent: bytes, is_busy: bool
) -> None:
    server.service.gateway._budget.is_spent = is_busy  # noqa: SLF001
    assert said_over_tls(server, sent, with_fin=False) == b""
    eventually(lambda: not server.listener.connections() and not server.listener.server_state.tasks)
    assert server.decided() == 0


@pytest.mark.parametrize(
    ("sent", "answers"),
    [
        pytest.param(b"GET /livez HTTP/1.1\r\nhost: a\r\n\r\n", 1, id="one"),
        pytest.param(5 * b"GET /livez HTTP/1.1\r\nhost: a\r\n\r\n", 5, id="five"),
        pytest.param(b"GET /livez HTTP/1.1\r\nhost: a\r\n", 0, id="half of one"),
        pytest.param(b"", 0, id="none"),
    ],
)
def test_who_says_no_more_over_tcp_is_answered(tmp_path: Path, sent: bytes, answers: int) -> None:
    with Running(tmp_path, "probes") as server:
        received = said_over_tcp(server, sent)
        assert received.count(b"HTTP/1.1 200 ") == received.count(b'{"alive":true}') == answers
        assert received.count(b"connection: close\r\n") == min(answers, 1)
        eventually(lambda: not server.listener.connections())
