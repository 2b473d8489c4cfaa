"""What is known of a cluster: every watched resource together, handed out as immutable values.

Changes that come together are told together. It compiles no policy and judges no document.
"""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from webhook.core.cluster import Cluster
from webhook.core.errors import Fault
from webhook.core.policy.documents import Document
from webhook.process.logs import ROOT
from webhook.watch.objects import DOCUMENTS, LINGER_SECONDS, OBSERVED, RESOURCES, Written
from webhook.watch.reflector import JOIN_SECONDS, Api, Pace, Reflector
from webhook.watch.resource import Resource
from webhook.watch.wire import Key

QUIET_SECONDS = 0.05
"""How long nothing may change before what did is told: a sync of ten documents is one change."""
LONGEST_SECONDS = 0.25
"""How long a change is held back while others follow it."""

Stores: TypeAlias = Mapping[str, Mapping[Key, Any]]
"""What is kept of each resource, by its name."""

_log = logging.getLogger(f"{ROOT}.watch")


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """What the API server says, all of one moment.

    `documents` are those that can be read, by kind and name, whether or not they go together;
    `faults` says what is wrong with the others. `cluster` is what decisions look at besides.
    """

    documents: tuple[Document, ...]
    faults: tuple[Fault, ...]
    cluster: Cluster


class ClusterWatch:
    """Follows a cluster in threads, started after any fork.

    `told` gets the knowledge once everything that is needed was read, and after each change; it
    is called in one thread only.
    """

    def __init__(
        self,
        api: Api,
        told: Callable[[Knowledge], None],
        resources: Sequence[Resource[Any]] = RESOURCES,
        pace: Pace | None = None,
    ) -> None:
        """Take who is asked, who is told, and of what; nothing runs before `start`."""
        self._told = told
        self._pace = pace or Pace()
        self._news, self._over = threading.Event(), threading.Event()
        self.reflectors: tuple[Reflector[Any], ...] = tuple(
            Reflector(each, api, self._news.set, pace) for each in resources
        )
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to follow."""
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self._thread.start()
        for each in self.reflectors:
            each.start()

    def stop(self) -> None:
        """End every thread."""
        self._over.set()
        self._news.set()
        for each in self.reflectors:
            each.stop()
        for each in self.reflectors:
            each.join()
        if self._thread is not None:
            self._thread.join(JOIN_SECONDS)

    @property
    def is_synced(self) -> bool:
        """Tell whether everything that is needed was read."""
        return all(each.is_synced for each in self.reflectors)

    def missing(self) -> tuple[str, ...]:
        """Say, a line each, what has not been read yet and why."""
        return tuple(
            f"{each.resource.name}: not read yet: {each.fault or 'the API server is asked'}"
            for each in self.reflectors
            if not each.is_synced
        )

    def _run(self) -> None:
        while self._wait_for_news():
            if not self.is_synced:
                continue
            try:
                self._told(self._know())
            except Exception as error:  # noqa: BLE001 # a fault of ours must not end the watch
                _log.error("change not taken over: internal fault", exc_info=error)

    def _wait_for_news(self) -> bool:
        """Wait until something changed and all is quiet again; tell whether to go on."""
        self._news.wait(LINGER_SECONDS if self._is_lingering() else None)
        until = self._pace.clock() + LONGEST_SECONDS
        while not self._over.is_set():
            self._news.clear()
            if not self._pace.wait(self._news, QUIET_SECONDS) or self._pace.clock() >= until:
                break
        return not self._over.is_set()

    def _is_lingering(self) -> bool:
        return any(each.is_lingering for each in self.reflectors)

    def _know(self) -> Knowledge:
        stores = {each.resource.name: each.items() for each in self.reflectors}
        written = _documents(stores)
        found = [written[key] for key in sorted(written)]
        return Knowledge(
            documents=tuple(each.document for each in found if each.document is not None),
            faults=tuple(fault for each in found for fault in each.faults),
            cluster=_cluster(stores),
        )


def _documents(stores: Stores) -> dict[tuple[str, Key], Written]:
    """Give every document by resource and name."""
    return {
        (resource.name, key): written
        for resource in DOCUMENTS
        for key, written in stores.get(resource.name, {}).items()
    }


def _cluster(stores: Stores) -> Cluster:
    nodes, namespaces, claims, templates, device_classes = (
        stores.get(each.name, {}) for each in OBSERVED
    )
    extended = device_classes.items()
    return Cluster(
        nodes={name: node for (_, name), node in nodes.items()},
        namespaces={name: annotations for (_, name), annotations in namespaces.items()},
        claims=claims,
        claim_templates=templates,
        extended_resources={resource: name for (_, name), resource in extended if resource},
        is_whole=all(each.name in stores for each in OBSERVED),
    )
