"""Memory that was needed for a moment: the C library keeps it, unless it is told not to."""

import ctypes
import math
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

GROWN_BYTES = 16 * 1024 * 1024
PAUSE_SECONDS = 10.0

STATM = Path("/proc/self/statm")

Trim: TypeAlias = Callable[[int], int]

_trim: Trim | None = getattr(ctypes.CDLL(None), "malloc_trim", None)
"""glibc has it, and is what keeps so much; musl does not."""


def resident(statm: Path = STATM) -> int:
    """Give the bytes that this process has in memory; 0 where that can not be read just now."""
    try:
        return int(statm.read_bytes().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


class Memory:
    """Gives memory that is free back to the system: 50 ms for 200 MiB, less than 1 as a rule.

    Buffers of TLS and bodies lie between what stays for long: without this a thousand clients that
    sent 250 KB each left 430 MiB, whatever had become of them. What is given back has to be
    asked for again, so it is done at once only where much was taken.
    """

    def __init__(
        self,
        trim: Trim | None = _trim,
        held: Callable[[], int] = resident,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._trim, self._held, self._clock = trim, held, clock
        self._kept = 0
        self._next = -math.inf

    def look(self) -> None:
        """Give back what is free, if 16 MiB were taken since the last time, or 10 s have passed."""
        now = self._clock()
        if self._trim and (now >= self._next or self._held() - self._kept >= GROWN_BYTES):
            self._trim(0)
            self._kept = self._held()
            self._next = now + PAUSE_SECONDS
