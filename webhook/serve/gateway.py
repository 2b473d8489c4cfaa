"""Between the wire and the decision: which reviews are answered at once, late, twice, or not.

A decision waits for nothing, so it needs no thread: it is one function call between the last byte
of a request and the first of its answer. Only what hangs on something that may be known in a moment
is looked at a second time: a document of ours that would be refused, a claim that is not there.
"""

import asyncio
import logging
import math
import time
from collections import deque
from collections.abc import Callable

from webhook.core.subject.case import Stage
from webhook.process.logs import ROOT
from webhook.serve import answer as answers
from webhook.serve.answer import Answer, Answerer
from webhook.serve.budget import Budget
from webhook.serve.observer import Observer

SECOND_LOOK_SECONDS = 0.5
"""Longer than a watch takes to tell of what was written before."""

ALONE_SECONDS = 0.001
"""Between two reviews: the later one is answered at once, without a look for others."""

BATCH = 32
"""Answers that are recorded together."""
BATCH_SECONDS = 0.05
"""How long one of them waits at most."""
LARGE_BYTES = 64 * 1024
"""Of a review: what holds more is recorded at once."""

_log = logging.getLogger(f"{ROOT}.review")


class Gateway:
    """Answers reviews, however they came, within a budget, and has each answer recorded.

    `allowed` are the seconds that the API server gives a review, `received` is when its first byte
    came, by the monotonic clock.
    """

    def __init__(self, answerer: Answerer, observer: Observer, max_body: int) -> None:
        """Take who answers and records, and how many bytes a body has at most."""
        self.max_body = max_body
        self._answerer = answerer
        self._observer = observer
        self._budget = Budget()
        self._last = -math.inf
        self._answered: deque[tuple[Stage, Answer, float]] = deque()

    def refuse(self, content_type: str, length: int) -> Answer | None:
        """Refuse by its headers what need not be read."""
        if not answers.is_json(content_type):
            return answers.wrong_media_type(content_type)
        return answers.too_large(self.max_body) if length > self.max_body else None

    def is_alone(self, received: float) -> bool:
        """Tell whether a review came at a moment when there was no other for a while."""
        before, self._last = self._last, received
        return received - before > ALONE_SECONDS

    def at_once(self, body: bytes, stage: Stage, allowed: float, received: float) -> Answer | None:
        """Answer a review now; None: it has to wait for something, and `answer` has to be asked."""
        if self._budget.is_spent or len(body) > self.max_body:
            return None
        answer = self._decide(body, stage, allowed, received)
        return None if answers.may_be_early(answer) else answer

    async def answer(
        self,
        body: bytes,
        stage: Stage,
        allowed: float,
        received: float,
        has_gone: Callable[[], bool] | None = None,
    ) -> Answer | None:
        """Answer a review when there is time to, if then there is still time for the answer.

        None: its client has gone meanwhile. API servers give up when their time is over; what they
        have left behind would keep those from being answered who still wait.
        """
        if len(body) > self.max_body:
            return answers.too_large(self.max_body)
        if self._budget.is_spent:
            await self._budget.turn()
            if has_gone is not None and has_gone():
                return None
        answer = self._decide(body, stage, allowed, received)
        left = received + allowed - time.monotonic()
        if left > 2 * SECOND_LOOK_SECONDS and answers.may_be_early(answer):
            await asyncio.sleep(SECOND_LOOK_SECONDS)
            return self._answerer.answer(body, stage, left - SECOND_LOOK_SECONDS)
        return answer

    def _decide(self, body: bytes, stage: Stage, allowed: float, received: float) -> Answer:
        waited = time.monotonic() - received
        if answers.is_late(waited, allowed):
            return answers.late(waited, allowed)
        answer = self._answerer.answer(body, stage, allowed - waited)
        self._budget.spend(answer.seconds)
        return answer

    def record(self, stage: Stage, answer: Answer) -> None:
        """Have an answer that is on its way recorded soon, with others.

        Counting and a line of the log cost a quarter of what they do between two reviews, where all
        that they need has to come into the processor's caches first.
        """
        self._answered.append((stage, answer, time.time()))
        if len(self._answered) >= BATCH or answer.held > LARGE_BYTES:
            self.flush()

    def flush(self) -> None:
        """Record what is answered; whoever reads metrics may do so too. It never raises."""
        while self._answered:
            try:
                stage, answer, at = self._answered.popleft()
            except IndexError:
                return  # another thread was faster
            try:
                self._observer.record(stage, answer, at)
            except Exception as error:  # noqa: BLE001 # a fault of ours; the log has it
                _log.error("an answer could not be recorded", exc_info=error)
