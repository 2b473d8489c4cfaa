"""A cluster of a few objects: a scripted API server that remembers what it is told."""

import itertools
import json
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping

import yaml

from tests.core.policy.documents_text import CLASS, POLICY, POOL, PRIORITY
from tests.watch.apiserver import Answer, ApiServer, Asked, answer
from webhook.watch.objects import RESOURCES

PATHS = {each.name: each.path for each in RESOURCES}
DEVELOPMENT = (
    POOL.replace("training", "development").replace("gpu-train-", "gpu-dev-").replace("h100", "l4")
)
OTHER = PRIORITY.replace("gpu-batch-priority", "other")
SOUND = (POOL, DEVELOPMENT, CLASS, POLICY, PRIORITY, OTHER)
"""Documents that go together."""


class FakeCluster(ApiServer):
    """Objects by resource; every change reaches the watches that are open."""

    def __init__(self, *documents: str) -> None:
        super().__init__()
        self.refused: dict[str, int] = {}
        self._objects: dict[str, dict[str, dict[str, object]]] = defaultdict(dict)
        self._events: list[tuple[int, str, bytes]] = []
        self._news = threading.Condition()
        self._versions = itertools.count(1)
        self._is_over = False
        for each in documents:
            self.apply(each)

    def __exit__(self, *raised: object) -> None:
        """End every watch."""
        with self._news:
            self._is_over = True
            self._news.notify_all()
        super().__exit__(*raised)

    def apply(self, text: str) -> None:
        """Make or change the object that a document describes."""
        document = yaml.safe_load(text)
        resource = _resource(document["kind"])
        self.put(resource, document)

    def put(self, resource: str, value: Mapping[str, object]) -> None:
        """Make or change an object of a resource."""
        metadata = value["metadata"]
        assert isinstance(metadata, dict)
        with self._news:
            version = next(self._versions)
            kept = {**value, "metadata": {**metadata, "resourceVersion": str(version)}}
            known = self._objects[resource]
            kind = "MODIFIED" if metadata["name"] in known else "ADDED"
            known[metadata["name"]] = kept
            self._tell(version, resource, kind, kept)

    def delete(self, resource: str, name: str) -> None:
        """Delete an object."""
        with self._news:
            version = next(self._versions)
            gone = self._objects[resource].pop(name)
            metadata = gone["metadata"]
            assert isinstance(metadata, dict)
            last = {**gone, "metadata": {**metadata, "resourceVersion": str(version)}}
            self._tell(version, resource, "DELETED", last)

    def next(self, asked: Asked) -> Answer:
        """Answer a list or a watch."""
        self.asked.append(asked)
        resource = next(name for name, path in PATHS.items() if path == asked.path)
        if resource in self.refused:
            code = self.refused[resource]
            return answer({"kind": "Status", "code": code, "message": "no"}, code)
        if "watch" in asked.query:
            return Answer(parts=self._watch(resource, int(asked.query["resourceVersion"])))
        with self._news:
            version = next(self._versions)
            items = list(self._objects[resource].values())
        return answer({"metadata": {"resourceVersion": str(version)}, "items": items})

    def _tell(self, version: int, resource: str, kind: str, value: object) -> None:
        line = json.dumps({"type": kind, "object": value}).encode() + b"\n"
        self._events.append((version, resource, line))
        self._news.notify_all()

    def _watch(self, resource: str, version: int) -> Iterator[bytes]:
        seen = 0
        while not self._is_over:
            with self._news:
                self._news.wait(0.1)
                news = self._events[seen:]
            seen += len(news)
            yield from (line for at, what, line in news if what == resource and at > version)


def _resource(kind: str) -> str:
    name = kind.lower()
    return next(each for each in (f"{name}s", f"{name}es", f"{name[:-1]}ies") if each in PATHS)
