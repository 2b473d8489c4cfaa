"""Requests to the API server, with objects as they are on the wire, each with a deadline.

The official client keeps the connection, the credentials and the CA; its typed calls would drop
fields that it does not know, and an object that is compared and written back must be whole.
"""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Protocol, TypeAlias

from webhook.core.errors import GpuclassError
from webhook.watch.connection import CONNECTION_ERRORS, Client

Object: TypeAlias = dict[str, Any]
"""An object as the API server speaks it."""

JSON = "application/json"
APPLY = "application/apply-patch+yaml"
JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"


FIELD_MANAGER = "gpuclass-controller"
"""Who owns what the controller writes (managedFields)."""


class ApiFailed(GpuclassError):  # noqa: N818 - what happened, as subprocess.TimeoutExpired
    """A request that did not do what it was to do.

    `status` is the HTTP status, or 0 where nobody answered in time.
    """

    def __init__(self, method: str, path: str, status: int, message: str) -> None:
        self.status = status
        super().__init__(f"{method} {path}: {message}")


class Api(Protocol):
    """What the controller asks of the API server; a test gives one that remembers."""

    def get(self, path: str) -> Object | None:
        """Give an object, None where there is none; raise ApiFailed."""
        ...

    def send(
        self,
        method: str,
        path: str,
        body: object,
        *,
        content_type: str = JSON,
        query: Mapping[str, str] | None = None,
    ) -> Object:
        """Write, and give the answer's object; raise ApiFailed."""
        ...

    def apply(self, path: str, body: Object) -> Object:
        """Apply server-side, whoever owned the fields before; give what became of it."""
        query = {"fieldManager": FIELD_MANAGER, "force": "true"}
        return self.send("PATCH", path, body, content_type=APPLY, query=query)


class ClusterApi(Api):
    """The API server, by the official client."""

    def __init__(self, client: Client, seconds: float) -> None:
        """Take a connection, and the deadline of a request in seconds."""
        self._client = client
        self._seconds = seconds

    def get(self, path: str) -> Object | None:
        """Give an object, None where there is none; raise ApiFailed."""
        try:
            return self.send("GET", path, None)
        except ApiFailed as failure:
            if failure.status == HTTPStatus.NOT_FOUND:
                return None
            raise

    def send(
        self,
        method: str,
        path: str,
        body: object,
        *,
        content_type: str = JSON,
        query: Mapping[str, str] | None = None,
    ) -> Object:
        """Write, and give the answer's object; raise ApiFailed."""
        serialized = self._client.param_serialize(
            method,
            path,
            query_params=[*(query or {}).items()],
            header_params={"Accept": JSON, "Content-Type": content_type},
            body=body,
            auth_settings=["BearerToken"],
        )
        try:
            answer = self._client.call_api(*serialized, _request_timeout=self._seconds)
            text = answer.response.data
        except CONNECTION_ERRORS as error:
            raise ApiFailed(method, path, 0, _reason(error)) from error
        if answer.status >= HTTPStatus.BAD_REQUEST:
            raise ApiFailed(method, path, answer.status, _message(answer.status, text))
        found = _read(text)
        if found is None:
            raise ApiFailed(method, path, 0, f"{answer.status}, and no object: no API server")
        return found


def _reason(error: Exception) -> str:
    """Give why nobody answered; urllib3 wraps the reason in the story of its attempts."""
    return f"no answer from the API server: {getattr(error, 'reason', None) or error}"


def _message(status: int, text: bytes) -> str:
    """Give the message of a Status object, or the status where a proxy answered instead."""
    message = (_read(text) or {}).get("message")
    return f"{status} {message or HTTPStatus(status).phrase}"


def _read(text: bytes) -> Object | None:
    """Read an object; None where something else answered, as a proxy that is in the way does."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
