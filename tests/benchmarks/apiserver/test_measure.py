"""Calls are counted by two parties, who must not contradict each other."""

from types import SimpleNamespace
from typing import cast

import pytest

from benchmarks.apiserver.measure import Calls
from benchmarks.apiserver.situations import GO, GPUCLASS, NOTHING
from benchmarks.apiserver.stage import Stage
from benchmarks.errors import BenchmarkError


class Counters:
    """Stands in for an API server and a server, with counters that a test sets."""

    def __init__(self) -> None:
        self.apiserver = self.ours = 0

    def text(self, path: str) -> str:
        """Give the metrics of the API server."""
        assert path == "/metrics"
        name = "apiserver_admission_webhook_request_total"
        lines = (f'{name}{{name="a",type="admit"}} {self.apiserver}', f'{name}_other{{name="a"}} 7')
        return "\n".join(lines)

    def metrics(self) -> dict[str, float]:
        """Give the samples of our server."""
        return {'gpuclass_decisions_total{stage="mutate"}': self.ours, "gpuclass_other": 7}

    def stage(self) -> Stage:
        """Give a stage on which both are."""
        plane = SimpleNamespace(api=self)
        return cast("Stage", SimpleNamespace(control_plane=plane, webhook=self))


def test_calls_are_those_since_the_last_question() -> None:
    counters = Counters()
    calls = Calls(counters.stage())
    counters.apiserver = counters.ours = 3
    assert calls.since(GPUCLASS) == 3
    counters.apiserver = 5
    assert calls.since(GO) == 2
    assert calls.since(NOTHING) == 0


@pytest.mark.parametrize(
    ("arm", "ours"),
    [
        pytest.param(GPUCLASS, 2, id="a call that we did not see"),
        pytest.param(GO, 3, id="not ours"),
    ],
)
def test_a_contradiction_ends_the_run(arm: str, ours: int) -> None:
    counters = Counters()
    calls = Calls(counters.stage())
    counters.apiserver, counters.ours = 3, ours
    with pytest.raises(BenchmarkError) as raised:
        calls.since(arm)
    assert str(raised.value) == f"{arm}: the API server called 3 times, we saw {ours}"
