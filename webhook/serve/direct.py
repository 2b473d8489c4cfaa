"""A review that needs no ASGI: a plain request that comes alone and can be answered at once.

ASGI costs a task, an event, a dictionary and two writes a request, together more than a decision.
So what an API server sends in the ordinary way is answered here, at once where it comes alone, else
with what comes to other connections meanwhile; all else, and all that has to wait, takes the usual
way.
"""

from functools import lru_cache

import msgspec
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from webhook.core.subject.case import Stage
from webhook.serve import answer as answers
from webhook.serve.answer import STAGES, Answer
from webhook.serve.asgi import Headers, headers_of


class Arrival(msgspec.Struct, kw_only=True):
    """A review whose headers are there: what it asks for, its seconds, what came of its body.

    `is_last` says that the client wants its connection ended after the answer.
    """

    stage: Stage
    allowed: float
    body: bytes | bytearray = b""
    is_last: bool = False

    def take(self, part: bytes) -> None:
        """Take a part of the body; most come whole, and a million parts cost no more than one."""
        if not self.body:
            self.body = part
        elif isinstance(self.body, bytearray):
            self.body += part
        else:
            self.body = bytearray().join((self.body, part))


@lru_cache(maxsize=64)
def route(url: bytes) -> tuple[Stage, float] | None:
    """Give what a URL (`/mutate?timeout=10s`) asks for and in how many seconds; None: no review."""
    path, _, query = url.partition(b"?")
    stage = STAGES.get(path.decode("latin-1"))
    return None if stage is None else (stage, answers.timeout(query))


def rendered(answer: Answer, more: Headers, *, is_last: bool) -> bytes:
    """Write an answer as HTTP/1.1 has it, head and body in one, with headers that all have."""
    head = _head(answer.status, tuple(more), is_last=is_last)
    return b"%bcontent-length: %d\r\n\r\n%b" % (head, len(answer.body), answer.body)


@lru_cache(maxsize=64)
def _head(status: int, more: tuple[tuple[bytes, bytes], ...], *, is_last: bool) -> bytes:
    """Write what many answers have in common; the date among it is another each second."""
    headers = (*more, *headers_of(status, is_last=is_last))
    return b"".join((STATUS_LINE[status], *(b"%b: %b\r\n" % each for each in headers)))
