"""One resource of the API server, listed and then watched for as long as the program runs.

The store is never emptied by a failure: what was known stays until a whole new list takes its
place. Why this is no informer of the official client: docs/adr/0011-own-reflector.md.
"""

import logging
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import Generic, Protocol, TypeVar

import msgspec
from urllib3 import HTTPResponse

from webhook.process.logs import ROOT, fields
from webhook.watch import failure, wire
from webhook.watch.connection import CONNECTION_ERRORS, READ_SECONDS
from webhook.watch.failure import Reason, WatchError
from webhook.watch.resource import Figures, Resource
from webhook.watch.store import Store
from webhook.watch.wire import Key

T = TypeVar("T")

WATCH_SECONDS, SPREAD_SECONDS = 40, 8
"""How long a watch lasts: from the first, up to the second more. Its end is a sign of life, with a
bookmark just before; so a connection that was cut without a word is found out within a minute."""
GRACE_SECONDS = 8.0
"""How much longer than a watch lasts nothing may be heard."""
SHORTEST_WATCH_SECONDS = 1.0
"""A watch that ends earlier and told nothing has failed, whatever it looks like."""
JOIN_SECONDS = 2.0

_log = logging.getLogger(f"{ROOT}.watch")


class Api(Protocol):
    """What is asked; `connection.Client` is one."""

    def get(self, path: str, seconds: float = ...) -> HTTPResponse:
        """Ask for a path; raise one of CONNECTION_ERRORS without an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """What a reflector takes from the world: time, chance, and waiting for an event in vain."""

    clock: Callable[[], float] = time.monotonic
    chance: Callable[[], float] = random.random
    wait: Callable[[threading.Event, float], bool] = threading.Event.wait


class Reflector(Generic[T]):
    """Follows one resource in a thread of its own, started after any fork.

    `is_synced`: a whole list was read, or an optional resource is known to be absent. `fault` says
    what is wrong with the watch now; empty while it is well.
    """

    def __init__(
        self,
        resource: Resource[T],
        api: Api,
        changed: Callable[[], None],
        pace: Pace | None = None,
    ) -> None:
        """Call `changed` after each change."""
        self.resource = resource
        self.figures = Figures()
        self.is_synced = False
        self._place = 0
        self.fault = ""
        self._api, self._changed = api, changed
        self._pace = pace or Pace()
        self._over = threading.Event()
        self._thread: threading.Thread | None = None
        self._store: Store[T] = Store(resource.linger, self._pace.clock)
        self._version = ""
        self._failures = 0
        self._open: HTTPResponse | None = None

    def start(self) -> None:
        """Start the thread, which a fork would not have survived."""
        name = f"watch-{self.resource.name}"
        self._thread = threading.Thread(target=self.run, name=name, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ask it to end, and cut its connection short."""
        self._over.set()
        opened = self._open
        if opened is not None:
            _shut(opened)

    def join(self) -> None:
        """Wait until it has ended; not for long, since it can not outlive the process."""
        if self._thread is not None:
            self._thread.join(JOIN_SECONDS)

    def items(self) -> Mapping[Key, T]:
        """Give everything as it is now; the mapping does not change."""
        return self._store.items()

    @property
    def count(self) -> int:
        """Give the number of objects."""
        return len(self._store)

    @property
    def is_lingering(self) -> bool:
        """Tell whether something that was deleted may come back yet."""
        return self._store.is_lingering

    @property
    def age(self) -> float | None:
        """Give the seconds since the API server was last heard; None: never."""
        return None if self.figures.heard is None else self._pace.clock() - self.figures.heard

    def run(self) -> None:
        """List and watch until it is stopped; never raises."""
        while not self._over.is_set():
            try:
                self._follow()
            except WatchError as error:
                wait = self._fail(error)
            except Exception as error:  # noqa: BLE001 # a fault of ours must not end the watch
                _log.error("watch failed: internal fault", exc_info=error)
                wait = self._fail(WatchError(Reason.INTERNAL, repr(error)))
            else:
                wait = 0.0
            if wait and self._pace.wait(self._over, wait):
                return

    def _follow(self) -> None:
        """List if need be, and watch once."""
        if not self._version:
            self._list()
        began, version = self._pace.clock(), self._version
        self._watch()
        if version == self._version and self._pace.clock() - began < SHORTEST_WATCH_SECONDS:
            raise WatchError(Reason.UNREACHABLE, "a watch ended as soon as it had begun")
        self._well()

    def _list(self) -> None:
        items: dict[Key, T] = {}
        token = ""
        while True:
            page = self._page(token)
            items.update(map(self._read, page.items or ()))
            token = page.metadata.continue_
            if not token:
                break
        self._version = page.metadata.resource_version
        self.figures.lists += 1
        self._replace(items)

    def _page(self, token: str) -> wire.Page:
        with self._ask(wire.list_query(token), READ_SECONDS) as response:
            body = response.read()
        try:
            return wire.read_page(body)
        except msgspec.DecodeError as error:
            raise WatchError(Reason.UNREADABLE, f"a list can not be read: {error}") from error

    def _replace(self, items: dict[Key, T]) -> None:
        """Let a whole list take the place of what was known."""
        is_news = self._store.replace(items) or not self.is_synced
        self.is_synced = True
        if is_news:
            self._changed()

    def _watch(self) -> None:
        """Follow the changes from the known version on, until the watch ends in good order."""
        seconds = WATCH_SECONDS + round(SPREAD_SECONDS * self._pace.chance())
        query = wire.watch_query(self._version, seconds)
        self.figures.watches += 1
        with self._ask(query, seconds + GRACE_SECONDS) as response:
            lines = wire.Lines()
            for line in lines.split(response.stream(amt=None, decode_content=False)):
                self._take(line)
        if lines.rest:
            raise WatchError(Reason.UNREACHABLE, "a watch ended in the middle of a line")

    def _take(self, line: bytes) -> None:
        """Take over an event."""
        try:
            event = wire.read_event(line)
            if event.type == wire.ERROR:
                status = wire.read_status(event.object)
                raise failure.of_status(status.code, status, {})
            version = wire.read_object(event.object).metadata.resource_version
        except msgspec.DecodeError as error:
            raise WatchError(Reason.UNREADABLE, f"an event can not be read: {error}") from error
        if event.type != wire.BOOKMARK:
            self._apply(event)
        self._version = version
        self._well()

    def _apply(self, event: wire.Event) -> None:
        key, value = self._read(event.object)
        is_gone = event.type == wire.DELETED
        if self._store.remove(key) if is_gone else self._store.put(key, value):
            self._changed()

    def _read(self, raw: msgspec.Raw) -> tuple[Key, T]:
        try:
            return wire.read_object(raw).metadata.key, self.resource.read(raw)
        except msgspec.DecodeError as error:
            raise WatchError(Reason.UNREADABLE, f"an object can not be read: {error}") from error

    @contextmanager
    def _ask(self, query: str, seconds: float) -> Iterator[HTTPResponse]:
        """Give an answer whose body is not read yet; raise WatchError where there is none."""
        resource = self.resource
        path = resource.paths[self._place]
        selector = f"&fieldSelector={resource.field_selector}" if resource.field_selector else ""
        try:
            with self._api.get(f"{path}?{query}{selector}", seconds) as response:
                self._open = response
                if self._over.is_set():
                    _shut(response)
                if response.status != HTTPStatus.OK:
                    status = wire.read_status(response.read())
                    raise failure.of_status(response.status, status, response.headers)
                self._hear()
                yield response
        except CONNECTION_ERRORS as error:
            raise failure.of_connection(error) from error
        finally:
            self._open = None

    def _hear(self) -> None:
        """Take note of a word of the API server; only a watch that tells something ends a back-off.

        Where each watch ends at once, whole lists must not be asked for again and again.
        """
        self.figures.heard = self._pace.clock()
        if self.fault:
            _log.info("watch well again", extra=fields(what=self.resource.name))
        self.fault = ""

    def _well(self) -> None:
        self._hear()
        self._failures = 0

    def _fail(self, error: WatchError) -> float:
        """Take note of a failure; give the seconds to wait before the next try."""
        if self._over.is_set():
            return 0.0
        name, reason = self.resource.name, error.reason
        self.figures.failures[reason] += 1
        self._failures += 1
        if reason in failure.LOST:
            self._version = ""
        fault = str(error)
        if fault != self.fault:
            self.fault = fault
            _log.warning("watch failed", extra=fields(what=name, reason=reason, fault=fault))
        longest = failure.longest(reason)
        is_tried = reason is not Reason.NOT_SERVED or self._turn_to_next_version()
        if self.resource.is_optional and reason in failure.ABSENT and is_tried:
            longest = failure.LONGEST_ABSENCE_SECONDS
            self._do_without()
        return failure.delay(error, self._failures, self._pace.chance(), longest)

    def _turn_to_next_version(self) -> bool:
        """Ask for another version of the API from now on; tell whether all have been tried."""
        self._version = ""
        self._place = (self._place + 1) % len(self.resource.paths)
        return self._place == 0

    def _do_without(self) -> None:
        if not self.is_synced:
            self.is_synced = True
            self._changed()


def _shut(response: HTTPResponse) -> None:
    """End what a thread waits for; another one may have ended it a moment before."""
    with suppress(OSError, RuntimeError, ValueError):
        response.shutdown()
