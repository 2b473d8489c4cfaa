"""Pods that are created all the time, while something else happens; and what was said to them."""

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from tests.cluster.api import Api, ApiError, Json
from tests.cluster.waiting import eventually
from tests.cluster.webhook import PROBE
from webhook.core.names import CLASS_LABEL

THREADS = 4
PAUSE_SECONDS = 0.01
ENOUGH = 20
"""Pods that make it a load."""


class Load:
    """Creates GPU pods (dry-run) from several threads; `wrong` says what went wrong with which."""

    def __init__(
        self,
        api: Api,
        manifest: Json = PROBE,
        judge: Callable[[Json], str] | None = None,
        pause: float = PAUSE_SECONDS,
    ) -> None:
        """Take whose pods they are, what judges one that was made, and how soon another follows."""
        self._manifest, self._judge, self._pause = manifest, judge or _is_labelled, pause
        self.created = 0
        self.wrong: list[str] = []
        self._api = api
        self._ending = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(THREADS)]

    def __enter__(self) -> Self:
        """Begin, and go on once pods are created."""
        for thread in self._threads:
            thread.start()
        eventually(lambda: self.created + len(self.wrong) > ENOUGH, "pods to be created")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Let a few more come, and end."""
        before = self.created
        if kind is None:
            eventually(lambda: self.created > before + ENOUGH, "further pods to be created")
        self._ending.set()
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        while not self._ending.is_set():
            fault = self._create()
            with self._lock:
                self.created += not fault
                if fault:
                    self.wrong.append(fault)
            time.sleep(self._pause)

    def _create(self) -> str:
        """Create a pod; give what was wrong with the answer."""
        path = "/api/v1/namespaces/default/pods?dryRun=All"
        try:
            made = self._api.request("POST", path, self._manifest)
        except (ApiError, OSError) as error:
            return str(error)
        return self._judge(made)


def _is_labelled(made: Json) -> str:
    return "" if CLASS_LABEL in made["metadata"].get("labels", {}) else "not mutated"
