"""What is known of one resource: changed by one thread, read by others.

A store may let what was deleted linger: an object that is deleted and made anew at once, as by
`kubectl replace --force`, was then never missing.
"""

import threading
from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

from webhook.watch.wire import Key

T = TypeVar("T")


class Store(Generic[T]):
    """The objects by namespace and name; each change tells whether it is one."""

    def __init__(self, linger: float, clock: Callable[[], float]) -> None:
        """Take how many seconds an object lingers, and a monotonic clock."""
        self._linger, self._clock = linger, clock
        self._lock = threading.Lock()
        self._items: dict[Key, T] = {}
        self._deleted: dict[Key, tuple[float, T]] = {}

    def items(self) -> Mapping[Key, T]:
        """Give everything as it is now, what lingers too; the mapping does not change."""
        with self._lock:
            since = self._clock() - self._linger
            self._deleted = {key: found for key, found in self._deleted.items() if found[0] > since}
            return {key: value for key, (_, value) in self._deleted.items()} | self._items

    def __len__(self) -> int:
        """Give the number of objects, but those that linger."""
        return len(self._items)

    @property
    def is_lingering(self) -> bool:
        """Tell whether something that was deleted was still there at the last look."""
        return bool(self._deleted)

    def replace(self, items: dict[Key, T]) -> bool:
        """Let a whole list take the place of what was known."""
        with self._lock:
            before, self._items = self._items, items
            for key in before.keys() - items.keys():
                self._bury(key, before[key])
            for key in self._deleted.keys() & items.keys():
                del self._deleted[key]
            return before != items

    def put(self, key: Key, value: T) -> bool:
        """Add or change an object."""
        with self._lock:
            self._deleted.pop(key, None)
            is_news = key not in self._items or self._items[key] != value
            self._items[key] = value
            return is_news

    def remove(self, key: Key) -> bool:
        """Take an object away."""
        with self._lock:
            if key not in self._items:
                return False
            self._bury(key, self._items.pop(key))
            return True

    def _bury(self, key: Key, value: T) -> None:
        if self._linger:
            self._deleted[key] = self._clock(), value
