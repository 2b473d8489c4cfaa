"""Pods that are created at a steady rate, and what was said to each of them.

The rate does not wait for answers: a request is due at its time, and who is free sends it. Only
when all connections wait for answers do requests come late; each is sent even so.
"""

import http.client
import itertools
import statistics
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from tests.cluster.api import Api, ApiError, Json
from tests.cluster.waiting import eventually
from tests.cluster.webhook import PROBE
from webhook.core.names import CLASS_LABEL

CONNECTIONS = 16
KEPT_EVERY = 10
"""Of so many pods one is kept; the others are dry-run."""
PATIENCE_SECONDS = 1800

GPU: Json = PROBE
TRAINING: Json = PROBE | {
    "metadata": PROBE["metadata"] | {"annotations": {"gpu-class": "training"}}
}
CPU: Json = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"generateName": "ordinary-"},
    "spec": {"containers": [{"name": "c", "image": "x"}]},
}


class Outcome(StrEnum):
    """What became of a request."""

    MADE = "made"
    """The pod was let in, and is what it shall be."""
    UNGOVERNED = "ungoverned"
    """A GPU pod was let in without its class."""
    WEBHOOK = "webhook"
    """The API server could not get an answer of ours."""
    DENIED = "denied"
    """We refused the pod."""
    APISERVER = "API server"
    """The API server itself did not answer, or refused for reasons of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One request: when it was sent (monotonic), how long it took, and what came."""

    outcome: Outcome
    sent: float
    seconds: float
    is_gpu: bool
    is_kept: bool
    message: str = ""


class Load:
    """Creates pods from several threads; `answers` has one for each request that is over."""

    def __init__(
        self, api: Api, path: str, rate: float, manifests: Sequence[Json], connections: int
    ) -> None:
        """Take whose pods they are, where, how many a second, and which in turn."""
        self.answers: list[Answer] = []
        self._api, self._path, self._rate = api, path, rate
        self._manifests = manifests
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        """Told of another pace, and of the end; who changes a pace or takes a number holds it."""
        self._paces = 0
        self._open: dict[int, float] = {}
        """When each request was sent that is not over yet."""
        self._is_ending = False
        self._threads = [threading.Thread(target=self._run) for _ in range(connections)]

    def __enter__(self) -> Self:
        """Begin."""
        self._due = time.monotonic()
        for each in self._threads:
            each.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Send no more, and wait for the answers that are still to come."""
        with self._changed:
            self._is_ending = True
            self._changed.notify_all()
        for each in self._threads:
            each.join()

    def reach(self, count: int) -> None:
        """Wait until so many requests are over."""
        eventually(lambda: len(self.answers) >= count, f"{count} answers", PATIENCE_SECONDS)

    def go_on(self, count: int) -> None:
        """Wait until so many requests more are over."""
        self.reach(len(self.answers) + count)

    def pace(self, rate: float) -> None:
        """Send so many a second from now on; what was to be sent at the former pace is left out."""
        with self._changed:
            self._rate, self._due = rate, time.monotonic()
            self._paces += 1
            self._changed.notify_all()

    def rest(self, since: float, count: int) -> None:
        """Wait until so many requests are over that were sent after a moment."""
        what = f"{count} answers to requests sent afterwards"
        eventually(lambda: self._after(since) >= count, what, PATIENCE_SECONDS)

    def drain(self) -> float:
        """Wait until every request is over that is sent by now; give the time then."""
        now = time.monotonic()
        eventually(lambda: min([*self._open.values()], default=now) >= now, "the last answers")
        return time.monotonic()

    def _after(self, since: float) -> int:
        return sum(each.sent > since for each in self.answers)

    def _next(self) -> tuple[int, float, int]:
        """Give the number of the next request, when it is due, and the pace that it is of."""
        with self._changed:
            number, due = next(self._numbers), self._due
            self._due += 1 / self._rate
            return number, due, self._paces

    def _is_over(self, paces: int) -> bool:
        return self._is_ending or paces != self._paces

    def _is_due(self, due: float, paces: int) -> bool:
        """Wait until a request is due; False where it is left out: another pace, or the end."""
        with self._changed:
            seconds = max(0.0, due - time.monotonic())
            return not self._changed.wait_for(lambda: self._is_over(paces), seconds)

    def _run(self) -> None:
        session = self._api.session()
        try:
            while not self._is_ending:
                number, due, paces = self._next()
                if self._is_due(due, paces):
                    self.answers.append(self._create(number, session.request))
        finally:
            session.close()

    def _create(self, number: int, request: Callable[[str, str, Json], Json]) -> Answer:
        manifest = self._manifests[number % len(self._manifests)]
        is_gpu = asks_for_gpu(manifest)
        is_kept = number // len(self._manifests) % KEPT_EVERY == 0
        self._open[number] = sent = time.monotonic()
        try:
            made = request("POST", self._path if is_kept else f"{self._path}?dryRun=All", manifest)
        except (ApiError, OSError, http.client.HTTPException) as error:
            outcome, message = of_error(error), f"{type(error).__name__}: {error}"
        else:
            outcome, message = of_pod(made, is_gpu=is_gpu), ""
        del self._open[number]
        return Answer(
            outcome=outcome,
            sent=sent,
            seconds=time.monotonic() - sent,
            is_gpu=is_gpu,
            is_kept=is_kept,
            message=message,
        )


def p99(seconds: Sequence[float]) -> float:
    """Give the 99th percentile of how long some requests took."""
    return statistics.quantiles(seconds, n=100)[-1]


def of_error(error: Exception) -> Outcome:
    """Tell whose failure it is: the API server says which webhook it could not call, or denied."""
    if isinstance(error, ApiError) and "failed calling webhook" in str(error):
        return Outcome.WEBHOOK
    if isinstance(error, ApiError) and "denied the request" in str(error):
        return Outcome.DENIED
    return Outcome.APISERVER


def of_pod(pod: Json, *, is_gpu: bool) -> Outcome:
    """Tell whether a pod that was made is what it shall be."""
    return Outcome.MADE if is_governed(pod) == is_gpu else Outcome.UNGOVERNED


def asks_for_gpu(pod: Json) -> bool:
    """Tell whether a pod of ours asks for a GPU."""
    return any("resources" in each and each["resources"] for each in pod["spec"]["containers"])


def is_governed(pod: Json) -> bool:
    """Tell whether a pod has what its class gives: label, affinity, tolerations."""
    labels, spec = pod["metadata"].get("labels", {}), pod["spec"]
    keys = {each.get("key") for each in spec.get("tolerations", ())}
    return CLASS_LABEL in labels and "affinity" in spec and "nvidia.com/gpu" in keys
