"""What the server says: a line an event on standard error, JSON for machines, text for people.

Lines are handed to a thread that writes them in batches: a reader of standard error that stalls
does not stall the event loop. What can not be kept is dropped and counted.
"""

import logging
import os
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice
from typing import TypeAlias

import msgspec

from webhook.core.text import shown
from webhook.process.settings import LogFormat, LogLevel

Event: TypeAlias = Mapping[str, object]
Render: TypeAlias = Callable[[Event], bytes]

ROOT = "gpuclass"
"""Every logger of ours is below this one."""

LONGEST_LIST = 20
"""Elements of a list that are written."""
LONGEST_TRACE = 100
"""Lines of a traceback."""

BATCH_SECONDS = 0.05
CAPACITY = 8 * 1024 * 1024
"""Bytes of lines that wait: 20,000 as they are, 400 of those that a tenant makes long."""
STOP_SECONDS = 2.0

_FOREIGN = ("gunicorn.error", "uvicorn.error", "asyncio")
"""Loggers of the libraries, of which only what is wrong is of interest."""

_encode = msgspec.json.Encoder(enc_hook=str).encode


def fields(**values: object) -> dict[str, object]:
    """Give what a call of logging takes as `extra`: fields of the line beside its message."""
    return {"fields": values}


def render_json(event: Event) -> bytes:
    """Give a safe event as one line of JSON."""
    return _encode(event) + b"\n"


def render_text(event: Event) -> bytes:
    """Give a safe event as a line for a terminal, a traceback below it, each line set in."""
    pairs = "".join(f"  {key}={_word(each)}" for key, each in event.items() if key not in _HEAD)
    lines = str(event.get("traceback", "")).splitlines()
    trace = "".join(f"\n    {line}" for line in lines)
    clock, level = str(event["time"])[11:23], str(event["level"]).upper()
    return f"{clock} {level:7} {event['message']}{pairs}{trace}\n".encode()


_HEAD = frozenset({"time", "level", "logger", "message", "traceback"})

RENDER: Mapping[LogFormat, Render] = {LogFormat.JSON: render_json, LogFormat.TEXT: render_text}


def safe(event: Event) -> dict[str, object]:
    """Give an event as it may be written, whoever wrote what is in it.

    Text prints, is on one line and has 1024 characters at most; lists have few elements. Only a
    traceback has several lines, the last ones, each like that.
    """
    return {
        key: _lines(str(value)) if key == "traceback" else _bounded(value)
        for key, value in event.items()
    }


def _bounded(value: object) -> object:
    if isinstance(value, str):
        return shown(value)
    if value is None or isinstance(value, int | float):
        return value
    if isinstance(value, Mapping):
        few = islice(value.items(), LONGEST_LIST)
        return {shown(str(key)): _bounded(each) for key, each in few}
    if isinstance(value, list | tuple):
        more = len(value) - LONGEST_LIST
        rest = [f"and {more} more"] if more > 0 else []
        return [*map(_bounded, value[:LONGEST_LIST]), *rest]
    return shown(str(value))


def _lines(text: str) -> str:
    return "\n".join(map(shown, text.splitlines()[-LONGEST_TRACE:]))


def _word(value: object) -> str:
    """Give a value as text; two spaces, which stand between fields, are quoted."""
    text = ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    return repr(text) if "  " in text else text


def timestamp(seconds: float) -> str:
    """Give a moment in UTC by RFC 3339, to the millisecond."""
    whole, fraction = divmod(seconds, 1)
    return f"{_second(whole)}.{int(fraction * 1000):03}Z"


@lru_cache(maxsize=8)
def _second(seconds: float) -> str:
    """Many lines are written in one second: this is the dear part of a line."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}"


class LineWriter:
    """Writes lines to a file descriptor: at once, or by a thread between `start` and `stop`.

    `capacity` are the bytes that wait at most, `dropped` counts the lines that could not be kept or
    written. A thread does not live through a fork: the worker starts its own.
    """

    def __init__(self, descriptor: int, capacity: int = CAPACITY) -> None:
        self.dropped = 0
        self._descriptor = descriptor
        self._lines: list[bytes] = []
        self._size = 0
        self._lock = threading.Lock()
        self._capacity = capacity
        self._pending = threading.Event()
        self._thread: threading.Thread | None = None
        self._is_stopping = False

    def write(self, line: bytes) -> None:
        """Write a line, or leave it to the thread; never waits for it."""
        if self._thread is None:
            self._write_out(line)
        else:
            self._keep(line)
            if not self._pending.is_set():
                self._pending.set()

    def _keep(self, line: bytes) -> None:
        with self._lock:
            if self._size + len(line) > self._capacity:
                self.dropped += 1
            else:
                self._size += len(line)
                self._lines.append(line)

    def start(self) -> None:
        """Write from a thread from now on."""
        self._is_stopping = False
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Write what is left and end the thread; a stalled reader is not waited for long."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._is_stopping = True
            self._pending.set()
            thread.join(STOP_SECONDS)

    def _run(self) -> None:
        while not self._is_stopping:
            self._pending.wait()
            self._pending.clear()
            self._flush()
            if not self._is_stopping:
                time.sleep(BATCH_SECONDS)
        self._flush()

    def _flush(self) -> None:
        with self._lock:
            lines, self._lines, self._size = self._lines, [], 0
        if lines:
            self._write_out(b"".join(lines))

    def _write_out(self, data: bytes) -> None:
        left = memoryview(data)
        while left:
            try:
                left = left[os.write(self._descriptor, left) :]
            except BlockingIOError:
                time.sleep(BATCH_SECONDS)
            except OSError:
                # Standard error is gone, or its disk is full: there is nobody to tell.
                self.dropped += bytes(left).count(b"\n")
                return


class LineHandler(logging.Handler):
    """Hands the records of `logging` to a writer."""

    def __init__(self, writer: LineWriter, render: Render) -> None:
        super().__init__()
        self._writer = writer
        self._render = render

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record as one event."""
        try:
            self._writer.write(self._render(safe(event(record))))
        except Exception:  # noqa: BLE001 # logging's own contract: a line never breaks its caller
            self.handleError(record)


def event(record: logging.LogRecord) -> Event:
    """Give a record as an event; an exception becomes its traceback."""
    found: dict[str, object] = {
        "time": timestamp(record.created),
        "level": record.levelname.lower(),
        "logger": record.name,
        "message": record.getMessage(),
        **getattr(record, "fields", {}),
    }
    if record.exc_info:
        found["traceback"] = logging.Formatter().formatException(record.exc_info)
    return found


def configure(level: LogLevel, form: LogFormat, writer: LineWriter) -> None:
    """Send everything that is logged in this process to `writer`."""
    root = logging.getLogger()
    root.handlers = [LineHandler(writer, RENDER[form])]
    root.setLevel(logging.WARNING)
    logging.getLogger(ROOT).setLevel(level.upper())
    for name in _FOREIGN:
        quiet_foreign(logging.getLogger(name))


def quiet_foreign(logger: logging.Logger) -> None:
    """Let a library's logger speak through ours, and only of what is wrong."""
    logger.handlers = []
    logger.propagate = True
    logger.setLevel(logging.ERROR)
