"""Who is accepted and has not begun a handshake: until he says something he costs his place alone.

A handshake costs as much as half a dozen reviews. So a crowd's begin by and by, with turns of the
loop between, also where it was let in before and begins them all at one moment.
"""

import asyncio
import math
import socket
import time
from collections import deque
from collections.abc import Callable, Iterator

from webhook.serve.cut import Cut
from webhook.serve.guard import Guard, Peer

HANDSHAKES = 4
"""Begun in one turn of the loop at least.

Beside 450 newcomers at once the p99 of reviews was 160 ms by 64, 23 by 8, 13 by 4 and 16 by 1.
"""
PER_SECOND = 800
"""Begun for each second that the last turn took, half of which they take: where decisions take
long, four a turn would be a few a second, and those who wait in vain run into their deadline."""
SILENT_SECONDS = 1.0
"""How long who says nothing keeps a place that another one needs: an API server begins at once."""


class Newcomer:
    """Somebody whose handshake has to be over by `deadline`, of the monotonic clock."""

    __slots__ = ("_crowd", "came", "deadline", "peer", "sock")

    def __init__(self, sock: socket.socket, peer: Peer, crowd: "Newcomers") -> None:
        """Take a socket, whose it is, and those among whom he waits."""
        self.sock, self.peer, self._crowd = sock, peer, crowd
        self.came = time.monotonic()
        self.deadline = self.came + crowd.seconds

    def expire(self) -> None:
        """End: nothing was said in time."""
        self._crowd.end(self)


class Newcomers:
    """Hears the first byte of each newcomer, and lets few begin their handshake at a time."""

    def __init__(self, guard: Guard, begin: Callable[[Newcomer], None]) -> None:
        """Take the limits, and what begins a handshake."""
        self.seconds = guard.settings.handshake_seconds
        self._guard = guard
        self._begin = begin
        self._silent: dict[socket.socket, Newcomer] = {}
        self._speaking: deque[Newcomer] = deque()
        self._begun = 0
        self._turned = math.inf

    def __len__(self) -> int:
        """Count those whose handshake has not begun."""
        return len(self._silent) + len(self._speaking)

    def silent(self) -> Iterator[Newcomer]:
        """Give those who have said nothing, as they came."""
        return iter(self._silent.values())

    def add(self, newcomer: Newcomer) -> None:
        """Wait for somebody's first byte; mostly it is there already."""
        try:
            newcomer.sock.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            self._silent[newcomer.sock] = newcomer
            asyncio.get_running_loop().add_reader(newcomer.sock, self._hear, newcomer)
        except OSError:
            self._end(newcomer)
        else:
            self._queue(newcomer)

    def end(self, newcomer: Newcomer) -> None:
        """End somebody who has said nothing."""
        self._forget(newcomer)
        self._end(newcomer)

    def let_in(self) -> None:
        """Begin all handshakes at once: the server is about to stop."""
        for newcomer in list(self.silent()):
            self._forget(newcomer)
            self._speaking.append(newcomer)
        while self._speaking:
            self._begin(self._speaking.popleft())

    def make_room(self) -> bool:
        """End whoever has been silent for longest, and for too long; say whether somebody was."""
        oldest = next(self.silent(), None)
        if oldest is None or time.monotonic() < oldest.came + SILENT_SECONDS:
            return False
        self.end(oldest)
        return True

    def _end(self, newcomer: Newcomer) -> None:
        self._guard.count(Cut.HANDSHAKE)
        newcomer.sock.close()

    def _hear(self, newcomer: Newcomer) -> None:
        self._forget(newcomer)
        self._queue(newcomer)

    def _queue(self, newcomer: Newcomer) -> None:
        self._speaking.append(newcomer)
        if not self._begun:
            self._go_on()

    def _forget(self, newcomer: Newcomer) -> None:
        del self._silent[newcomer.sock]
        asyncio.get_running_loop().remove_reader(newcomer.sock)

    def _go_on(self) -> None:
        """Begin the handshakes of a turn, and look after the others in the next."""
        now = time.monotonic()
        most = max(HANDSHAKES, (now - self._turned) * PER_SECOND)
        self._begun = min(len(self._speaking), int(most))
        for _ in range(self._begun):
            self._begin(self._speaking.popleft())
        self._turned = now if self._begun else math.inf
        if self._begun:
            asyncio.get_running_loop().call_soon(self._go_on)
