"""One server for tests that only ask, one of their own for tests that break something."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.serve.server import Server


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Give a server whose deadlines are short, so that tests of them are too."""
    deadlines = ("handshake", "header", "body")
    flags = (each for name in deadlines for each in (f"--{name}-seconds", "0.5"))
    running = Server(tmp_path_factory.mktemp("server"), *flags)
    yield running
    running.stop()


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
