"""Nobody answers at all: ordinary pods never notice; what fails open is found by the audit."""

import contextlib
import json
import subprocess
import time
from collections.abc import Iterator, Sequence

from tests.cluster.access import clean_environment
from tests.cluster.api import Json
from tests.cluster.chaos.load import CPU, GPU, Answer, Load, Outcome, is_governed, p99
from tests.cluster.chaos.row import Row
from tests.cluster.chaos.rows.killed import SOON_SECONDS
from tests.cluster.chaos.stage import AS_SHIPPED, NAMESPACE, REPLICAS, Stage
from tests.cluster.installed import gpuclass
from tests.cluster.shipped import POLICIES
from tests.cluster.waiting import eventually
from webhook.core.registration.configurations import PODS

REQUESTS = 40


class Outage(Row):
    """All replicas are killed; half of the pods ask for no GPU."""

    name = "outage"
    fault = "all replicas killed, for a while; half of the pods ask for no GPU"
    promise = "ordinary pods never notice; GPU pods are refused meanwhile, and let in again after"
    manifests: tuple[Json, ...] = (GPU, CPU)
    owed = 60

    def __init__(self) -> None:
        self._spans: list[tuple[float, float]] = []

    def inject(self, stage: Stage, load: Load, times: int) -> str:
        """Kill them and start others."""
        for _ in range(times):
            with self.away(stage):
                load.go_on(REQUESTS)
            load.go_on(REQUESTS)
        meanwhile, otherwise = self._ordinary(load.answers)
        return (
            f"{times} outages; p99 of ordinary pods: {meanwhile:.0f} ms meanwhile, "
            f"{otherwise:.0f} ms otherwise"
        )

    @contextlib.contextmanager
    def away(self, stage: Stage) -> Iterator[None]:
        """Have no replica for as long as the block runs."""
        began = time.monotonic()
        for each in [*stage.fleet.replicas]:
            stage.fleet.crash(each)
        try:
            yield
        finally:
            stage.fleet.bury(AS_SHIPPED)
            stage.fleet.fill(AS_SHIPPED, REPLICAS)
            self._spans.append((began, time.monotonic() + SOON_SECONDS))

    def _ordinary(self, answers: Sequence[Answer]) -> tuple[float, float]:
        """Give the p99 in milliseconds of pods that ask for no GPU: meanwhile, and else."""
        ordinary = [each for each in answers if not each.is_gpu]
        during = [each for each in ordinary if self._meanwhile(each)]
        others = [each for each in ordinary if not self._meanwhile(each)]
        return _p99_ms(during), _p99_ms(others)

    def may_lose(self, answer: Answer) -> bool:
        """Allow GPU pods to be refused meanwhile."""
        return answer.is_gpu and answer.outcome is Outcome.WEBHOOK and self._meanwhile(answer)

    def _meanwhile(self, answer: Answer) -> bool:
        end = answer.sent + answer.seconds
        return any(answer.sent <= over and end >= began for began, over in self._spans)


class FailedOpen(Outage):
    """The same with failurePolicy Ignore: GPU pods get in without their class; all are found."""

    name = "failed-open"
    fault = "all replicas killed where failurePolicy is Ignore"
    promise = "every pod gets in; `gpuclass audit` names each that did so without policy, no other"
    long = 3
    manifests: tuple[Json, ...] = (GPU,)

    def inject(self, stage: Stage, load: Load, times: int) -> str:
        """Fail open; the controller, which would close again, is away too."""
        with stage.without_controller():
            _set_failure_policy(stage, "Ignore")
            load.go_on(REQUESTS)
            for _ in range(times):
                with self.away(stage):
                    load.go_on(REQUESTS)
            _set_failure_policy(stage, "Fail")
            load.go_on(REQUESTS)
        eventually(stage.is_registered, "both webhook configurations")
        return f"{times} outages; {len(_audited(stage))} pods found by the audit"

    def may_lose(self, answer: Answer) -> bool:
        """Allow GPU pods without their class meanwhile.

        Where just one of the two calls failed, the other one refuses what it finds.
        """
        allowed = answer.outcome in {Outcome.UNGOVERNED, Outcome.DENIED}
        return allowed and self._meanwhile(answer)

    def check(self, stage: Stage, answers: Sequence[Answer], stored: Sequence[Json]) -> list[str]:  # noqa: ARG002 # as its base has it
        """Compare what the audit finds with what is stored without its class."""
        wanted = {each["metadata"]["name"] for each in stored if not is_governed(each)}
        found = set(_audited(stage))
        missing = [f"the audit misses {name}" for name in sorted(wanted - found)]
        if not wanted:
            missing.append("no pod got in without its class: nothing was proved")
        return [*missing, *(f"the audit names {name}" for name in sorted(found - wanted))]


def _p99_ms(answers: Sequence[Answer]) -> float:
    return p99([each.seconds for each in answers]) * 1000


def _set_failure_policy(stage: Stage, value: str) -> None:
    for kind, found in stage.configurations().items():
        patch = [
            {"op": "replace", "path": f"/webhooks/{place}/failurePolicy", "value": value}
            for place, entry in enumerate(found["webhooks"])
            if entry["name"] == PODS
        ]
        stage.control_plane.kubectl(
            "patch", kind, "gpuclass", "--type=json", "-p", json.dumps(patch)
        )


def _audited(stage: Stage) -> list[str]:
    """Give the pods of the load that the audit finds to be without their class."""
    command = [*gpuclass("audit"), "--policies", str(POLICIES), "-n", NAMESPACE, "-o", "json"]
    environment = clean_environment() | {"KUBECONFIG": str(stage.control_plane.kubeconfig)}
    answer = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert answer.returncode in {0, 1}, answer.stderr
    findings = json.loads(answer.stdout)
    return [each["name"] for each in findings if each["finding"] == "gpu-pod-unstamped"]
