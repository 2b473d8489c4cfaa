"""The duty of the audit: when it runs, what it counts and logs, and what a failure leaves."""

import logging
from collections.abc import Iterable
from datetime import timedelta

import pytest

from tests.control.world import Clock
from tests.core.audit.cluster import NODES, bound, node
from tests.core.given import cpu_pod, shipped
from webhook.control.auditor import LOGGED, RETRY, WAITING, Auditor, StoppedError
from webhook.control.metrics import Metrics
from webhook.core.audit.finding import SEVERITIES
from webhook.core.audit.inventory import Inventory, StoredPod, read_pod
from webhook.core.errors import OperatorError
from webhook.core.policy.policy import Policy

MINUTES = timedelta(minutes=10)


class Setting:
    """An auditor, and the cluster that it looks at."""

    def __init__(self, every: timedelta = MINUTES) -> None:
        self.metrics, self.clock = Metrics(), Clock()
        self.nodes = NODES
        self.pods: list[StoredPod] = []
        self.policy = shipped()
        self.has_policy = True
        self.taken = 0
        self.may_go_on = True
        self.fault: Exception | None = None
        self.auditor = Auditor(self.look, self.metrics, every, lambda: self.may_go_on, self.clock)

    def look(self) -> tuple[Policy, Inventory] | None:
        """Give the policy and the cluster, or fail."""
        if not self.has_policy:
            return None
        self.taken += 1
        if self.fault:
            raise self.fault
        return self.policy, Inventory(nodes=self.nodes, pods=self.stream())

    def stream(self) -> Iterable[StoredPod]:
        """Give pods, which takes a second each."""
        for each in self.pods:
            self.clock.turn(timedelta(seconds=1))
            yield each

    def add_cpu_pods(self, count: int, first: int = 0) -> None:
        """Have pods on a GPU node that ask for none."""
        for number in range(first, first + count):
            pod = cpu_pod()
            pod["metadata"]["name"] = f"p{number:03}"
            self.pods.append(read_pod(bound(pod, "training-1")))

    def value(self, name: str, **labels: str) -> float | None:
        """Give a sample of the metrics."""
        return self.metrics.registry.get_sample_value(f"gpuclass_audit_{name}", labels or None)

    def count(self, finding: str) -> float | None:
        """Give the figure of a finding."""
        return self.value("findings", finding=finding, severity=SEVERITIES[finding].value)


@pytest.fixture
def setting() -> Setting:
    return Setting()


def told(caplog: pytest.LogCaptureFixture) -> list[dict[str, object]]:
    """Give the fields of the findings that were logged."""
    return [
        each.__dict__["fields"]
        for each in caplog.records
        if each.getMessage() == "audit finding" and each.levelno == logging.WARNING
    ]


def test_without_a_policy_it_waits(setting: Setting) -> None:
    setting.has_policy = False
    assert setting.auditor.run() == WAITING.total_seconds()
    assert setting.taken == 0


def test_every_finding_has_a_figure_after_a_run(setting: Setting) -> None:
    setting.add_cpu_pods(3)
    assert setting.count("cpu-pod-on-gpu-node") is None
    assert setting.auditor.run() == MINUTES.total_seconds() - 3
    assert setting.count("cpu-pod-on-gpu-node") == 3
    others = [name for name in SEVERITIES if name != "cpu-pod-on-gpu-node"]
    assert [setting.count(name) for name in others] == [0] * len(others)
    assert setting.value("duration_seconds") == 3
    assert setting.value("last_run_timestamp_seconds") == setting.clock.seconds()
    assert setting.value("failed") == 0


def test_labels_are_bounded_by_the_table(setting: Setting) -> None:
    setting.add_cpu_pods(50)
    setting.auditor.run()
    lines = setting.metrics.render().decode().splitlines()
    samples = [line for line in lines if line.startswith("gpuclass_audit_findings{")]
    assert len(samples) == len(SEVERITIES)


