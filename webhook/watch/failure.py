"""What can become of a list or a watch, why, and how long to wait before the next try.

Every failure passes: what is known stays, and it is tried again for as long as the program runs.
"""

from collections.abc import Mapping
from enum import StrEnum
from http import HTTPStatus

from urllib3.exceptions import ReadTimeoutError

from webhook.watch.wire import Status

FIRST_SECONDS = 0.2
"""The longest wait after a first failure; each further one doubles it."""
LONGEST_SECONDS = 30.0
LONGEST_RECONNECT_SECONDS = 5.0
"""The longest wait where nobody answered: an API server that is back is found soon."""
LONGEST_ABSENCE_SECONDS = 180.0
"""The longest wait for an optional resource that the API server has not. It comes to that by and
by: an API server that has just begun refuses for a moment what it will allow."""
LONGEST_RETRY_AFTER = 60


class Reason(StrEnum):
    """Why a list or a watch failed: a label of metrics."""

    EXPIRED = "expired"
    """410 Gone: the API server's history does not reach back so far; everything is listed anew."""
    FORBIDDEN = "forbidden"
    """403: the service account may not."""
    INTERNAL = "internal"
    """A fault of ours."""
    NOT_SERVED = "not_served"
    """404: the API server does not know such objects."""
    REFUSED = "refused"
    """Another status, 5xx among them."""
    SILENT = "silent"
    """Nothing was heard for so long that the connection must be dead."""
    THROTTLED = "throttled"
    """429: the API server asks to come later."""
    UNAUTHORIZED = "unauthorized"
    """401: the credentials are not valid, and were read again."""
    UNREACHABLE = "unreachable"
    """No connection can be made, or it was cut."""
    UNREADABLE = "unreadable"
    """What came is no list or event of the API server."""


ABSENT = frozenset({Reason.FORBIDDEN, Reason.NOT_SERVED})
"""An API server that has no such objects for us, which only an administrator changes."""

LOST = frozenset({Reason.EXPIRED, Reason.INTERNAL, Reason.UNREADABLE})
"""After these a watch can not go on from where it was: everything is listed anew."""

_RECONNECTED = frozenset({Reason.SILENT, Reason.UNREACHABLE, *ABSENT})
_BY_STATUS: Mapping[int, Reason] = {
    HTTPStatus.UNAUTHORIZED: Reason.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN: Reason.FORBIDDEN,
    HTTPStatus.NOT_FOUND: Reason.NOT_SERVED,
    HTTPStatus.GONE: Reason.EXPIRED,
    HTTPStatus.TOO_MANY_REQUESTS: Reason.THROTTLED,
}


class WatchError(Exception):
    """A list or a watch failed; the text is one line for people.

    `retry_after` are the seconds that the API server asks to wait at least.
    """

    def __init__(self, reason: Reason, message: str, retry_after: float = 0.0) -> None:
        self.reason = reason
        self.retry_after = retry_after
        super().__init__(message)


def of_status(code: int, status: Status, headers: Mapping[str, str]) -> WatchError:
    """Give the failure that an answer or an ERROR event is."""
    said = status.message or "no reason given"
    after = headers.get("Retry-After", "")
    seconds = min(int(after), LONGEST_RETRY_AFTER) if after.isascii() and after.isdecimal() else 0
    return WatchError(_BY_STATUS.get(code, Reason.REFUSED), f"{code}: {said}", seconds)


def of_connection(error: Exception) -> WatchError:
    """Give the failure that an exception of the connection is."""
    if isinstance(error, ReadTimeoutError):
        return WatchError(Reason.SILENT, "the API server has fallen silent")
    return WatchError(Reason.UNREACHABLE, " ".join(str(error).split()))


def longest(reason: Reason) -> float:
    """Give the longest wait before the next try."""
    return LONGEST_RECONNECT_SECONDS if reason in _RECONNECTED else LONGEST_SECONDS


def delay(error: WatchError, failures: int, chance: float, longest: float) -> float:
    """Give the seconds to wait after so many failures on end, `chance` being in 0..1.

    From half to the whole of a wait that doubles each time, so that replicas do not come at once.
    """
    # Beyond this exponent every wait is the longest one, and a float would overflow some day.
    doubled = FIRST_SECONDS * 2.0 ** min(failures - 1, 10)
    return max(min(doubled, longest) * (0.5 + chance / 2), error.retry_after)
