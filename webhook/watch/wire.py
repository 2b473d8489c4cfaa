"""The API server's lists and watch events as they come over the wire, read no further than needed.

Objects stay bytes until a transform takes from them what matters. Formats:
https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import urlencode

import msgspec

Key: TypeAlias = tuple[str, str]
"""Namespace (empty for what is in none) and name."""

PAGE_SIZE = 500
BOOKMARK, DELETED, ERROR = "BOOKMARK", "DELETED", "ERROR"


class _Wire(msgspec.Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """A JSON object whose further fields are passed over."""


class ObjectMeta(_Wire, frozen=True):
    """What every object says of itself."""

    name: str = ""
    namespace: str = ""
    resource_version: str = ""

    @property
    def key(self) -> Key:
        """Give what it is found by."""
        return self.namespace, self.name


class Object(_Wire, frozen=True):
    """Any object."""

    metadata: ObjectMeta = ObjectMeta()


class ListMeta(_Wire, frozen=True):
    """Where a list stands, and what its next page is asked for by."""

    resource_version: str = ""
    continue_: str = msgspec.field(default="", name="continue")


class Page(_Wire, frozen=True):
    """A page of a list."""

    metadata: ListMeta = ListMeta()
    items: list[msgspec.Raw] | None = None


class Event(_Wire, frozen=True):
    """A line of a watch."""

    type: str = ""
    object: msgspec.Raw = msgspec.Raw(b"null")


class Status(_Wire, frozen=True):
    """meta/v1 Status: why something failed."""

    code: int = 0
    message: str = ""


read_page = msgspec.json.Decoder(Page).decode
read_event = msgspec.json.Decoder(Event).decode
read_object = msgspec.json.Decoder(Object).decode
_read_status = msgspec.json.Decoder(Status).decode


@dataclass(slots=True)
class Lines:
    """Takes what comes off a socket apart into lines, wherever it was split on its way.

    `rest` is what has come of a line that is not whole yet.
    """

    rest: bytes = b""

    def split(self, parts: Iterable[bytes]) -> Iterator[bytes]:
        """Give every whole line that is no empty one."""
        for part in parts:
            *lines, self.rest = (self.rest + part).split(b"\n")
            yield from (line for line in lines if line.strip())


def read_status(body: bytes | msgspec.Raw) -> Status:
    """Read a Status; one without code or message where it is none."""
    try:
        return _read_status(body)
    except msgspec.DecodeError:
        return Status()


def list_query(token: str) -> str:
    """Give the query of a list's page: the first one, or the one after `token`."""
    query = {"limit": str(PAGE_SIZE)}
    return urlencode(query | {"continue": token} if token else query)


def watch_query(version: str, seconds: int) -> str:
    """Give the query of a watch from a resource version on, which ends after so many seconds."""
    return urlencode(
        {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": version,
            "timeoutSeconds": str(seconds),
        }
    )
