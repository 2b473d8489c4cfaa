"""However the network cuts what a client sends, it is answered the same.

In memory: over sockets it would be the kernel that says what comes together.
"""

import asyncio
from typing import Any, cast

import pytest
import uvloop
from uvicorn.server import ServerState

from tests.serve import pki
from tests.serve.running import make
from tests.serve.shapes import SHAPES, Refused, Taken, statuses
from webhook.serve import listener
from webhook.serve.protocol import Connection
from webhook.serve.service import Service


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Service:
    folder = tmp_path_factory.mktemp("certs")
    pki.write(folder, pki.authority())
    return make(folder, max_body_bytes=9000)


class Recorder:
    """A transport that keeps what is written."""

    def __init__(self) -> None:
        self.written, self._is_closed = b"", False

    def write(self, data: bytes) -> None:
        """Keep bytes, until it is closed."""
        if not self._is_closed:
            self.written += data

    def is_closing(self) -> bool:
        """Tell whether it was closed."""
        return self._is_closed

    def close(self) -> None:
        """Keep nothing more."""
        self._is_closed = True

    def get_extra_info(self, _: str, default: object = None) -> object:
        """Know nothing."""
        return default

    def pause_reading(self) -> None:
        """Need nothing: what is read comes from the test."""

    resume_reading = pause_reading


async def answered(service: Service, sent: bytes, size: int) -> tuple[bytes, bool]:
    """Give what is written to who sends bytes in reads of a size, and whether that was the end."""
    guard, state, transport = service.guard("admission"), ServerState(), Recorder()
    config = listener._config(service.admission, guard)  # noqa: SLF001
    connection = Connection(guard, config, state, service.gateway)
    connection.connection_made(cast("Any", transport))
    for start in range(0, len(sent), size):
        connection.data_received(sent[start : start + size])
    await asyncio.sleep(0)
    while state.tasks:
        await asyncio.gather(*state.tasks)
    is_closed = transport.is_closing()
    connection.connection_lost(None)
    return transport.written, is_closed


@pytest.mark.parametrize(("sent", "expected"), SHAPES.values(), ids=SHAPES)
def test_how_bytes_come_changes_nothing(
    service: Service, sent: bytes, expected: Refused | Taken
) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        for size in (len(sent), 1, 2, 3, 7, 64):
            written, is_closed = runner.run(answered(service, sent, size))
            assert statuses(written) == expected.statuses
            assert is_closed is expected.ends
