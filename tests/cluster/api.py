"""Requests to the API server, with objects as they are on the wire.

The official client drops fields that it does not know and takes a second to import; what is asked
here is small. No proxy is ever used: there is none between two ports of one machine.
"""

import http.client
import json
import socket
import ssl
import time
from collections.abc import Iterable, Iterator
from copy import copy
from http import HTTPStatus
from pathlib import Path
from typing import Any

from tests.cluster.pki import KeyPair

Json = dict[str, Any]
"""An object as the API server speaks it."""

JSON_TYPE = "application/json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_MERGE_PATCH = "application/strategic-merge-patch+json"
REQUEST_SECONDS = 30
WATCH_SECONDS = 240
IDLE_SECONDS = 60
"""An API server ends a connection that has idled for 90."""


class ApiError(Exception):
    """The API server's refusal: its status code and its message."""

    def __init__(self, status: int, message: str) -> None:
        """Keep the code, which callers decide on."""
        self.status = status
        super().__init__(f"{status}: {message}")


class Api:
    """One user's access to one API server; may be shared by threads."""

    def __init__(self, port: int, authority: Path, pair: KeyPair) -> None:
        """Take what the TLS connection needs."""
        self._port = port
        self._context = ssl.create_default_context(cafile=str(authority))
        self._context.load_cert_chain(pair.certificate, pair.key)
        self._acting: tuple[tuple[str, str], ...] = ()

    def acting_as(self, user: str, groups: Iterable[str] = ()) -> "Api":
        """Give the same access in the name of somebody else (impersonation)."""
        other = copy(self)
        names = (("Impersonate-User", user), *(("Impersonate-Group", each) for each in groups))
        other._acting = names  # noqa: SLF001 # a copy of our own
        return other

    def request(
        self, method: str, path: str, body: Json | None = None, content_type: str = ""
    ) -> Json:
        """Send one request and give the answer's object; raise ApiError on a refusal."""
        status, text = self._send(method, path, body, content_type)
        if status >= HTTPStatus.BAD_REQUEST:
            raise ApiError(status, _message(text))
        answer: Json = json.loads(text)
        return answer

    def text(self, path: str) -> str:
        """Give the text at a path, such as /metrics; raise ApiError on a refusal."""
        status, text = self._send("GET", path, None, "")
        if status >= HTTPStatus.BAD_REQUEST:
            raise ApiError(status, _message(text))
        return text

    def session(self, seconds: float = REQUEST_SECONDS) -> "Session":
        """Give a connection that is kept between requests; for one thread."""
        return Session(self._connection(seconds))

    def is_ready(self, path: str = "/readyz") -> bool:
        """Tell whether a health endpoint says ok; a refused connection is a no."""
        try:
            status, _ = self._send("GET", path, None, "")
        except (OSError, http.client.HTTPException):
            return False
        return status == HTTPStatus.OK

    def watch(self, path: str, resource_version: str) -> "Watch":
        """Begin to watch a collection from a version on."""
        connection = self._connection(WATCH_SECONDS + REQUEST_SECONDS)
        query = f"watch=true&resourceVersion={resource_version}&timeoutSeconds={WATCH_SECONDS}"
        connection.request("GET", f"{path}?{query}", headers={"Accept": "application/json"})
        return Watch(connection)

    def _send(
        self, method: str, path: str, body: Json | None, content_type: str
    ) -> tuple[int, str]:
        """Send one request on a connection of its own."""
        headers = (("Accept", "application/json"), ("Content-Type", content_type or JSON_TYPE))
        content = json.dumps(body).encode() if body is not None else b""
        connection = self._connection(REQUEST_SECONDS)
        try:
            connection.putrequest(method, path)
            for name, value in (*headers, *self._acting, ("Content-Length", str(len(content)))):
                connection.putheader(name, value)
            connection.endheaders(content)
            answer = connection.getresponse()
            return answer.status, answer.read().decode("utf-8")
        finally:
            connection.close()

    def _connection(self, seconds: float) -> http.client.HTTPSConnection:
        """Make a connection that is opened by its first request."""
        return http.client.HTTPSConnection(
            "127.0.0.1", self._port, timeout=seconds, context=self._context
        )


class Session:
    """Requests on one connection, which is opened anew after a failure, or where it has idled."""

    def __init__(self, connection: http.client.HTTPSConnection) -> None:
        """Take a connection; it opens with the first request."""
        self._connection = connection
        self._used = time.monotonic()

    def request(self, method: str, path: str, body: Json) -> Json:
        """Send one request and give the answer's object; raise ApiError on a refusal."""
        if time.monotonic() > self._used + IDLE_SECONDS:
            self.close()
        self._used = time.monotonic()
        try:
            self._connection.request(
                method, path, json.dumps(body), {"Content-Type": JSON_TYPE, "Accept": JSON_TYPE}
            )
            answer = self._connection.getresponse()
            text = answer.read().decode("utf-8")
        except BaseException:
            self.close()
            raise
        if answer.status >= HTTPStatus.BAD_REQUEST:
            raise ApiError(answer.status, _message(text))
        found: Json = json.loads(text)
        return found

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


class Watch:
    """The events of one watch; another thread may cancel it."""

    def __init__(self, connection: http.client.HTTPSConnection) -> None:
        """Take a connection on which the request was sent."""
        self._connection = connection
        self._socket: socket.socket = connection.sock

    def events(self) -> Iterator[Json]:
        """Give each event until the server, or `cancel`, ends the watch."""
        try:
            answer = self._connection.getresponse()
            if answer.status != HTTPStatus.OK:
                raise ApiError(answer.status, _message(answer.read().decode("utf-8")))
            while line := answer.readline():
                yield json.loads(line)
        finally:
            self._connection.close()

    def cancel(self) -> None:
        """End the watch from another thread, which may be waiting for its next event."""
        try:
            # SSLSocket.shutdown would take the TLS object away from under the reader.
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)
        except OSError:
            return


def _message(text: str) -> str:
    """Give the message of a Status object, or the text as it is."""
    try:
        status = json.loads(text)
    except ValueError:
        return text
    return str(status.get("message", text)) if isinstance(status, dict) else text
