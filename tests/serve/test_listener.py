"""A listener on a real socket: limits, deadlines, and its end."""

import json
import logging
import socket
import ssl
import struct
import threading
import time
from contextlib import ExitStack, nullcontext, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.serve import pki, reviews
from tests.serve.running import (
    NEVER,
    SOON,
    Running,
    ask,
    error,
    eventually,
    received_until_end,
)
from webhook.serve.settings import Settings, TlsVersion

HEAD = b"POST /mutate HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n"


def test_a_connection_is_kept_for_many_reviews(tmp_path: Path) -> None:
    with Running(tmp_path) as server:
        client = server.client()
        uids = []
        for name in ("allowed", "injected", "denied"):
            status, headers, body = ask(client, "POST", "/mutate", reviews.body(name))
            assert (status, "connection" in headers, "server" in headers) == (200, False, False)
            uids.append(json.loads(body)["response"]["uid"])
        assert uids == ["uid-allowed", "uid-injected", "uid-denied"]
        assert server.service.metrics.accepted.labels("admission")._value.get() == 1  # noqa: SLF001
        client.close()


def test_tls_is_1_3_and_http_1_1(tmp_path: Path) -> None:
    with Running(tmp_path) as server:
        context = pki.trusting(server.ca)
        context.set_alpn_protocols(["h2", "http/1.1"])
        with context.wrap_socket(server.tcp(), server_hostname="localhost") as sock:
            assert (sock.version(), sock.selected_alpn_protocol()) == ("TLSv1.3", "http/1.1")


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1:DeprecationWarning")
@pytest.mark.parametrize(
    ("least", "spoken", "is_refused"),
    [
        (TlsVersion.V1_3, ssl.TLSVersion.TLSv1_2, True),
        (TlsVersion.V1_2, ssl.TLSVersion.TLSv1_2, False),
        (TlsVersion.V1_2, ssl.TLSVersion.TLSv1_1, True),
    ],
)
def test_an_older_tls_is_spoken_only_where_the_operator_says_so(
    tmp_path: Path, least: TlsVersion, spoken: ssl.TLSVersion, is_refused: bool
) -> None:
    assert Settings().tls_min_version is TlsVersion.V1_3
    with Running(tmp_path, tls_min_version=least) as server:
        context = pki.trusting(server.ca)
        context.minimum_version = context.maximum_version = spoken
        refused = pytest.raises(ssl.SSLError) if is_refused else nullcontext()
        with server.tcp() as tcp, refused:
            context.wrap_socket(tcp, server_hostname="localhost").close()
        eventually(lambda: server.cuts("handshake") == is_refused)


@pytest.mark.parametrize(
    ("deadline", "sent", "reason"),
    [
        pytest.param("header", b"POST /mutate HTT", "headers", id="headers"),
        pytest.param("header", b"\r\n", "headers", id="before headers"),
        pytest.param("body", HEAD + b"content-length: 99\r\n\r\n{", "body", id="body"),
        pytest.param(
            "body", HEAD + b"transfer-encoding: chunked\r\n\r\n5\r\n{", "body", id="chunk"
        ),
        pytest.param(
            "body",
            HEAD.replace(b"application/json", b"text/plain") + b"content-length: 9\r\n\r\n",
            None,
            id="a body after its refusal",
        ),
    ],
)
def test_who_stops_in_the_middle_is_cut(
    tmp_path: Path, deadline: str, sent: bytes, reason: str | None
) -> None:
    short: dict[str, Any] = {f"{deadline}_seconds": SOON}
    with Running(tmp_path, **short) as server, server.tls() as slow:
        slow.sendall(sent)
        received_until_end(slow)
        if reason:
            eventually(lambda: server.cuts(reason) == 1)


@pytest.mark.parametrize(
    ("deadline", "start", "reason"),
    [
        pytest.param("header", b"POST /mutate HTTP/1.1\r\nx: ", "headers", id="headers"),
        pytest.param("body", HEAD + b"content-length: 999999\r\n\r\n", "body", id="body"),
    ],
)
def test_dripping_bytes_wins_no_time(
    tmp_path: Path, deadline: str, start: bytes, reason: str
) -> None:
    def is_cut() -> bool:
        with suppress(OSError):
            slow.sendall(b"x")
        return server.cuts(reason) == 1

    short: dict[str, Any] = {f"{deadline}_seconds": SOON}
    with Running(tmp_path, **short) as server, server.tls() as slow:
        slow.sendall(start)
        eventually(is_cut)


def test_others_are_served_meanwhile(tmp_path: Path) -> None:
    with Running(tmp_path) as server, server.tls() as slow, server.tcp():
        slow.sendall(HEAD)
        client = server.client()
        assert ask(client, "POST", "/mutate", reviews.body())[0] == 200
        client.close()


