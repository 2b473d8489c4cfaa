"""Newcomers: when their handshakes begin, and who of them waits for nothing."""

import socket
import ssl
import struct
import threading
import time
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path

import pytest

from tests.serve import pki
from tests.serve.running import SOON, Running, eventually, received_until_end
from tests.serve.shapes import HONEST
from webhook.serve import newcomers
from webhook.serve.newcomers import HANDSHAKES


@pytest.mark.parametrize("hello", [b"", b"\x16\x03\x01\x02"], ids=["silent", "half a hello"])
def test_a_handshake_has_a_deadline(tmp_path: Path, hello: bytes) -> None:
    with Running(tmp_path, handshake_seconds=SOON) as server, server.tcp() as slow:
        slow.sendall(hello)
        assert received_until_end(slow) == b""
        eventually(lambda: server.cuts("handshake") == 1)


def test_who_knocked_before_the_end_is_answered(tmp_path: Path) -> None:
    with Running(tmp_path) as server:
        late = server.tcp()
        eventually(lambda: server.listener.count() == 1)
        server.call(server.stop)
        with pki.trusting(server.ca).wrap_socket(late, server_hostname="localhost") as sock:
            sock.sendall(HONEST)
            assert received_until_end(sock).startswith(b"HTTP/1.1 200 ")


def test_handshakes_begin_by_and_by(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also those of a crowd that is let in first and says its first word at one moment."""
    monkeypatch.setattr(newcomers, "PER_SECOND", 0)  # however long a turn takes here
    crowd, gate, asked, begun = 5 * HANDSHAKES, threading.Event(), [], [0]

    def note() -> ssl.SSLContext:
        asked.append(server.service.certificates.context)
        return asked[-1]

    def watch() -> None:
        begun.append(len(asked))
        if begun[-1] < crowd:
            server.loop.call_soon(watch)

    with Running(tmp_path) as server, ExitStack() as stack:
        server.listener._context = note  # noqa: SLF001
        silent = [stack.enter_context(server.tcp()) for _ in range(crowd)]
        eventually(lambda: server.listener.count() == crowd)
        server.loop.call_soon_threadsafe(gate.wait)
        for each in silent:
            each.sendall(b"\x16")
        server.call(watch)
        gate.set()
        eventually(lambda: begun[-1] == crowd)
    assert max(b - a for a, b in pairwise(begun)) == HANDSHAKES


def test_more_handshakes_begin_where_a_turn_takes_long(tmp_path: Path) -> None:
    """Four in each turn of half a second would leave those behind to their deadline."""
    crowd, gate, begun = 10 * HANDSHAKES, threading.Event(), []

    def note() -> ssl.SSLContext:
        begun.append(time.monotonic())
        return server.service.certificates.context

    def be_slow() -> None:
        time.sleep(0.2)
        if len(begun) < crowd:
            server.loop.call_soon(be_slow)

    with Running(tmp_path) as server, ExitStack() as stack:
        server.listener._context = note  # noqa: SLF001
        silent = [stack.enter_context(server.tcp()) for _ in range(crowd)]
        eventually(lambda: server.listener.count() == crowd)
        server.loop.call_soon_threadsafe(gate.wait)
        for each in silent:
            each.sendall(b"\x16")
        server.call(be_slow)
        gate.set()
        eventually(lambda: len(begun) == crowd)
    turns = [1 for one, other in pairwise(begun) if other - one > 0.1]
    assert len(turns) <= 3


def test_who_leaves_before_a_word_is_counted(tmp_path: Path) -> None:
    gate = threading.Event()
    with Running(tmp_path) as server:
        server.loop.call_soon_threadsafe(gate.wait)
        with server.tcp() as gone:
            gone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        gate.set()
        eventually(lambda: server.cuts("handshake") == 1)
        assert server.listener.count() == 0


def test_before_the_end_everybody_who_knocked_is_let_in(tmp_path: Path) -> None:
    crowd = 20
    with Running(tmp_path) as server, ExitStack() as stack:
        early = [stack.enter_context(server.tcp()) for _ in range(crowd)]
        eventually(lambda: server.listener.count() == crowd)
        deaf = server.listener._listening  # noqa: SLF001
        server.loop.call_soon_threadsafe(server.loop.remove_reader, deaf)
        late = [stack.enter_context(server.tcp()) for _ in range(crowd)]
        server.call(server.stop)
        trusting = pki.trusting(server.ca)
        secure = [trusting.wrap_socket(each, server_hostname="localhost") for each in early + late]
        for sock in secure:
            stack.enter_context(sock).sendall(HONEST)
        assert all(received_until_end(sock).startswith(b"HTTP/1.1 200 ") for sock in secure)
