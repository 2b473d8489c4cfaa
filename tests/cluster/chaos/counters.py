"""What three parties counted of the same requests: who sent them, the API server, the replicas."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self

from tests.cluster.api import Api
from tests.cluster.chaos.fleet import Replica
from tests.cluster.chaos.load import Answer, Outcome
from tests.cluster.webhook import samples
from webhook.core.registration.configurations import PODS

CALLS = "apiserver_admission_webhook_request_total"
REJECTIONS = "apiserver_admission_webhook_rejection_count"
OPENED = "apiserver_admission_webhook_fail_open_count"
DURATIONS = "apiserver_admission_webhook_admission_duration_seconds"
PROMPT_SECONDS = "0.025"
"""What docs/slo.md promises: a bucket of the API server's histogram."""
DECISIONS = "gpuclass_decisions_total"
INJECTED = "mutate inject"

_LABEL = re.compile(r'(\w+)="([^"]*)"')


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiServer:
    """What the API server counts of calls to us for new pods."""

    answered: int = 0
    """Mutating calls that were answered."""
    failed: int = 0
    """Calls without an answer, for which a pod was refused."""
    opened: int = 0
    """Calls without an answer, in spite of which a pod was let in (failurePolicy Ignore)."""
    timed: int = 0
    """Mutating calls, with an answer or without, of which it took the time."""
    prompt: int = 0
    """Those of them that took 25 ms at most."""

    @property
    def share(self) -> float | None:
        """Give the part of the calls that were prompt; None where there was none."""
        return self.prompt / self.timed if self.timed else None

    @classmethod
    def read(cls, text: str) -> Self:
        """Read its /metrics."""
        found = samples(text)
        ours = {"name": PODS, "operation": "CREATE"}
        admit = ours | {"type": "admit"}
        return cls(
            answered=_sum(found, CALLS, admit | {"code": "200"}),
            failed=_sum(found, REJECTIONS, ours | {"error_type": "calling_webhook_error"}),
            opened=_sum(found, OPENED, {"name": PODS, "type": "admit"}),
            timed=_sum(found, f"{DURATIONS}_count", admit),
            prompt=_sum(found, f"{DURATIONS}_bucket", admit | {"le": PROMPT_SECONDS}),
        )

    @classmethod
    def now(cls, api: Api) -> Self:
        """Ask for its /metrics and read them."""
        return cls.read(api.text("/metrics"))

    def since(self, before: Self) -> "ApiServer":
        """Give what came to it."""
        return ApiServer(
            answered=self.answered - before.answered,
            failed=self.failed - before.failed,
            opened=self.opened - before.opened,
            timed=self.timed - before.timed,
            prompt=self.prompt - before.prompt,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A replica's counters at one moment."""

    decisions: int
    place: int
    """Where its log ended."""


class Replicas:
    """What replicas count: by their metrics, or by their logs where a process is gone.

    A process that was ended has written its log to the end; one that was killed may owe its last
    lines. One whose log could not be written still has its metrics.
    """

    def __init__(self, running: Iterable[Replica]) -> None:
        """Mark where they are now; one that comes later began at nothing."""
        self._marks = {each.name: Mark(**_mark(each)) for each in running}

    def decisions(self, everybody: Iterable[Replica], running: Iterable[Replica]) -> int:
        """Count the GPU pods that were given their class since."""
        alive = {each.name for each in running}
        return sum(self._of(each, is_alive=each.name in alive) for each in everybody)

    def _of(self, replica: Replica, *, is_alive: bool) -> int:
        mark = self._marks.get(replica.name, Mark(decisions=0, place=0))
        events = replica.journal.events(mark.place)
        logged = [each.get("message") for each in events].count(INJECTED)
        return max(logged, injected(replica.metrics()) - mark.decisions if is_alive else 0)


def _mark(replica: Replica) -> dict[str, int]:
    return {"decisions": injected(replica.metrics()), "place": replica.journal.end()}


def injected(found: Mapping[str, float]) -> int:
    """Count the GPU pods that a replica gave their class, by its metrics."""
    return _sum(found, DECISIONS, {"stage": "mutate", "verdict": "inject", "operation": "CREATE"})


def _sum(found: Mapping[str, float], name: str, labels: Mapping[str, str]) -> int:
    """Add up the samples of a name that have all these labels."""
    return round(
        sum(
            value
            for sample, value in found.items()
            if sample.startswith(f"{name}{{") and labels.items() <= _labels(sample).items()
        )
    )


def _labels(sample: str) -> dict[str, str]:
    return dict(_LABEL.findall(sample))


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What all three counted of GPU pods; `decided` by all replicas.

    `apiserver` is None where it was restarted meanwhile, which puts its counters back to nothing.
    """

    outcomes: Mapping[Outcome, int]
    apiserver: ApiServer | None
    decided: int

    def disagreements(self, *, owed: int = 0) -> list[str]:
        """Say where they contradict each other; logs of killed processes may owe some lines.

        A request that got lost may have been decided, and a decision may not have arrived.
        """
        governed = self.outcomes[Outcome.MADE]
        made = governed + self.outcomes[Outcome.UNGOVERNED]
        refused = self.outcomes[Outcome.WEBHOOK]
        lost = sum(self.outcomes.values()) - made
        found = []
        if not governed - owed <= self.decided <= made + lost:
            found.append(f"replicas decided {self.decided} times, {governed} pods got their class")
        if (counted := self.apiserver) is None:
            return found
        if not made <= counted.answered + counted.opened <= made + lost:
            found.append(f"the API server had {counted.answered} answers, {made} pods were made")
        if not refused <= counted.failed <= lost:
            found.append(
                f"the API server counts {counted.failed} calls without an answer, "
                f"{refused} pods were refused for want of one"
            )
        return found

    def numbers(self) -> dict[str, int]:
        """Give all of them by who counted what."""
        found = {f"client: {outcome}": count for outcome, count in self.outcomes.items()}
        found["replicas: decided"] = self.decided
        if self.apiserver:
            found["API server: answered"] = self.apiserver.answered
            found["API server: unanswered"] = self.apiserver.failed
            found["API server: let in unanswered"] = self.apiserver.opened
        return found


def count(answers: Iterable[Answer], apiserver: ApiServer | None, decided: int) -> Counts:
    """Put the counts of GPU pods together."""
    outcomes = Counter(each.outcome for each in answers if each.is_gpu)
    found = {each: outcomes[each] for each in Outcome}
    return Counts(outcomes=found, apiserver=apiserver, decided=decided)
