"""Events: what the controller did and could not do, where `kubectl describe` and `events` show it.

They are for people, and never in the way: an event that can not be written is logged and given up.
"""

import logging
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Literal, TypeAlias

from webhook.control.api import Api, ApiFailed, Object
from webhook.control.metrics import Metrics
from webhook.control.reasons import CONTRARY, Reason
from webhook.core.names import API_GROUP
from webhook.core.text import printable
from webhook.process.logs import ROOT, fields

Kind: TypeAlias = Literal["Normal", "Warning"]
_Said: TypeAlias = tuple[tuple[str, str, str], Reason, str]
"""Of which object (kind, namespace, name), the reason and the note."""

CLUSTER_NAMESPACE = "default"
"""Where events about objects without a namespace have to be (events.k8s.io/v1)."""
REPEAT_SECONDS = 10.0
"""The same event of an object is not written again before this: somebody may fight with us over it,
unless its contrary was said meanwhile."""
MAX_NOTE = 1024
"""Of the API: bytes of a note."""

_log = logging.getLogger(f"{ROOT}.controller")


class Events:
    """Says what happened: as an event, in the log and in the metrics."""

    def __init__(
        self,
        api: Api,
        metrics: Metrics,
        reporter: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Take what this replica is called."""
        self._api, self._metrics, self._reporter, self._clock = api, metrics, reporter, clock
        self._said: dict[_Said, float] = {}

    def say(self, about: Object, reason: Reason, note: str, kind: Kind = "Normal") -> None:
        """Say something about an object; what was just said of it becomes no further event.

        Of `about` only apiVersion, kind, and metadata's name, namespace and uid are read.
        """
        self._metrics.steps.labels(reason).inc()
        level = logging.INFO if kind == "Normal" else logging.WARNING
        _log.log(level, "event", extra=fields(reason=reason, note=note))
        if self._is_repeated(about, reason, note):
            return
        event = self._event(about, reason, note, kind)
        path = f"/apis/events.k8s.io/v1/namespaces/{event['metadata']['namespace']}/events"
        try:
            self._api.send("POST", path, event)
        except ApiFailed as failure:
            _log.warning("event not written", extra=fields(reason=reason, fault=str(failure)))

    def _is_repeated(self, about: Object, reason: Reason, note: str) -> bool:
        """Tell whether this was said of an object moments ago, and is not news again since."""
        now, metadata = self._clock(), about["metadata"]
        whom = (about["kind"], metadata.get("namespace", ""), metadata["name"])
        over = (whom, CONTRARY.get(reason))
        self._said = {
            said: at
            for said, at in self._said.items()
            if now < at + REPEAT_SECONDS and said[:2] != over
        }
        is_repeated = (whom, reason, note) in self._said
        self._said.setdefault((whom, reason, note), now)
        return is_repeated

    def _event(self, about: Object, reason: Reason, note: str, kind: Kind) -> Object:
        metadata = about["metadata"]
        known = ("name", "namespace", "uid")
        regarding = {key: metadata[key] for key in known if key in metadata}
        moment = f"{datetime.fromtimestamp(self._clock(), UTC):%Y-%m-%dT%H:%M:%S.%f}Z"
        return {
            "apiVersion": "events.k8s.io/v1",
            "kind": "Event",
            "metadata": {
                "name": f"{metadata['name']}.{uuid.uuid4().hex[:16]}",
                "namespace": metadata.get("namespace", CLUSTER_NAMESPACE),
            },
            "eventTime": moment,
            "reportingController": f"{API_GROUP}/controller",
            "reportingInstance": self._reporter,
            "action": reason,
            "reason": reason,
            "regarding": {"apiVersion": about["apiVersion"], "kind": about["kind"], **regarding},
            "note": printable(note).encode()[:MAX_NOTE].decode(errors="ignore"),
            "type": kind,
        }