def test_who_does_not_take_the_answer_is_cut(tmp_path: Path) -> None:
    with Running(tmp_path, answer_seconds=SOON) as server, server.tls() as deaf:
        body = reviews.body("huge")
        deaf.sendall(2 * (HEAD + b"content-length: %d\r\n\r\n" % len(body) + body))
        eventually(lambda: server.cuts("answer") == 1)


def test_an_idle_connection_ends_in_good_order_and_a_new_one_may_wait_as_long(
    tmp_path: Path,
) -> None:
    begun = time.monotonic()
    with Running(tmp_path, keep_alive_seconds=3 * SOON) as server, server.tls() as fresh:
        assert fresh.recv(1) == b""
        assert time.monotonic() - begun > 3 * SOON
        assert sum(server.cuts(each) for each in ("headers", "body", "answer")) == 0


@pytest.mark.parametrize(
    ("sent", "status", "message", "reason"),
    [
        pytest.param(
            b"rubbish\r\n\r\n",
            400,
            "no request as HTTP/1.1 has it: Invalid method encountered",
            "malformed",
            id="no HTTP",
        ),
        pytest.param(
            b"GET /\xff HTTP/1.1\r\n\r\n",
            400,
            "no request as HTTP/1.1 has it: Invalid char in url path",
            "malformed",
            id="a path that is no ASCII",
        ),
        pytest.param(
            HEAD + b"x: " + b"y" * 5000 + b"\r\n\r\n",
            431,
            "the head has more than 2000 bytes or 100 headers",
            "oversize",
            id="large headers at once",
        ),
        pytest.param(
            HEAD + b"x: " + b"y" * 5000,
            431,
            "the head has more than 2000 bytes or 100 headers",
            "oversize",
            id="headers without end",
        ),
        pytest.param(
            HEAD + b"a:\r\n" * 99 + b"\r\n",
            431,
            "the head has more than 2000 bytes or 100 headers",
            "oversize",
            id="many small headers at once",
        ),
        pytest.param(
            HEAD + b"a:\r\n" * 100,
            431,
            "the head has more than 2000 bytes or 100 headers",
            "oversize",
            id="many small headers without end",
        ),
        pytest.param(
            HEAD + b"transfer-encoding: chunked\r\n\r\n" + b"1;" + b"x" * 90_000,
            413,
            "the body is larger than 9000 bytes",
            "oversize",
            id="a chunk with more about it than in it",
        ),
        pytest.param(
            HEAD + b"transfer-encoding: chunked\r\n\r\n1\r\n \r\n0\r\n" + 100 * b"a:\r\n",
            413,
            "the body is larger than 9000 bytes",
            "oversize",
            id="many trailers",
        ),
        pytest.param(
            HEAD + b"transfer-encoding: chunked\r\n\r\n" + 10_001 * b"1\r\n \r\n",
            400,
            "the body comes in more than 10000 parts",
            "malformed",
            id="a body in very many chunks",
        ),
    ],
)
def test_what_is_no_request_is_refused_in_json(
    tmp_path: Path, sent: bytes, status: int, message: str, reason: str
) -> None:
    limits: dict[str, Any] = {"max_header_bytes": 2000, "max_body_bytes": 9000}
    with Running(tmp_path, **limits) as server, server.tls() as client:
        client.sendall(sent)
        head, _, body = received_until_end(client).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 %d " % status)
        assert b"connection: close" in head
        assert reviews.fault(status, json.loads(body)) == message
        eventually(lambda: server.cuts(reason) == 1)


@pytest.mark.parametrize("size", [8 * 1024 * 1024 + 1, 9 * 1024 * 1024])
def test_a_body_above_8_mib_is_refused_before_it_is_sent(tmp_path: Path, size: int) -> None:
    with Running(tmp_path) as server, server.tls() as client:
        client.sendall(HEAD + b"content-length: %d\r\n\r\n" % size)
        reply = received_until_end(client)
        assert reply.startswith(b"HTTP/1.1 413 ")
        assert b"larger than 8388608 bytes" in reply


def test_a_body_of_8_mib_is_read(tmp_path: Path) -> None:
    with Running(tmp_path) as server:
        start = reviews.body("injected")
        client = server.client()
        status, _, _ = ask(client, "POST", "/mutate", start + b" " * (8 * 1024 * 1024 - len(start)))
        assert status == 200
        client.close()


