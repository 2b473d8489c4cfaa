"""Lines: how they look, and who is held up by them (nobody)."""

import json
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import suppress

import pytest

from webhook.process import logs
from webhook.process.logs import LineHandler, LineWriter
from webhook.process.settings import LogFormat, LogLevel


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe()
    yield reading, writing
    os.close(reading)
    os.close(writing)


@pytest.fixture
def _logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers, root.level = handlers, level
    logging.getLogger(logs.ROOT).setLevel(logging.NOTSET)


def a_record(message: str, **fields: object) -> logging.LogRecord:
    record = logging.LogRecord("gpuclass.x", logging.INFO, "", 0, message, (), None)
    record.created = 0.0015
    record.fields = fields
    return record


def test_a_line_of_json_is_an_event() -> None:
    event = logs.safe(logs.event(a_record("served", count=1, names=("a", "b"))))
    assert logs.render_json(event) == (
        b'{"time":"1970-01-01T00:00:00.001Z","level":"info","logger":"gpuclass.x",'
        b'"message":"served","count":1,"names":["a","b"]}\n'
    )


def test_a_line_of_text_is_for_a_terminal_and_can_not_steer_it() -> None:
    event = logs.safe(logs.event(a_record("served", names=("a", "b"), user="\x1b[31mred\n")))
    assert logs.render_text(event) == (
        b"00:00:00.001 INFO    served  names=a,b  user=\\x1b[31mred\\n\n"
    )


def test_an_exception_becomes_its_traceback() -> None:
    record = a_record("failed")
    try:
        {}["gone"]  # type: ignore[index] # it fails
    except KeyError:
        record.exc_info = sys.exc_info()
    event = logs.safe(logs.event(record))
    assert str(event["traceback"]).endswith("KeyError: 'gone'")
    assert logs.render_text(event).endswith(b"KeyError: 'gone'\n")


def test_lines_are_written_at_once_without_a_thread(pipe: tuple[int, int]) -> None:
    LineWriter(pipe[1]).write(b"a\n")
    assert os.read(pipe[0], 9) == b"a\n"


def test_the_thread_writes_everything_before_it_ends(
    pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "STOP_SECONDS", 60)
    writer = LineWriter(pipe[1])
    writer.start()
    for number in range(100):
        writer.write(b"%d\n" % number)
    writer.stop()
    assert os.read(pipe[0], 9999).split() == [b"%d" % number for number in range(100)]
    writer.write(b"after\n")
    assert os.read(pipe[0], 9) == b"after\n"


def test_a_reader_that_stalls_holds_nobody_up(
    pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "STOP_SECONDS", 0.01)
    os.set_blocking(pipe[1], False)
    writer = LineWriter(pipe[1], capacity=10_000)
    writer.start()
    for _ in range(1000):
        writer.write(b"x" * 1000)
        assert sum(map(len, writer._lines)) <= 10_000  # noqa: SLF001
    assert writer.dropped > 0
    thread = writer._thread  # noqa: SLF001
    writer.stop()
    assert thread is not None
    os.set_blocking(pipe[0], False)
    while thread.is_alive():
        with suppress(BlockingIOError):
            os.read(pipe[0], 1_000_000)
        thread.join(0.01)


def test_without_a_standard_error_lines_are_counted() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    writer = LineWriter(writing)
    writer.write(b"lost\n")
    writer.write(b"lost\ntoo\n")
    os.close(writing)
    assert writer.dropped == 3


@pytest.mark.usefixtures("_logging_as_it_was")
def test_libraries_speak_only_of_what_is_wrong(pipe: tuple[int, int]) -> None:
    logs.configure(LogLevel.INFO, LogFormat.JSON, LineWriter(pipe[1]))
    logging.getLogger("uvicorn.error").warning("noise")
    logging.getLogger("gpuclass.a").debug("noise")
    logging.getLogger("gpuclass.a").info("ours")
    logging.getLogger("gunicorn.error").error("theirs")
    lines = [json.loads(line) for line in os.read(pipe[0], 9999).splitlines()]
    assert [line["message"] for line in lines] == ["ours", "theirs"]


def test_a_line_that_can_not_be_written_breaks_nobody(
    pipe: tuple[int, int], capsys: pytest.CaptureFixture[str]
) -> None:
    def break_down(_: object) -> bytes:
        raise ValueError("no line")

    LineHandler(LineWriter(pipe[1]), break_down).emit(a_record("x"))
    assert "ValueError: no line" in capsys.readouterr().err
