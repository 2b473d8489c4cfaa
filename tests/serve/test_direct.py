"""Reviews past ASGI: which take that way, and that nobody can tell which way was taken."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serve import reviews
from tests.serve.running import Counted, Running, ask, eventually, received_until_end
from webhook.core.subject.case import Stage
from webhook.serve import direct, gateway
from webhook.serve.answer import UNLIMITED, Answer
from webhook.serve.protocol import Connection

BODY = reviews.body("injected")
LENGTH = b"content-length: %d\r\n" % len(BODY)
JSON = b"content-type: application/json\r\n"
PLAIN = b"POST /mutate?timeout=10s HTTP/1.1\r\nhost: a\r\n" + JSON + LENGTH + b"\r\n" + BODY


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Counted]:
    with Counted(tmp_path) as running:
        yield running


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (b"/mutate", (Stage.MUTATE, UNLIMITED)),
        (b"/validate?timeout=10s", (Stage.VALIDATE, 10.0)),
        (b"/mutate?a=1&timeout=2.5s", (Stage.MUTATE, 2.5)),
        (b"/mutate?timeout=never", (Stage.MUTATE, UNLIMITED)),
        (b"/mutate/", None),
        (b"/Mutate", None),
        (b"/mut%61te", None),
        (b"http://a/mutate", None),
        (b"/\xff", None),
        (b"", None),
    ],
)
def test_a_url_says_what_is_asked(url: bytes, expected: object) -> None:
    assert direct.route(url) == expected


def reply(server: Running, sent: bytes, count: int = 1) -> bytes:
    """Send bytes, and give what comes until so many answers are there or the end comes."""
    with server.tls() as client:
        client.sendall(sent)
        received = b""
        while received.count(b"HTTP/1.1 ") < count or not received.endswith(b"}"):
            part = client.recv(65536)
            if not part:
                break
            received += part
        return received


@pytest.mark.parametrize(
    ("sent", "handed_on"),
    [
        pytest.param(PLAIN, 0, id="an API server's"),
        pytest.param(
            b"POST /mutate HTTP/1.1\r\nhost: a\r\n" + JSON + b"transfer-encoding: chunked\r\n\r\n"
            b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY),
            0,
            id="in chunks",
        ),
        pytest.param(
            PLAIN.replace(b"length: ", b"length: " + 5000 * b"0"), 0, id="a length of many digits"
        ),
        pytest.param(PLAIN.replace(b"/mutate", b"/mut%61te"), 1, id="a path written otherwise"),
        pytest.param(PLAIN.replace(b"host", b"expect: 100-continue\r\nhost"), 1, id="expects"),
        pytest.param(PLAIN.replace(b"HTTP/1.1", b"HTTP/1.0"), 1, id="HTTP/1.0"),
    ],
)
def test_what_is_usual_goes_past_asgi_and_gets_the_same_answer(
    server: Counted, sent: bytes, handed_on: int
) -> None:
    head, _, body = reply(server, sent).rpartition(b"\r\n\r\n")
    assert head.startswith((b"HTTP/1.1 200 OK", b"HTTP/1.1 100 Continue"))
    assert json.loads(body)["response"]["uid"] == "uid-injected"
    assert server.handed_on == handed_on


def test_both_ways_write_the_same_bytes(server: Counted) -> None:
    one, other = (
        re.sub(rb"date: [^\r]+ GMT", b"date: now", reply(server, PLAIN.replace(b"/mutate", path)))
        for path in (b"/mutate", b"/mut%61te")
    )
    assert one == other
    assert b"\r\ndate: now\r\n" in one
    assert server.handed_on == 1


@pytest.mark.parametrize("sent", [PLAIN, PLAIN.replace(b"/mutate", b"/mut%61te")])
def test_a_client_that_asks_for_the_end_gets_it(server: Counted, sent: bytes) -> None:
    with server.tls() as client:
        client.sendall(sent.replace(b"host", b"connection: close\r\nhost") + PLAIN)
        received = received_until_end(client)
    assert received.count(b"HTTP/1.1 ") == 1
    assert b"connection: close\r\n" in received


def test_what_follows_something_slow_waits_for_it(
    server: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first hangs on what may be known in a moment; its answer still comes first."""
    monkeypatch.setattr(gateway, "SECOND_LOOK_SECONDS", 0.05)
    early = reviews.body("denied", kind={"group": "gpuclass.io", "version": "v1", "kind": "X"})
    first = PLAIN.replace(LENGTH, b"content-length: %d\r\n" % len(early)).replace(BODY, early)
    received = reply(server, first + PLAIN, count=2)
    assert received.index(b"uid-denied") < received.index(b"uid-injected")
    assert server.handed_on == 2


def test_with_the_turns_time_spent_a_review_waits_for_the_next(server: Counted) -> None:
    server.service.gateway._budget._seconds = 0.0  # noqa: SLF001 # each decision is too long
    received = reply(server, 3 * PLAIN, count=3)
    assert received.count(b"uid-injected") == 3
    assert server.handed_on == 2


