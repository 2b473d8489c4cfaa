"""What a row says: a fault, how it is injected and healed, and what it may cost."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from tests.cluster.api import Json
from tests.cluster.chaos.fleet import Make
from tests.cluster.chaos.load import CONNECTIONS, GPU, Answer, Load, asks_for_gpu, is_governed
from tests.cluster.chaos.stage import AS_SHIPPED, Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """How long a row is played: at least so many requests, at so many a second."""

    requests: int
    rate: float
    is_long: bool


class Row(ABC):
    """One fault; a row overrides what is its own.

    `promise` is the table's word for what passes. `short` and `long` are how often the fault is
    injected; with `short` 0 the row has only the long form.
    """

    name = ""
    fault = ""
    promise = "0 lost"
    short, long = 1, 10
    flags: tuple[str, ...] = ()
    """Of the controller; rows whose flags differ have stages of their own."""
    manifests: tuple[Json, ...] = (GPU,)
    connections = CONNECTIONS
    rate: float | None = None
    """Requests a second, where the form's would be too many."""
    is_long = False
    """Set by the runner, for rows whose forms differ in more than how often."""
    counts_apiserver = True
    owed = 0
    """Lines that the logs of killed processes may lack."""

    def make(self, stage: Stage) -> Make:  # noqa: ARG002 # for rows that want another
        """Say how replicas are started for it."""
        return AS_SHIPPED

    @abstractmethod
    def inject(self, stage: Stage, load: Load, times: int) -> str:
        """Inject the fault and heal it, so often; say what was done. AssertionError: it failed."""

    def may_lose(self, answer: Answer) -> bool:  # noqa: ARG002 # nothing unless it says so
        """Tell whether a request that failed is among those that may."""
        return False

    def check(self, stage: Stage, answers: Sequence[Answer], stored: Sequence[Json]) -> list[str]:  # noqa: ARG002 # for rows that look closer
        """Say what does not hold afterwards; `stored` are the pods that were kept."""
        found = [each for each in stored if asks_for_gpu(each) and not is_governed(each)]
        names = [each["metadata"]["name"] for each in found]
        return [f"stored without their class: {', '.join(names)}"] if names else []
