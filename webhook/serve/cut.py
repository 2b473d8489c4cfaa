"""Why the server ended a connection: a label of metrics."""

from enum import StrEnum


class Cut(StrEnum):
    """Why the server ended a connection."""

    CLIENT = "client"
    """It showed no client certificate where one is demanded, or a wrong one."""
    HANDSHAKE = "handshake"
    """The TLS handshake failed, its deadline passed, or it never began and its place was needed."""
    HEADERS = "headers"
    """The deadline for headers passed."""
    BODY = "body"
    """The deadline for a body passed."""
    ANSWER = "answer"
    """The client did not take its answer in time."""
    MALFORMED = "malformed"
    """What came is no HTTP, or may be read in two ways."""
    OVERSIZE = "oversize"
    """The headers or the body are larger than is read."""
    MEMORY = "memory"
    """Too much was held of requests that were not answered, and most of it was its own."""
    IDLE = "idle"
    """It idled longest when a newcomer found all places taken."""
    FULL = "full"
    """It was the newcomer, and no connection idled."""


class HttpError(Exception):
    """A request that is refused as it comes, by which its connection ends."""

    def __init__(self, status: int, error: str, cut: Cut = Cut.MALFORMED) -> None:
        """Take the status and the message of its answer, and what it is counted as."""
        super().__init__(error)
        self.status, self.cut = status, cut
