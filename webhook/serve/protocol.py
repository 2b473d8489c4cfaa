"""HTTP/1.1 with deadlines and limits: what uvicorn's protocol lacks for strangers.

A connection is idle, or in a phase that has one absolute deadline: a client that drips bytes is cut
like one that sends none. Setting a deadline is an assignment; `Guard.sweep` looks at all of them a
few times a second, which costs a request less than a timer would.

Reviews of the ordinary kind are answered here (`direct`); uvicorn has the others.
"""

import asyncio
import math
import time
from collections import deque
from typing import cast

from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from webhook.serve import answer as answers
from webhook.serve import direct
from webhook.serve.answer import Answer
from webhook.serve.asgi import GONE, RECEIVED, content, ends
from webhook.serve.cut import Cut
from webhook.serve.direct import Arrival
from webhook.serve.gateway import Gateway
from webhook.serve.guard import MOST_HEADERS, MOST_PARTS, MOST_WAITING, Guard, Phase

_CUTS = {
    Phase.HEADERS: Cut.HEADERS,
    Phase.BODY: Cut.BODY,
    Phase.ANSWER: Cut.ANSWER,
    Phase.CLOSING: Cut.ANSWER,
}
_FREE = frozenset({Phase.IDLE, Phase.CLOSING})
"""In these nothing is held of what was asked."""


