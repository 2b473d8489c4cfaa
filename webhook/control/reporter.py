"""The duty of status: what the controller sees is written to each document's status.

Only what changed is written, and no object more often than every few seconds: GPUs come and go with
every pod. The spec is never touched, so a status never moves a generation.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from webhook.control.api import APPLY, Object
from webhook.control.conditions import Name, State
from webhook.control.reasons import Reason
from webhook.control.status import members_of, report
from webhook.control.world import World
from webhook.core.policy.crd.definitions import RESOURCES
from webhook.core.policy.documents import Document
from webhook.core.policy.schema import plain
from webhook.core.policy.status import DEGRADED, Condition, ConditionStatus, Status

FIELD_MANAGER = "gpuclass-status"
LONGEST_PAUSE, WAITING_PAUSE = 60.0, 0.5
"""Seconds until the next look: at what should be well, and for what is not read yet."""
TURN_SECONDS = 0.5
"""At least this long lies between two looks at every node."""
BETWEEN_SECONDS = 2.0
"""At least this long lies between two writes because of nodes and GPUs."""

Objects = Mapping[str, Mapping[str, Object]]
"""Objects of our kinds as the API server has them: by resource, then by name."""


class Reporter:
    """Keeps the status of every document of ours in step with what is seen."""

    name = "status"

    def __init__(
        self,
        world: World,
        objects: Callable[[], Objects | None],
        state: Callable[[], State | None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Take what gives the objects and the state; None: not read yet."""
        self._world, self._objects, self._state, self._clock = world, objects, state, clock
        self._written: dict[Name, tuple[float, Object]] = {}
        self._next = 0.0

    def run(self) -> float:
        """Write what differs; give the seconds until another look is due."""
        objects, state = self._objects(), self._state()
        if objects is None or state is None:
            return WAITING_PAUSE
        wait = self._next - self._clock()
        if wait > 0:
            return wait
        self._next = self._clock() + TURN_SECONDS
        members = members_of(state)
        self._world.metrics.place_nodes(members.of_pool)
        found = dict(_named(objects))
        self._written = {name: each for name, each in self._written.items() if name in found}
        pauses = [
            self._report(name, each, report(name, state, members)) for name, each in found.items()
        ]
        return min(pauses, default=LONGEST_PAUSE)

    def _report(self, name: Name, found: Object, status: Status) -> float:
        """Write one status if need be; give the seconds until it may be written."""
        wanted = self._complete(status, found)
        said = (found.get("status") or {}) if name not in self._written else self._written[name][1]
        if _same(wanted, said):
            return LONGEST_PAUSE
        wait = self._written.get(name, (0.0, {}))[0] + BETWEEN_SECONDS - self._clock()
        if wait > 0 and wanted.get("conditions") == said.get("conditions"):
            return wait
        self._write(name, found, wanted)
        return LONGEST_PAUSE

    def _complete(self, status: Status, found: Object) -> Object:
        """Add the generation, and since when each condition holds."""
        generation = found["metadata"].get("generation", 0)
        before = {each["type"]: each for each in (found.get("status") or {}).get("conditions", ())}
        conditions = tuple(
            replace(
                each,
                observed_generation=generation,
                last_transition_time=self._since(each, before.get(each.type)),
            )
            for each in status.conditions
        )
        return plain(replace(status, observed_generation=generation, conditions=conditions))

    def _since(self, condition: Condition, before: Object | None) -> str:
        if before and before["status"] == condition.status.value:
            return str(before["lastTransitionTime"])
        return f"{datetime.fromtimestamp(self._clock(), UTC):%Y-%m-%dT%H:%M:%SZ}"

    def _write(self, name: Name, found: Object, status: Object) -> None:
        kind = name.kind
        body = {
            "apiVersion": Document.API_VERSION,
            "kind": kind,
            "metadata": {"name": name.name, "uid": found["metadata"]["uid"]},
            "status": status,
        }
        path = f"/apis/{Document.API_VERSION}/{_RESOURCE[kind]}/{name.name}/status"
        query = {"fieldManager": FIELD_MANAGER, "force": "true"}
        self._world.api.send("PATCH", path, body, content_type=APPLY, query=query)
        self._written[name] = (self._clock(), status)
        for each in status["conditions"]:
            if each["type"] == DEGRADED and each["status"] == ConditionStatus.TRUE:
                self._world.events.say(body, Reason(each["reason"]), each["message"], "Warning")


_RESOURCE = {each.kind.__name__: resource for resource, each in RESOURCES.items()}


def _named(objects: Objects) -> Iterator[tuple[Name, Object]]:
    for resource, by_name in sorted(objects.items()):
        for name, each in sorted(by_name.items()):
            yield Name(kind=RESOURCES[resource].kind.__name__, name=name), each


def _same(wanted: Object, said: Object) -> bool:
    """Compare but for times, which only a change of status moves."""
    return _timeless(wanted) == _timeless(said)


def _timeless(status: Object) -> Object:
    conditions = status.get("conditions") or ()
    bare = [
        {key: value for key, value in each.items() if key != "lastTransitionTime"}
        for each in conditions
    ]
    return {**status, "conditions": bare}