def test_what_waits_for_its_turn_is_decided_only_if_its_client_still_waits(
    server: Counted,
) -> None:
    budget = server.service.gateway._budget  # noqa: SLF001
    budget.is_spent = True
    with server.tls() as gone:
        gone.sendall(PLAIN)
        eventually(lambda: server.handed_on == 1)
    eventually(lambda: not [*server.listener.connections()])
    with server.tls() as patient:
        patient.sendall(PLAIN)
        eventually(lambda: server.handed_on == 2)
        assert server.decided() == 0
        budget.is_spent = False
        received = b""
        while b"uid-injected" not in received:
            received += patient.recv(65536)
    eventually(lambda: server.decided() == 1)


@pytest.mark.parametrize("is_alone", [True, False])
def test_a_review_is_answered_with_its_last_byte_where_it_comes_alone(
    server: Counted, monkeypatch: pytest.MonkeyPatch, *, is_alone: bool
) -> None:
    answered, take = [], Connection.data_received

    def note(self: Connection, data: bytes) -> None:
        take(self, data)
        answered.append(self._complete is None)

    monkeypatch.setattr(Connection, "data_received", note)
    monkeypatch.setattr(server.service.gateway, "is_alone", lambda _: is_alone)
    client = server.client()
    assert ask(client, "POST", "/mutate", BODY)[0] == 200
    client.close()
    assert answered[-1] is is_alone


def test_a_review_comes_alone_when_there_was_no_other_for_a_while(server: Counted) -> None:
    moments = (5.0, 5.0002, 5.0009, 5.0025, 5.01)
    found = [server.service.gateway.is_alone(each) for each in moments]
    assert found == [True, False, False, True, True]


def test_a_review_on_its_way_is_answered_before_the_end(server: Counted) -> None:
    with server.tls() as client:
        client.sendall(PLAIN[:-9])
        eventually(lambda: [each.phase for each in server.listener.connections()] == ["body"])
        server.call(server.stop)
        eventually(lambda: server.listener.connections()[0]._is_last)  # noqa: SLF001
        client.sendall(PLAIN[-9:])
        received = received_until_end(client)
    assert b"uid-injected" in received
    assert b"connection: close\r\n" in received
    assert server.handed_on == 0


def test_who_does_not_read_is_not_answered_without_end(tmp_path: Path) -> None:
    """Answers that nobody takes are not heaped up: what is asked then waits, and is not read."""
    huge = reviews.body("huge")
    sent = PLAIN.replace(LENGTH, b"content-length: %d\r\n" % len(huge)).replace(BODY, huge)
    with Counted(tmp_path) as server, server.tls() as deaf:
        deaf.sendall(4 * sent)
        eventually(lambda: server.handed_on == 1)
        eventually(lambda: server.decided() == 2)
        found, end = 0, b""
        while found < 4 or not end.endswith(b"}}"):
            part = deaf.recv(1_000_000)
            assert part
            # What was looked through is not looked through again: it is 32 MB in the end.
            found += (end[-7:] + part).count(b"uid-huge")
            end = (end + part)[-7:]


def test_a_fault_in_recording_reaches_nobody(
    server: Counted, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise IndexError("no counter")

    monkeypatch.setattr(server.service.gateway._observer, "record", fail)  # noqa: SLF001
    client = server.client()
    for _ in range(2):
        assert ask(client, "POST", "/mutate", BODY)[0] == 200
    client.close()
    server.service.gateway.flush()
    assert "an answer could not be recorded" in caplog.text
    assert "no counter" in caplog.text


def test_answers_are_recorded_together_or_when_metrics_are_read(server: Counted) -> None:
    gateway_of = server.service.gateway
    told: list[Stage] = []
    record = gateway_of._observer.record  # noqa: SLF001

    def note(stage: Stage, answer: Answer, at: float) -> None:
        told.append(stage)
        record(stage, answer, at)

    gateway_of._observer.record = note  # type: ignore[assignment,method-assign] # noqa: SLF001
    client = server.client()
    for number in range(1, gateway.BATCH):
        ask(client, "POST", "/mutate", BODY)
        assert (number, told) == (number, [])
    shown = server.service._render_metrics  # noqa: SLF001
    eventually(lambda: b'_count{stage="mutate"} 31.0' in shown())
    assert len(told) == gateway.BATCH - 1
    told.clear()
    for _ in range(gateway.BATCH):
        ask(client, "POST", "/mutate", BODY)
    client.close()
    eventually(lambda: len(told) == gateway.BATCH)


def test_a_large_review_is_not_kept_until_it_is_recorded(server: Counted) -> None:
    large = reviews.body("injected", options=gateway.LARGE_BYTES * "x")
    client = server.client()
    ask(client, "POST", "/mutate", BODY)
    ask(client, "POST", "/mutate", large)
    client.close()
    eventually(lambda: not server.service.gateway._answered)  # noqa: SLF001


def test_a_client_that_asks_for_the_end_gets_it_where_it_has_to_wait(
    server: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server.service.gateway, "at_once", lambda *_: None)
    with server.tls() as client:
        client.sendall(PLAIN.replace(b"host", b"connection: close\r\nhost"))
        received = received_until_end(client)
    assert b"connection: close\r\n" in received
