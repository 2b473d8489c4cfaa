"""The duty of nodes: a node that a pool claims gets the pool's labels and taints.

What it should have is the core's business (rule `node-marks`); here it is written, by a patch that
carries the version that was read, so that nobody else's write is ever undone. Where somebody takes
away again and again what was set, it is set ever more seldom, and said.
"""

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus

from webhook.control import measures
from webhook.control.api import FIELD_MANAGER, MERGE_PATCH, ApiFailed, Object
from webhook.control.inventory import Machine, marks_of
from webhook.control.node_status import disputed
from webhook.control.patience import Patience
from webhook.control.reasons import Reason
from webhook.control.turn import LONGEST_PAUSE, Due, Result, Turn
from webhook.control.world import World
from webhook.core.names import MARKS_ANNOTATION, ON_DELETE_ANNOTATION, RELEASE
from webhook.core.policy.crd.definitions import RESOURCES
from webhook.core.policy.documents import GPUNodePool
from webhook.core.policy.policy import Policy
from webhook.core.rules.node_marks import NAME, stand, wanted, write_record
from webhook.core.subject import node as nodes
from webhook.process.logs import ROOT, fields

WAITING_PAUSE = 0.5
"""Seconds until the next look where something is not read yet, or could not be written."""
TRIES = 5
"""Writes of one node at a time, where each finds that somebody else wrote it in between."""
BATCH, WRITERS = 200, 4
"""Nodes that are written before all are looked at again, and how many of them at a time."""
NAMED = 10
"""Nodes that an event names; others are counted."""

_POOLS = "gpunodepools"

_log = logging.getLogger(f"{ROOT}.controller")


@dataclass(frozen=True, slots=True, kw_only=True)
class Claiming:
    """What claims nodes: the policy in force (None: none is), and our objects as they are."""

    policy: Policy | None
    objects: Mapping[str, Mapping[str, Object]]


