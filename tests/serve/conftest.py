"""One server for tests that only ask, one of their own for tests that break something."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.serve.server import Server

DEADLINES = ("handshake", "header", "body", "answer")


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Give a server that nobody breaks."""
    running = Server(tmp_path_factory.mktemp("server"))
    yield running
    running.stop()


@pytest.fixture(scope="package")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Server]]:
    """Give the server of which one deadline is short, and no other, so that a test can wait for it.

    With two of them short, a busy machine would decide which one comes first.
    """
    started: dict[str, Server] = {}

    def start(short: str) -> Server:
        if short not in started:
            seconds = dict.fromkeys(DEADLINES, "600") | {short: "0.5"}
            flags = (f"--{name}-seconds={each}" for name, each in seconds.items())
            started[short] = Server(tmp_path_factory.mktemp(short), *flags)
        return started[short]

    yield start
    for each in started.values():
        each.stop()


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Give a way to start servers that end with the test."""
    started: list[Server] = []

    def start(*flags: str) -> Server:
        started.append(Server(tmp_path, *flags))
        return started[-1]

    yield start
    for each in started:
        each.stop()