def test_it_looks_again_when_it_is_time_and_not_before(setting: Setting) -> None:
    setting.auditor.run()
    setting.clock.turn(timedelta(minutes=4))
    assert setting.auditor.run() == timedelta(minutes=6).total_seconds()
    assert setting.taken == 1
    setting.nodes = (*NODES, node("stray"))
    setting.clock.turn(timedelta(minutes=6))
    assert setting.auditor.run() == MINUTES.total_seconds()
    assert setting.count("node-unclaimed") == 1


def test_a_run_that_takes_longer_than_its_turn_begins_anew_at_once() -> None:
    setting = Setting(timedelta(seconds=5))
    setting.add_cpu_pods(6)
    assert setting.auditor.run() == 0


def test_what_is_new_is_logged_once(setting: Setting, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    setting.add_cpu_pods(1)
    setting.auditor.run()
    (found,) = told(caplog)
    text = str(found.pop("says"))
    assert text.startswith("runs on training-1 (pool training) and asks for no GPU: ")
    assert found == {
        "finding": "cpu-pod-on-gpu-node",
        "severity": "error",
        "kind": "Pod",
        "namespace": "team-a",
        "name": "p000",
    }
    caplog.clear()
    setting.add_cpu_pods(1, first=1)
    setting.clock.turn(MINUTES)
    setting.auditor.run()
    assert [each["name"] for each in told(caplog)] == ["p001"]
    summary = caplog.records[-1]
    assert summary.getMessage() == "audited"
    assert summary.__dict__["fields"] == {
        "findings": {"cpu-pod-on-gpu-node": 2},
        "fresh": 1,
        "untold": 0,
    }


def test_a_log_is_not_flooded_and_the_gravest_come_first(
    setting: Setting, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    setting.nodes = (*NODES, *(node(f"stray-{number}") for number in range(LOGGED)))
    setting.add_cpu_pods(LOGGED - 1)
    setting.auditor.run()
    names = [each["finding"] for each in told(caplog)]
    assert names == [*["cpu-pod-on-gpu-node"] * (LOGGED - 1), "node-unclaimed"]
    assert caplog.records[-1].__dict__["fields"]["untold"] == LOGGED - 1


def test_what_may_well_be_meant_is_counted_and_not_logged(
    setting: Setting, caplog: pytest.LogCaptureFixture
) -> None:
    setting.nodes = ()
    setting.auditor.run()
    assert setting.count("pool-without-nodes") == 4
    assert told(caplog) == []


def test_a_failure_leaves_the_figures_and_is_tried_again_later(setting: Setting) -> None:
    setting.add_cpu_pods(1)
    setting.auditor.run()
    last = setting.value("last_run_timestamp_seconds")
    setting.clock.turn(MINUTES)
    setting.fault = OperatorError("GET /api/v1/nodes: away")
    with pytest.raises(OperatorError, match="away"):
        setting.auditor.run()
    assert setting.value("failed") == 1
    assert setting.count("cpu-pod-on-gpu-node") == 1
    assert setting.value("last_run_timestamp_seconds") == last
    assert setting.auditor.run() == RETRY.total_seconds()
    setting.fault = None
    setting.clock.turn(RETRY)
    setting.auditor.run()
    assert setting.value("failed") == 0


def test_a_replica_that_ends_does_not_finish_it(setting: Setting) -> None:
    setting.add_cpu_pods(5)
    setting.may_go_on = False
    with pytest.raises(StoppedError, match=r"^the audit was not finished: this replica ends$"):
        setting.auditor.run()
    assert setting.count("cpu-pod-on-gpu-node") is None


def test_the_clock_is_that_of_the_world() -> None:
    auditor = Auditor(lambda: (shipped(), Inventory(nodes=NODES)), Metrics())
    assert MINUTES.total_seconds() - 60 < auditor.run() <= MINUTES.total_seconds()
