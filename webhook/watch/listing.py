"""Objects of the API server, asked for once: page by page, with the rights of whoever asks.

Nothing is watched, nothing is written, and no page is kept. Why pages are not asked for with
`resourceVersion=0`: docs/adr/0021-audit-lists-in-pages.md.
"""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Protocol, TypeVar

import msgspec
from urllib3 import HTTPResponse

from webhook.core.errors import OperatorError
from webhook.watch.connection import CONNECTION_ERRORS
from webhook.watch.resource import Resource
from webhook.watch.wire import Key, list_query, read_object, read_page, read_status

T = TypeVar("T")

_ABSENT = frozenset({HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND})
"""A right that is missing, or a kind that is: what nobody can be told of."""


class Api(Protocol):
    """What is asked; `connection.Client` is one."""

    def get(self, path: str) -> HTTPResponse:
        """Ask for a path; raise one of CONNECTION_ERRORS without an answer."""


class RefusedError(OperatorError):
    """The API server does not give it; the text says what, and why."""

    def __init__(self, path: str, status: int, message: str) -> None:
        self.status = status
        super().__init__(f"GET {path}: {message or status}")

    @property
    def is_absence(self) -> bool:
        """Tell whether it is a right that is missing, or a kind that is not served."""
        return self.status in _ABSENT


class Listing:
    """One API server, asked as somebody; OperatorError where nobody answers."""

    def __init__(self, api: Api, namespace: str = "") -> None:
        """Take who is asked, and the one namespace that matters (empty: all)."""
        self._api, self._namespace = api, namespace

    def each(self, resource: Resource[T]) -> Iterator[tuple[Key, T]]:
        """Give the objects of a resource, by namespace and name; raise RefusedError."""
        for raw in self.items(self._path(resource)):
            yield read_object(raw).metadata.key, resource.read(raw)

    def _path(self, resource: Resource[T]) -> str:
        """Give the path of a resource in the version of the API that is served."""
        within = self._namespace if resource.is_namespaced else ""
        paths = [_within(each, within) for each in resource.paths]
        if not resource.older:
            return paths[0]
        return next(filter(self._is_served, paths), paths[0])

    def _is_served(self, path: str) -> bool:
        try:
            self.get(f"{path}?limit=1")
        except RefusedError as error:
            return error.status != HTTPStatus.NOT_FOUND
        return True

    def items(self, path: str) -> Iterator[msgspec.Raw]:
        """Give the objects of a collection as they come, page by page; raise RefusedError."""
        token: str | None = ""
        while token is not None:
            page = read_page(self.get(f"{path}?{list_query(token)}"))
            yield from page.items or ()
            token = page.metadata.continue_ or None

    def get(self, path: str) -> bytes:
        """Give what is at a path; raise RefusedError."""
        plain = path.partition("?")[0]
        try:
            answer = self._api.get(path)
            body: bytes = answer.data
        except CONNECTION_ERRORS as error:
            reason = getattr(error, "reason", None) or error
            raise OperatorError(
                f"GET {plain}: no answer from the API server: {' '.join(str(reason).split())}"
            ) from error
        if answer.status >= HTTPStatus.BAD_REQUEST:
            raise RefusedError(plain, answer.status, read_status(body).message)
        return body


def _within(path: str, namespace: str) -> str:
    """Give the path of a resource in one namespace, or in all (empty)."""
    head, _, name = path.rpartition("/")
    return f"{head}/namespaces/{namespace}/{name}" if namespace else path