class Marker:
    """Keeps the labels and taints of claimed nodes as their pools say."""

    name = "nodes"

    def __init__(
        self,
        world: World,
        machines: Callable[[], Mapping[str, Machine] | None],
        claiming: Callable[[], Claiming | None],
        may_act: Callable[[], bool],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take what gives nodes and documents (None: not read yet), and who says if we lead."""
        self._world, self._machines, self._claiming = world, machines, claiming
        self._may_act, self._patience = may_act, Patience(clock)
        self._released: frozenset[tuple[str, str]] = frozenset()
        self._rivals: dict[str, str] = {}

    def run(self) -> float:
        """Write what differs; give the seconds until another look is due."""
        machines, claiming = self._machines(), self._claiming()
        if machines is None or claiming is None:
            return WAITING_PAUSE
        self._released = frozenset(_released(claiming, self._released))
        policy = claiming.policy
        if policy is None or NAME not in policy.writing:
            return LONGEST_PAUSE
        turn = Turn()
        self._patience.keep(machines)
        # The last to be seen come first: who registers meanwhile waits for one batch, not for all.
        found = (self._due(name, machines[name], policy, turn) for name in reversed([*machines]))
        due = [each for each in found if each is not None]
        for each, result in self._write_all(due[:BATCH], policy):
            self._take(each, result, turn)
        turn.waiting += sum(each.standing.claim is not None for each in due[BATCH:])
        self._tell(turn, claiming)
        return 0.0 if due[BATCH:] else turn.pause

    def _due(self, name: str, machine: Machine, policy: Policy, turn: Turn) -> Due | None:
        """Tell whether a node is not what it should be, and may be written now."""
        marks = marks_of(machine)
        standing = stand(name, marks, policy, self._released)
        if standing.rivals:
            turn.rivals[name] = disputed(name, [pool.name for pool in standing.rivals])
        turn.claimed += standing.claim is not None
        after = wanted(marks, standing)
        if after == marks:
            return None
        wait = self._patience.wait(name, after)
        if wait > 0:
            turn.wait(standing, wait)
            return None
        return Due(name=name, before=marks, after=after, standing=standing)

    def _write_all(self, due: Sequence[Due], policy: Policy) -> Iterator[tuple[Due, Result]]:
        """Write nodes, some at a time: most of a write is waiting for the API server."""
        with ThreadPoolExecutor(WRITERS) as executor:
            names = [each.name for each in due]
            results = executor.map(lambda name: self._write(name, policy), names)
            yield from zip(due, results, strict=True)

    def _take(self, due: Due, result: Result, turn: Turn) -> None:
        """Take note of what came of a write."""
        if result is Result.UNNEEDED:
            return
        if result is Result.FAILED:
            turn.wait(due.standing, WAITING_PAUSE)
        else:
            turn.note(due)
        if self._patience.tried(due.name, due.after):
            note = f"{due.name}: what its pool declares does not stay on it; it is set more seldom"
            self._world.events.say(_about(due.name), Reason.NODE_CONTESTED, note, "Warning")

    def _write(self, name: str, policy: Policy) -> Result:
        """Read, change and write a node until nobody came in between."""
        path = f"/api/v1/nodes/{name}"
        for _ in range(TRIES):
            if not self._may_act():
                return Result.FAILED
            try:
                found = self._world.api.get(path)
                patch = self._patch(found, policy) if found else None
                if patch is None:
                    return Result.UNNEEDED
                query = {"fieldManager": FIELD_MANAGER}
                self._world.api.send("PATCH", path, patch, content_type=MERGE_PATCH, query=query)
            except ApiFailed as failure:
                if failure.status != HTTPStatus.CONFLICT:
                    self._count(measures.FAILED)
                    _log.warning("node not written", extra=fields(node=name, fault=str(failure)))
                    return Result.FAILED
                self._count(measures.CONFLICT)
            else:
                self._count(measures.WRITTEN)
                return Result.WRITTEN
        return Result.FAILED

    def _patch(self, found: Object, policy: Policy) -> Object | None:
        """Give the patch that makes a node what it should be; None: it is."""
        name, before = nodes.read(found)
        after = wanted(before, stand(name, before, policy, self._released))
        if after == before:
            return None
        metadata: Object = {"resourceVersion": found["metadata"]["resourceVersion"]}
        metadata["labels"] = {
            **{key: None for key in before.labels if key not in after.labels},
            **{key: each for key, each in after.labels.items() if before.labels.get(key) != each},
        }
        text = write_record(after.record) if after.record else None
        metadata["annotations"] = {MARKS_ANNOTATION: text}
        if after.taints == before.taints:
            return {"metadata": metadata}
        taints = nodes.taints_of(found["spec"].get("taints"), after.taints)
        return {"metadata": metadata, "spec": {"taints": taints}}

    def _tell(self, turn: Turn, claiming: Claiming) -> None:
        """Say what was done and what is disputed, and count."""
        pools = claiming.objects.get(_POOLS, {})
        for pool, names in turn.marked.items():
            note = f"{_listed(names)}: labels and taints set"
            self._world.events.say(_about_pool(pool, pools), Reason.NODES_MARKED, note)
        for pool, names in turn.released.items():
            note = f"{_listed(names)}: labels and taints taken away"
            self._world.events.say(_about_pool(pool, pools), Reason.NODES_RELEASED, note)
        for name, note in turn.rivals.items():
            if self._rivals.get(name) != note:
                self._world.events.say(_about(name), Reason.NODE_CLAIMED_TWICE, note, "Warning")
        self._rivals = turn.rivals
        gauge = self._world.metrics.nodes
        gauge.labels(measures.MARKED).set(turn.claimed - turn.waiting)
        gauge.labels(measures.WAITING).set(turn.waiting)
        gauge.labels(measures.DISPUTED).set(len(turn.rivals))

    def _count(self, result: str) -> None:
        self._world.metrics.node_writes.labels(result).inc()


def _released(claiming: Claiming, before: frozenset[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Give kind and name of documents whose deletion releases nodes.

    One that is gone is taken for what it was: the policy in force may still hold it.
    """
    there = set()
    for resource, objects in claiming.objects.items():
        kind = RESOURCES[resource].kind.__name__
        for name, each in objects.items():
            there.add((kind, name))
            annotations = each["metadata"].get("annotations") or {}
            if annotations.get(ON_DELETE_ANNOTATION) == RELEASE:
                yield kind, name
    yield from before - there


def _about(name: str) -> Object:
    """Give what an event about a node is about; kubelets name it by its name too."""
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "uid": name}}


def _about_pool(name: str, pools: Mapping[str, Object]) -> Object:
    """Give what an event about a pool is about, though it may be gone."""
    metadata = {"name": name, **pools.get(name, {}).get("metadata", {})}
    kind = GPUNodePool.__name__
    return {"apiVersion": GPUNodePool.API_VERSION, "kind": kind, "metadata": metadata}


def _listed(names: list[str]) -> str:
    shown, more = ", ".join(names[:NAMED]), len(names) - NAMED
    return f"{shown} and {more} more" if more > 0 else shown
