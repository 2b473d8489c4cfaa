"""An API server that remembers: objects by path, with what a test needs of its behaviour.

What server-side apply really does is proved on a real one (tests/cluster).
"""

import copy
import itertools
from collections.abc import Mapping

from webhook.control.api import APPLY, JSON, JSON_PATCH, MERGE_PATCH, Api, ApiFailed, Object

EVENTS = "/events"


class FakeApi(Api):
    """Keeps objects; `broken` paths fail, `added` is merged into what is applied."""

    def __init__(self) -> None:
        self.objects: dict[str, Object] = {}
        self.events: list[Object] = []
        self.writes: list[str] = []
        self.broken: dict[str, int] = {}
        self.added: dict[str, Object] = {}
        self._versions = itertools.count(1)

    def get(self, path: str) -> Object | None:
        """Give a copy of an object."""
        self._fail("GET", path)
        return copy.deepcopy(self.objects.get(path))

    def send(
        self,
        method: str,
        path: str,
        body: object,
        *,
        content_type: str = JSON,
        query: Mapping[str, str] | None = None,  # noqa: ARG002 - as in Api
    ) -> Object:
        """Write an object, or delete it."""
        self._fail(method, path)
        if path.endswith(EVENTS):
            assert isinstance(body, dict)
            self.events.append(body)
            return body
        self.writes.append(f"{method} {path}")
        if method in {"POST", "PUT"}:
            assert isinstance(body, dict)
            return self._write(method, path, body)
        if method == "DELETE":
            if path not in self.objects:
                raise ApiFailed(method, path, 404, "not found")
            return self.objects.pop(path)
        if content_type == JSON_PATCH:
            assert isinstance(body, list)
            return self.put(path, {**self.objects[path], "webhooks": body[-1]["value"]})
        if content_type == MERGE_PATCH:
            assert isinstance(body, dict)
            return self._merge(path, body)
        assert content_type == APPLY
        assert isinstance(body, dict)
        return self.put(path, {**body, **self.added.pop(path, {})})

    def _merge(self, path: str, body: Object) -> Object:
        """Merge what has not changed (RFC 7386)."""
        if path not in self.objects:
            raise ApiFailed("PATCH", path, 404, "not found")
        version = self.objects[path]["metadata"]["resourceVersion"]
        if body["metadata"]["resourceVersion"] != version:
            raise ApiFailed("PATCH", path, 409, "409 the object has been modified")
        return self.put(path, _merged(self.objects[path], body))

    def _write(self, method: str, path: str, body: Object) -> Object:
        """Create in a collection, or replace what has not changed."""
        if method == "POST":
            return self.put(f"{path}/{body['metadata']['name']}", body)
        version = self.objects[path]["metadata"]["resourceVersion"]
        if body["metadata"]["resourceVersion"] != version:
            raise ApiFailed(method, path, 409, "409 the object has been modified")
        return self.put(path, body)

    def put(self, path: str, value: Object) -> Object:
        """Store an object with a new version, as somebody else would."""
        metadata = {**value["metadata"], "resourceVersion": str(next(self._versions))}
        self.objects[path] = copy.deepcopy({**value, "metadata": metadata})
        return copy.deepcopy(self.objects[path])

    def reasons(self) -> list[str]:
        """Give the reasons of the events so far."""
        return [each["reason"] for each in self.events]

    def notes(self) -> list[str]:
        """Give the notes of the events so far."""
        return [each["note"] for each in self.events]

    def _fail(self, method: str, path: str) -> None:
        if path in self.broken:
            raise ApiFailed(method, path, self.broken[path], "broken")


def _merged(target: Object, patch: Object) -> Object:
    found = dict(target)
    for key, value in patch.items():
        if value is None:
            found.pop(key, None)
        elif isinstance(value, dict):
            found[key] = _merged(found.get(key) or {}, value)
        else:
            found[key] = value
    return found
