"""What becomes of requests that two programs may read in two ways, over TLS and over plain TCP.

All that is not plain either ends its connection, with nothing decided, or is followed on it by an
honest review as if nothing had been.
"""

import json
import socket
from collections.abc import Iterator

import pytest

from tests.serve import reviews
from tests.serve.running import Counted, eventually, received_until_end
from tests.serve.shapes import (
    HEAD,
    HONEST,
    LARGE,
    LAST,
    LENGTH,
    SHAPES,
    START,
    Refused,
    Taken,
    statuses,
)
from webhook.serve.cut import Cut
from webhook.serve.protocol import Connection


class Wired(Counted):
    """A server of reviews over TLS or, with its contexts taken away, over plain TCP."""

    def connect(self) -> socket.socket:
        """Connect, ready to ask."""
        return self.tls() if self.context else self.tcp()


@pytest.fixture(scope="module", params=["TLS", "TCP"])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Wired]:
    """Give one server for all of a kind: what one row does, the next must not notice."""
    wired = Wired(tmp_path_factory.mktemp("wired"), max_body_bytes=9000)
    if request.param == "TCP":
        wired.context = None
    with wired:
        yield wired


def said(server: Wired, sent: bytes, *, is_last: bool) -> bytes:
    """Send bytes, and an honest review after them unless they are the last; give all answers."""
    with server.connect() as client:
        client.sendall(sent if is_last else sent + LAST)
        return received_until_end(client)


def assert_refused(server: Wired, sent: bytes, expected: Refused) -> None:
    before = server.decided(), server.cuts(expected.cut)
    head, _, body = said(server, sent, is_last=True).partition(b"\r\n\r\n")
    assert statuses(head) == (expected.status,)
    assert b"\r\nconnection: close" in head
    assert reviews.fault(expected.status, json.loads(body)) == expected.message
    assert (server.decided(), server.cuts(expected.cut)) == (before[0], before[1] + 1)


def assert_taken(server: Wired, sent: bytes, expected: Taken) -> None:
    before = server.decided(), sum(server.cuts(each) for each in Cut)
    received = said(server, sent, is_last=expected.ends)
    honest = 0 if expected.ends else 1
    assert statuses(received) == expected.statuses + honest * (200,)
    assert received.count(b'"uid":"uid-injected"') == expected.decided + honest
    after = server.decided(), sum(server.cuts(each) for each in Cut)
    assert after == (before[0] + expected.decided + honest, before[1])


def assert_serves(server: Wired) -> None:
    """Have the next one served, and nothing left of the one before."""
    assert statuses(said(server, b"", is_last=False)) == (200,)
    eventually(lambda: not server.listener.connections() and not server.listener.server_state.tasks)


@pytest.mark.parametrize(("sent", "expected"), SHAPES.values(), ids=SHAPES)
def test_what_may_be_read_in_two_ways_is_refused_or_has_one_answer(
    server: Wired, sent: bytes, expected: Refused | Taken
) -> None:
    if isinstance(expected, Refused):
        assert_refused(server, sent, expected)
    else:
        assert_taken(server, sent, expected)
    assert_serves(server)


@pytest.mark.parametrize("server", ["TLS"], indirect=True)
@pytest.mark.parametrize(("sent", "expected"), LARGE.values(), ids=LARGE)
def test_what_is_too_large_is_refused(server: Wired, sent: bytes, expected: Refused) -> None:
    assert_refused(server, sent, expected)
    assert_serves(server)


@pytest.mark.parametrize(
    "half",
    [
        pytest.param(HONEST[:2], id="of the method"),
        pytest.param(START[:-1], id="of the first line's end"),
        pytest.param(HEAD[:-5], id="of a value"),
        pytest.param(HEAD + b"content-len", id="of a name"),
        pytest.param(HEAD + LENGTH + b"\r", id="of the head's end"),
        pytest.param(HONEST[:-9], id="of the body"),
    ],
)
def test_a_half_that_comes_with_the_next_request_belongs_to_the_first(
    server: Wired, monkeypatch: pytest.MonkeyPatch, half: bytes
) -> None:
    read = []
    take = Connection.data_received

    def note(self: Connection, data: bytes) -> None:
        take(self, data)
        read.append(data)

    monkeypatch.setattr(Connection, "data_received", note)
    decided = server.decided()
    with server.connect() as client:
        client.sendall(half)
        eventually(lambda: b"".join(read) == half)
        client.sendall(HONEST[len(half) :] + LAST)
        received = received_until_end(client)
    assert statuses(received) == (200, 200)
    assert received.count(b'"uid":"uid-injected"') == 2
    assert server.decided() == decided + 2
