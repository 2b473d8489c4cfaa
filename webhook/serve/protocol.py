"""One connection: what is asked on it, and who answers that.

Reviews of the ordinary kind are answered here (`direct`); uvicorn has the others. How long and how
large is `bounds`' business, what a head may say `head`'s.
"""

import math
from typing import cast

from httptools import HttpParserError, HttpParserUpgrade
from uvicorn import Config
from uvicorn.server import ServerState

from webhook.serve import direct, head
from webhook.serve.asgi import GONE, RECEIVED, Fields, content, ends
from webhook.serve.bounds import Bounded
from webhook.serve.cut import HttpError
from webhook.serve.direct import Arrival
from webhook.serve.gateway import Gateway
from webhook.serve.guard import MOST_PARTS, MOST_WAITING, Guard, Phase


class Connection(Bounded):
    """One connection under guard."""

    def __init__(
        self, guard: Guard, config: Config, state: ServerState, gateway: Gateway | None = None
    ) -> None:
        """Take the limits, what uvicorn's protocol takes, and who answers reviews, if any come."""
        super().__init__(guard, config, state)
        self.has_asked = False
        self._gateway = gateway
        self._arrival: Arrival | None = None
        self._complete: Arrival | None = None
        self._is_last = False
        self._fields = self._parts = 0

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
        self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(data)
        except HttpParserError as error:
            self._misread(error)
        except HttpParserUpgrade:
            pass  # it is answered as if it had not asked, and is the last of its connection
        if self._complete is not None:
            self._answer_soon()
        if self._size > self._guard.bytes.get(self.phase, math.inf) or self._has_many_headers():
            self._refuse(self._oversize())
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

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header, or a trailer; what it says is looked at when all are there."""
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """Begin the body, of a head that nobody can have read otherwise."""
        limit = self._guard.settings.max_header_bytes
        if self._has_many_headers() or (self._size > limit and self._head_size() > limit):
            raise self._oversize()
        fields, version = dict(self.headers), self.parser.get_http_version()
        is_modern = version == "1.1" and not self.parser.should_upgrade()
        is_plain = len(fields) == len(self.headers) and b"transfer-encoding" not in fields
        if not (is_modern and is_plain and b"host" in fields):
            head.check(self.parser, self.headers)
        if b"expect" in fields:
            self.expect_100_continue = fields[b"expect"].lower() == b"100-continue"
        self._fields, self._parts = len(self.headers), 0
        self._arrival = self._directly(fields) if is_modern else None
        if self._arrival is None:
            self._hand_on()
        self._enter(Phase.BODY)

    def on_body(self, body: bytes) -> None:
        """Take a part of the body; each costs time, however short it is."""
        self._parts += 1
        if self._parts > MOST_PARTS:
            raise HttpError(400, f"the body comes in more than {MOST_PARTS} parts")
        if self._arrival is None:
            super().on_body(body)
        else:
            self._arrival.take(body)

    def on_message_complete(self) -> None:
        """End the request: from here on it is for us to answer, and for the client to listen."""
        arrival, self._arrival = self._arrival, None
        if arrival is None:
            self.cycle.keep_alive &= self.parser.should_keep_alive()  # a trailer may say no
            super().on_message_complete()
        else:
            arrival.is_last = not self.parser.should_keep_alive()
            self._complete = arrival
        self.has_asked = True
        self._is_receiving = False
        self._waiting += self._size
        self._size = 0
        self._await_next()

    def _directly(self, fields: Fields) -> Arrival | None:
        """Take a review past ASGI, if nothing about the request is unusual."""
        if self._gateway is None or self._unanswered or self.flow.write_paused:
            return None
        found = direct.route(self.url)
        if found is None or self.expect_100_continue or self.parser.get_method() != b"POST":
            return None
        if self.transport.is_closing() or self._gateway.refuse(*content(fields)):
            return None
        return Arrival(stage=found[0], allowed=found[1])

    def _hand_on(self) -> None:
        """Leave a request to uvicorn; the last answers of a server that is about to stop close."""
        if len(self._unanswered) > MOST_WAITING:
            error = f"more than {MOST_WAITING} requests wait for the answer to the first"
            raise HttpError(400, error)
        head.check_target(self.url)
        self._describe()
        super().on_headers_complete()
        self.headers = []  # of trailers, which are none of the head's
        self._unanswered.append(self.cycle)
        if self._is_ending() or self.parser.should_upgrade():
            self.cycle.keep_alive = False

    def _describe(self) -> None:
        """Make the scope of a request, which only ASGI needs: uvicorn does at its first byte."""
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expects
        self.headers[:] = headers[: self._fields]
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

    def _forget(self) -> None:
        """Forget reviews too."""
        self._arrival = self._complete = None
        super()._forget()
