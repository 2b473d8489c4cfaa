"""Who makes room for whom, where places or file descriptors are scarce."""

import errno
import math
import os
import socket
import threading
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.serve import reviews
from tests.serve.running import Running, ask, eventually, received_until_end
from webhook.serve import listener, newcomers


def test_with_all_places_taken_who_idled_longest_makes_room(tmp_path: Path) -> None:
    with Running(tmp_path, max_connections=2) as server:
        first, second, third = server.client(), server.client(), server.client()
        for client in (first, second, third):
            assert ask(client, "POST", "/mutate", reviews.body())[0] == 200
        eventually(lambda: server.cuts("idle") == 1)
        assert ask(second, "POST", "/mutate", reviews.body())[0] == 200
        assert first.sock is not None
        assert first.sock.recv(1) == b""
        for client in (first, second, third):
            client.close()


def test_who_never_says_goodbye_keeps_no_place_beyond_the_limit(tmp_path: Path) -> None:
    """A connection that is closed stays for `--answer-seconds` if its client does not listen."""
    with Running(tmp_path, max_connections=2) as server, ExitStack() as deaf:
        for number in range(1, 9):
            deaf.enter_context(server.tls())
            eventually(lambda: len(server.listener.connections()) == min(number, 3))  # noqa: B023
        eventually(lambda: server.listener.count() == 3)
    assert server.cuts("full") == 0


def test_with_all_places_busy_a_newcomer_is_turned_away(tmp_path: Path) -> None:
    with Running(tmp_path, max_connections=1) as server:
        with server.tcp(), server.tcp() as newcomer:
            assert received_until_end(newcomer) == b""
        eventually(lambda: server.cuts("full") == 1)


class Scarce:
    """A listening socket where there is no file descriptor for the next connections."""

    def __init__(self, listening: socket.socket, missing: float) -> None:
        self._listening, self.missing = listening, missing

    def accept(self) -> tuple[socket.socket, object]:
        """Accept, once there are descriptors."""
        if self.missing:
            self.missing -= 1
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        return self._listening.accept()

    def __getattr__(self, name: str) -> object:
        """Be the socket otherwise."""
        return getattr(self._listening, name)


def make_scarce(server: Running, missing: float) -> Scarce:
    found = Scarce(server.listener._listening, missing)  # noqa: SLF001
    server.listener._listening = found  # type: ignore[assignment] # noqa: SLF001
    return found


def test_without_file_descriptors_who_idled_longest_makes_room_after_a_while(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener, "SCARCE_SECONDS", 0.5)
    with Running(tmp_path) as server:
        first, second, third = server.client(), server.client(), server.client()
        for client in (first, second):
            assert ask(client, "POST", "/mutate", reviews.body())[0] == 200
        scarce = make_scarce(server, math.inf)
        asking = threading.Thread(target=ask, args=(third, "POST", "/mutate", reviews.body()))
        asking.start()
        eventually(lambda: server.cuts("idle") > 0)
        scarce.missing = 0
        asking.join()
        assert first.sock is not None
        assert received_until_end(first.sock) == b""
        for client in (first, second, third):
            client.close()
    assert "can not accept" in [each.getMessage() for each in caplog.records]


def test_who_never_asked_makes_room_first(tmp_path: Path) -> None:
    with Running(tmp_path) as server:
        asked, newcomer = server.client(), server.client()
        assert ask(asked, "POST", "/mutate", reviews.body())[0] == 200
        with server.tls() as silent:
            eventually(lambda: len(server.listener.connections()) == 2)
            make_scarce(server, 1)
            assert ask(newcomer, "POST", "/mutate", reviews.body())[0] == 200
            assert received_until_end(silent) == b""
        assert ask(asked, "POST", "/mutate", reviews.body())[0] == 200
        for client in (asked, newcomer):
            client.close()


def test_without_file_descriptors_or_idlers_a_newcomer_waits(tmp_path: Path) -> None:
    with Running(tmp_path) as server:
        make_scarce(server, 3)
        client = server.client()
        assert ask(client, "POST", "/mutate", reviews.body())[0] == 200
        assert server.cuts("idle") == 0
        client.close()


@pytest.mark.parametrize("scarce", ["places", "descriptors"])
def test_who_never_says_a_word_keeps_nothing_that_another_one_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scarce: str
) -> None:
    monkeypatch.setattr(newcomers, "SILENT_SECONDS", 0.0)
    places = 1 if scarce == "places" else 9
    with Running(tmp_path, max_connections=places) as server, server.tcp() as silent:
        eventually(lambda: server.listener.count() == 1)
        make_scarce(server, 1 if scarce == "descriptors" else 0)
        client = server.client()
        assert ask(client, "POST", "/mutate", reviews.body())[0] == 200
        assert received_until_end(silent) == b""
        assert (server.cuts("handshake"), server.cuts("full")) == (1, 0)
        client.close()
