"""Why the server ended a connection: a label of metrics."""

from enum import StrEnum


class Cut(StrEnum):
    """Why the server ended a connection."""

    CLIENT = "client"
    """It showed no client certificate where one is demanded, or a wrong one."""
    HANDSHAKE = "handshake"
    """The TLS handshake failed, or its deadline passed."""
    HEADERS = "headers"
    """The deadline for headers passed."""
    BODY = "body"
    """The deadline for a body passed."""
    ANSWER = "answer"
    """The client did not take its answer in time."""
    MALFORMED = "malformed"
    """What came is no HTTP."""
    OVERSIZE = "oversize"
    """The headers or the body are larger than is read."""
    MEMORY = "memory"
    """Too much was held of requests that were not answered, and most of it was its own."""
    IDLE = "idle"
    """It idled longest when a newcomer found all places taken."""
    FULL = "full"
    """It was the newcomer, and no connection idled."""