class Connection(HttpToolsProtocol):
    """One connection under guard."""

    def __init__(
        self, guard: Guard, config: Config, state: ServerState, gateway: Gateway | None = None
    ) -> None:
        """Take the limits, what uvicorn's protocol takes, and who answers reviews, if any come."""
        super().__init__(config, state, {}, asyncio.get_running_loop())
        self.phase = Phase.IDLE
        self.deadline = math.inf
        self.has_asked = False
        self._guard = guard
        self._gateway = gateway
        self._arrival: Arrival | None = None
        self._complete: Arrival | None = None
        self._unanswered: deque[RequestResponseCycle] = deque()
        self._is_last = False
        self._fault = ""
        self._is_receiving = False
        self._received = 0.0
        self._size = self._waiting = self._parts = 0
        self.headers = []

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

    def eof_received(self) -> bool:  # type: ignore[override] # asyncio takes an answer
        """Answer what a client that says no more has asked; tell whether that takes longer.

        Plain TCP stays open until all is answered. uvloop's TLS takes nothing to write once this
        returns, whatever it returns: only a review that can be answered at once is, what has to
        wait is not even decided. Of an end of TCP without TLS's own, which anybody on the way can
        fake, we are not told; what was not answered by then is not answered.
        """
        self._answer_now()
        if self.scheme == "https" or self._is_receiving or not self._unanswered:
            self._forget()
            self._enter(Phase.CLOSING)
            return False
        self._unanswered[-1].keep_alive = False
        return True

    def data_received(self, data: bytes) -> None:
        """Take bytes of a request, within limits."""
        if self.phase is Phase.IDLE:
            if self._fault:
                self._turn_away()
                return
            self._size = self._waiting = 0
            self._enter(Phase.HEADERS)
        elif self._has_finished():
            return
        self._size += len(data)
        super().data_received(data)
        if self._complete is not None:
            self._answer_soon()
        if self._size > self._guard.bytes.get(self.phase, math.inf) or self._has_many_headers():
            self._refuse_size()
        self._guard.take(len(data), self.connections)  # type: ignore[arg-type] # all are ours

    def on_message_begin(self) -> None:
        """Begin a request; one that follows without a pause has a deadline of its own."""
        self._answer_now()
        if self.phase is not Phase.HEADERS:
            if self._has_finished():
                raise EOFError("what follows the last request is not read")
            self._enter(Phase.HEADERS)
        self.url, self.headers, self.expect_100_continue = b"", [], False
        self._is_receiving = True

    def on_headers_complete(self) -> None:
        """Begin the body; the last answers of a server that is about to stop close."""
        limit = self._guard.settings.max_header_bytes
        if self._has_many_headers() or (self._size > limit and self._head_size() > limit):
            raise ValueError("the headers are too large")
        self._parts = 0
        self._arrival = self._directly()
        if self._arrival is None:
            self._hand_on()
        self._enter(Phase.BODY)

    def on_body(self, body: bytes) -> None:
        """Take a part of the body; each costs time, however short it is."""
        self._parts += 1
        if self._parts > MOST_PARTS:
            raise ValueError("the body comes in too many parts")
        if self._arrival is None:
            super().on_body(body)
        else:
            self._arrival.take(body)

    def on_message_complete(self) -> None:
        """End the request: from here on it is for us to answer, and for the client to listen."""
        arrival, self._arrival = self._arrival, None
        if arrival is None:
            super().on_message_complete()
        else:
            arrival.is_last = not self.parser.should_keep_alive()
            self._complete = arrival
        self.has_asked = True
        self._is_receiving = False
        self._waiting += self._size
        self._size = 0
        self._await_next()

    def _directly(self) -> Arrival | None:
        """Take a review past ASGI, if nothing about the request is unusual."""
        if self._gateway is None or self._unanswered or self.flow.write_paused:
            return None
        found = direct.route(self.url)
        if found is None or self.expect_100_continue or self.parser.should_upgrade():
            return None
        if self.parser.get_method() != b"POST" or self.parser.get_http_version() != "1.1":
            return None
        if self.transport.is_closing() or self._gateway.refuse(*content(self.headers)):
            return None
        return Arrival(stage=found[0], allowed=found[1])

    def _hand_on(self) -> None:
        """Leave a request to uvicorn; the last answers of a server that is about to stop close."""
        if len(self._unanswered) > MOST_WAITING:
            raise ValueError("too many requests wait for the answer to the first")
        self._describe()
        super().on_headers_complete()
        self._unanswered.append(self.cycle)
        if self._is_ending():
            self.cycle.keep_alive = False

    def _describe(self) -> None:
        """Make the scope of a request, which only ASGI needs: uvicorn does at its first byte."""
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expects
        self.headers[:] = headers
        self.scope[RECEIVED] = self._received  # type: ignore[literal-required] # our own
        self.scope[GONE] = self.transport.is_closing  # type: ignore[literal-required] # likewise

    def _answer_soon(self) -> None:
        """Answer the review that is complete, at once if it came alone.

        Where they come thick, what has come to other connections meanwhile is read first: reviews
        are decided one after another, while all that a decision needs is in the processor's caches.
        """
        if cast("Gateway", self._gateway).is_alone(self._received):
            self._answer_now()
        else:
            self.loop.call_soon(self._answer_now)

    def _answer_now(self) -> None:
        """Answer the review that waits for it, if one does."""
        arrival, self._complete = self._complete, None
        if arrival is not None and not self.transport.is_closing():
            self._answer_review(arrival)
            self._await_next()

    def _answer_review(self, arrival: Arrival) -> None:
        gateway, body = cast("Gateway", self._gateway), bytes(arrival.body)
        answer = gateway.at_once(body, arrival.stage, arrival.allowed, self._received)
        if answer is None:
            self._hand_on()
            self.cycle.keep_alive &= not arrival.is_last
            super().on_body(body)
            super().on_message_complete()
            return
        is_last = arrival.is_last or ends(answer) or self._is_ending()
        more = self.server_state.default_headers
        self.transport.write(direct.rendered(answer, more, is_last=is_last))
        if is_last:
            self.close()
        gateway.record(arrival.stage, answer)

    def _await_next(self) -> None:
        """Be idle again, if everything is answered and on its way; otherwise that is waited for."""
        if self.transport.is_closing():
            self._enter(Phase.CLOSING)
        else:
            self._enter(Phase.IDLE if self._is_done() else Phase.ANSWER)

    def _is_done(self) -> bool:
        """Tell whether everything that was asked is answered, and on its way."""
        return not (self._complete or self._unanswered or self.flow.write_paused)

    def _has_finished(self) -> bool:
        """Tell whether the last request is there: its answer says, or will say, that it was."""
        if self.phase is Phase.CLOSING:
            return True
        last = None if self._is_receiving or not self._unanswered else self._unanswered[-1]
        return last is not None and not last.keep_alive

    def _is_ending(self) -> bool:
        """Tell whether the server, or this connection, is about to stop."""
        return self._is_last or self._guard.health.is_draining

    def on_response_complete(self) -> None:
        """Be idle again, unless the answer came before the end of the request."""
        self._unanswered.popleft()
        super().on_response_complete()
        if self.transport.is_closing():
            self._forget()
        if self.transport.is_closing() or not self._is_receiving:
            self._await_next()

    def resume_writing(self) -> None:
        """Be idle again, if it was the client that let an answer wait."""
        super().resume_writing()
        if self.phase is Phase.ANSWER and self._is_done():
            self._enter(Phase.IDLE)

    def shutdown(self) -> None:
        """Stop once a review that is on its way is answered."""
        if self._arrival or self._complete:
            self._is_last = True
        else:
            super().shutdown()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP, in JSON like every refusal."""
        if self._has_finished():
            return
        is_large = self._size > self._guard.settings.max_header_bytes or self._has_many_headers()
        if is_large and self.phase is Phase.HEADERS:
            self._refuse_size()
        else:
            self._refuse(400, msg, Cut.MALFORMED)

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
        self._refuse(503, error, Cut.MEMORY)

    def close(self) -> None:
        """End an idle connection in good order."""
        self._enter(Phase.CLOSING)
        self.transport.close()

    def _turn_away(self) -> None:
        """Tell a client that may send nothing why; what it sent is not read."""
        self._guard.refuse(self._fault, self.transport.get_extra_info("peername"))
        self._answer(403, self._fault)

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

    def _has_many_headers(self) -> bool:
        """Tell whether there are more headers than are read; trailers of a body are among them."""
        return len(self.headers) > MOST_HEADERS

    def _head_size(self) -> int:
        return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)

    def _refuse_size(self) -> None:
        settings = self._guard.settings
        if self.phase is Phase.HEADERS:
            most = f"{settings.max_header_bytes} bytes or {MOST_HEADERS} headers"
            self._refuse(431, f"the head has more than {most}", Cut.OVERSIZE)
        else:
            error = f"the body is larger than {settings.max_body_bytes} bytes"
            self._refuse(413, error, Cut.OVERSIZE)

    def _refuse(self, status: int, error: str, cut: Cut) -> None:
        """Answer past the application, and end the connection."""
        self._guard.count(cut)
        has_begun = any(each.response_started for each in self._unanswered)
        self._forget()
        if has_begun:
            self.transport.abort()
        else:
            self._answer(status, error)

    def _forget(self) -> None:
        """Hold nothing of what was asked, and have nobody answer it: the client hears no more.

        It may take a while until it has said goodbye, and uvicorn ends its last request alone.
        """
        self._arrival = self._complete = None
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