def test_requests_that_follow_without_a_pause_are_answered_in_order(tmp_path: Path) -> None:
    with Running(tmp_path, header_seconds=2.0) as server, server.tls() as client:
        names = ("allowed", "injected", "denied")
        bodies = [reviews.body(name) for name in names]
        head = HEAD + b"content-length: %d\r\n\r\n"
        client.sendall(b"".join(head % len(body) + body for body in bodies) + b"POST /mut")
        reply = received_until_end(client).decode()
        places = [reply.index(f"uid-{name}") for name in names]
        assert places == sorted(places)
        eventually(lambda: server.cuts("headers") == 1)


def test_requests_that_wait_for_the_first_are_few(tmp_path: Path) -> None:
    """Seventeen are answered; who sends more before the first is answered is no client of ours."""
    asked = b"GET /livez HTTP/1.1\r\nhost: a\r\n\r\n"
    with Running(tmp_path, "probes") as server:
        with server.tcp() as client:
            client.sendall(17 * asked)
            received = b""
            while received.count(b'{"alive":true}') < 17:
                received += client.recv(65536)
        with server.tcp() as client:
            client.sendall(18 * asked)
            received = received_until_end(client)
            assert received.startswith(b"HTTP/1.1 400 ")
            assert received.count(b"HTTP/1.1 ") == 1
        eventually(lambda: server.cuts("malformed") == 1)


def test_who_leaves_before_the_answers_is_not_answered(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Each answer to somebody who has gone was a traceback in the log."""
    with Running(tmp_path, "probes") as server:
        for _ in range(20):
            with server.tcp() as client:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                client.sendall(9 * b"GET /metrics HTTP/1.1\r\nhost: a\r\n\r\n")
                assert client.recv(1) == b"H"
        eventually(lambda: server.listener.count() == 0)
        with server.tcp() as client:
            client.sendall(b"GET /livez HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
            assert received_until_end(client).endswith(b'{"alive":true}')
    assert [each.getMessage() for each in caplog.records if each.levelno > logging.INFO] == []


def test_while_draining_every_answer_ends_its_connection(tmp_path: Path) -> None:
    with Running(tmp_path) as server:
        client, other = server.client(), server.client()
        assert "connection" not in ask(client, "POST", "/mutate", reviews.body())[1]
        server.call(server.service.health.begin_drain)
        eventually(lambda: server.service.health.is_draining)
        for path in ("/mutate", "/nothing"):
            status, headers, _ = ask(client, "POST", path, reviews.body())
            assert (status, headers["connection"]) == (200 if path == "/mutate" else 404, "close")
        status, _, body = ask(other, "GET", "/readyz")
        assert (status, json.loads(body)["ready"]) == (503, False)
        client.close()
        other.close()


def test_a_stop_at_once_waits_for_nobody(tmp_path: Path) -> None:
    with Running(tmp_path, keep_alive_seconds=NEVER) as server, server.tls() as idle:
        server.listener.force_exit = True
        server.call(server.stop)
        assert received_until_end(idle) == b""


@pytest.mark.parametrize(
    ("method", "path", "headers", "status", "message"),
    [
        ("GET", "/mutate", {}, 405, "GET /mutate: method not allowed"),
        ("PUT", "/validate", {}, 405, "PUT /validate: method not allowed"),
        ("POST", "/mutate", {}, 415, "expected Content-Type application/json, and none is given"),
        ("GET", "/", {}, 404, "GET /: not found"),
    ],
)
def test_errors_come_over_the_wire_as_json(
    tmp_path: Path, method: str, path: str, headers: dict[str, str], status: int, message: str
) -> None:
    with Running(tmp_path) as server:
        client = server.client()
        reply = ask(client, method, path, b"" if method != "GET" else None, headers)
        assert (reply[0], error(reply)) == (status, message)
        client.close()


def test_a_probe_waits_for_nobody_who_reads_metrics(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rendered = threading.Event()
    with Running(tmp_path, "probes") as server, ExitStack() as readers:
        readers.callback(rendered.set)
        wait = rendered.wait
        monkeypatch.setattr(server.service.metrics, "render", lambda: b"%d" % wait(NEVER))
        clients = [readers.enter_context(server.tcp()) for _ in range(5)]
        for each in clients:
            each.sendall(b"GET /metrics HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
        prober = server.client()
        assert ask(prober, "GET", "/livez")[0] == ask(prober, "GET", "/readyz")[0] == 200
        prober.close()
        rendered.set()
        assert all(received_until_end(each).endswith(b"\r\n\r\n1") for each in clients)


def test_probes_are_plain_http(tmp_path: Path) -> None:
    with Running(tmp_path, "probes") as server:
        client = server.client()
        assert ask(client, "GET", "/livez")[0] == 200
        assert b'gpuclass_connections{listener="probes"} 1.0' in ask(client, "GET", "/metrics")[2]
        assert ask(client, "HEAD", "/readyz")[2] == b""
        assert ask(client, "POST", "/mutate", reviews.body())[0] == 404
        client.close()
