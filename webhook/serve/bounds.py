"""The bounds of one connection: its phases with their deadlines, sizes, and how it is refused.

A connection is idle, or in a phase that has one absolute deadline: a client that drips bytes is cut
like one that sends none. Setting a deadline is an assignment; `Guard.sweep` looks at all of them a
few times a second, which costs a request less than a timer would.

What is asked, and who answers it, is `protocol`'s business.
"""

import asyncio
import math
import time
from collections import deque

from httptools import HttpParserError
from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from webhook.serve import answer as answers
from webhook.serve import direct
from webhook.serve.answer import Answer
from webhook.serve.cut import Cut, HttpError
from webhook.serve.guard import MOST_HEADERS, Guard, Phase

_CUTS = {
    Phase.HEADERS: Cut.HEADERS,
    Phase.BODY: Cut.BODY,
    Phase.ANSWER: Cut.ANSWER,
    Phase.CLOSING: Cut.ANSWER,
}
_FREE = frozenset({Phase.IDLE, Phase.CLOSING})
"""In these nothing is held of what was asked."""


class Bounded(HttpToolsProtocol):
    """uvicorn's protocol for strangers: it reads within bounds, and refuses in JSON."""

    def __init__(self, guard: Guard, config: Config, state: ServerState) -> None:
        """Take the limits, and what uvicorn's protocol takes."""
        super().__init__(config, state, {}, asyncio.get_running_loop())
        self.phase = Phase.IDLE
        self.deadline = math.inf
        self._guard = guard
        self._unanswered: deque[RequestResponseCycle] = deque()
        self._fault = ""
        self._is_receiving = False
        self._received = 0.0
        self._size = self._waiting = 0
        self.headers: list[tuple[bytes, bytes]] = []

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for a first request, as long as for any other.

        Go dials ahead and may leave the connection in its pool; ending it early could meet a
        request that is on its way, and the API server sends none twice.
        """
        super().connection_made(transport)
        self._enter(Phase.IDLE)
        self._fault = self._guard.callers.fault(transport.get_extra_info("peercert"))
        if self._fault:
            self.deadline = time.monotonic() + self._guard.seconds[Phase.HEADERS]

    def connection_lost(self, exc: Exception | None) -> None:
        """Leave nothing to be answered."""
        self._forget()
        super().connection_lost(exc)

    def expire(self) -> None:
        """End the connection: its deadline has passed."""
        if self.phase is Phase.IDLE:
            self.close()
            return
        self._guard.count(_CUTS[self.phase])
        self.transport.abort()

    @property
    def held(self) -> int:
        """Give the bytes of requests that are not answered, or whose answers are not taken."""
        return 0 if self.phase in _FREE else self._size + self._waiting

    def give_way(self) -> None:
        """End the connection: the memory that it holds is needed by others."""
        error = "the server holds too many bytes of requests, and most are of this connection"
        self._refuse(HttpError(503, error, Cut.MEMORY))

    def close(self) -> None:
        """End an idle connection in good order."""
        self._enter(Phase.CLOSING)
        self.transport.close()

    def abort(self) -> None:
        """End it without a word: its file descriptor is needed now."""
        self._enter(Phase.CLOSING)
        self.transport.abort()

    def _enter(self, phase: Phase) -> None:
        now = time.monotonic()
        if phase is Phase.HEADERS:
            self._received = now
        self.phase = phase
        self.deadline = now + self._guard.seconds[phase]

    def _has_finished(self) -> bool:
        """Tell whether the last request is there: its answer says, or will say, that it was."""
        if self.phase is Phase.CLOSING:
            return True
        last = None if self._is_receiving or not self._unanswered else self._unanswered[-1]
        return last is not None and not last.keep_alive

    def _has_many_headers(self) -> bool:
        """Tell whether there are more headers, or trailers, than are read."""
        return len(self.headers) > MOST_HEADERS

    def _head_size(self) -> int:
        return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)

    def _oversize(self) -> HttpError:
        settings = self._guard.settings
        if self.phase is Phase.HEADERS:
            most = f"{settings.max_header_bytes} bytes or {MOST_HEADERS} headers"
            return HttpError(431, f"the head has more than {most}", Cut.OVERSIZE)
        error = f"the body is larger than {settings.max_body_bytes} bytes"
        return HttpError(413, error, Cut.OVERSIZE)

    def _turn_away(self) -> None:
        """Tell a client that may send nothing why; what it sent is not read."""
        self._guard.refuse(self._fault, self.transport.get_extra_info("peername"))
        self._answer(403, self._fault)

    def _misread(self, error: HttpParserError) -> None:
        """Refuse what the parser, or who listens to it, does not take."""
        if self._has_finished():
            return
        cause = error.__context__
        if not isinstance(cause, HttpError):
            cause = HttpError(400, f"no request as HTTP/1.1 has it: {error}")
        self._refuse(cause)

    def _refuse(self, error: HttpError) -> None:
        """Answer past the application, and end the connection."""
        self._guard.count(error.cut)
        has_begun = any(each.response_started for each in self._unanswered)
        self._forget()
        if has_begun:
            self.transport.abort()
        else:
            self._answer(error.status, str(error))

    def _forget(self) -> None:
        """Hold nothing of what was asked, and have nobody answer it: the client hears no more.

        It may take a while until it has said goodbye, and uvicorn ends its last request alone.
        """
        self.headers, self.scope = [], {}  # type: ignore[typeddict-item] # of none
        self.pipeline.clear()
        for cycle in self._unanswered:
            cycle.disconnected = True
            cycle.body.clear()
            cycle.message_event.set()
        self._unanswered.clear()

    def _answer(self, status: int, error: str) -> None:
        answer = Answer(status=status, body=answers.error_body(status, error))
        self.transport.write(direct.rendered(answer, (), is_last=True))
        self.close()
