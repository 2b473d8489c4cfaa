"""Policies: the last good one stays."""

import asyncio
from contextlib import suppress
from dataclasses import replace

import pytest

from tests.serve import reviews
from webhook.core.errors import Fault, GpuclassError, OperatorError, PolicyError
from webhook.core.policy.policy import Policy
from webhook.serve.metrics import Metrics
from webhook.serve.snapshots import Snapshots

ONE = replace(reviews.policy(), revision="one")
TWO = replace(reviews.policy(), revision="two")
FAULTS = PolicyError(
    tuple(Fault(source="a.yaml", line=line, path="spec", message="no") for line in (1, 2))
)


class Source:
    """A folder that says what it is told to; `reads` counts how often it was read."""

    def __init__(self, *contents: Policy | Exception) -> None:
        self.now, self.reads = 0, 0
        self._contents = contents

    def fingerprint(self) -> int:
        """Give what it says now."""
        return self.now

    def load(self) -> Policy:
        """Give the policy, or the fault."""
        self.reads += 1
        found = self._contents[self.now]
        if isinstance(found, Exception):
            raise found
        return found


def snapshots(source: Source) -> Snapshots:
    return Snapshots(source.load, source.fingerprint, Metrics(), lambda: 1234.0)


def value(of: Snapshots, name: str, **labels: str) -> float | None:
    return of._metrics.registry.get_sample_value(name, labels)  # noqa: SLF001


def test_a_new_policy_takes_the_place_of_the_old_one() -> None:
    source = Source(ONE, TWO)
    found = snapshots(source)
    assert found.current() is None
    found.load_first()
    assert found.current() is ONE
    source.now = 1
    found.refresh()
    assert (found.current(), found.faults, found.loaded_at) == (TWO, (), 1234.0)
    assert value(found, "gpuclass_policy_info", revision="two") == 1
    assert value(found, "gpuclass_policy_info", revision="one") is None
    assert value(found, "gpuclass_policy_loaded_timestamp_seconds") == 1234


def test_what_did_not_change_is_not_read_again() -> None:
    source = Source(ONE)
    found = snapshots(source)
    found.load_first()
    found.refresh()
    assert source.reads == 1


@pytest.mark.parametrize(
    ("broken", "faults"),
    [
        pytest.param(FAULTS, ("a.yaml:1 spec: no", "a.yaml:2 spec: no"), id="faults"),
        pytest.param(OperatorError("p: no such folder"), ("p: no such folder",), id="no folder"),
        pytest.param(RuntimeError("a bug"), ("a bug",), id="a fault of ours"),
    ],
)
def test_a_broken_policy_leaves_the_last_good_one(
    broken: Exception, faults: tuple[str, ...], caplog: pytest.LogCaptureFixture
) -> None:
    source = Source(ONE, broken, TWO)
    found = snapshots(source)
    found.load_first()
    source.now = 1
    found.refresh()
    found.refresh()
    assert (found.current(), found.faults) == (ONE, faults)
    assert value(found, "gpuclass_policy_faults") == len(faults)
    assert value(found, "gpuclass_policy_reload_failures_total") == 1
    assert [each.getMessage() for each in caplog.records].count("policy refused") == 1
    source.now = 2
    found.refresh()
    assert (found.current(), found.faults) == (TWO, ())
    assert value(found, "gpuclass_policy_faults") == 0


def test_a_first_policy_that_is_broken_is_for_the_operator() -> None:
    with pytest.raises(GpuclassError):
        snapshots(Source(FAULTS)).load_first()


def test_the_watch_looks_again_and_again() -> None:
    source = Source(ONE, TWO)
    found = snapshots(source)
    found.load_first()
    source.now = 1

    async def watch_for_a_while() -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(found.watch(0.01), 0.2)

    asyncio.run(watch_for_a_while())
    assert found.current() is TWO
