"""Modes on the real API server: what Audit and Warn leave, and what they say instead."""

import re
from collections.abc import Iterator

import pytest

from tests.cluster import audit
from tests.cluster.access import KubectlError
from tests.cluster.api import Json
from tests.cluster.governed.cluster import Namespace
from tests.cluster.governed.manifests import pod, workload
from tests.cluster.waiting import eventually
from tests.cluster.webhook import Webhook

pytestmark = pytest.mark.cluster

AIMING, PROBE = (
    pod(name, gpus=None, nodeSelector={"gpu-type": "training"}) for name in ("aims", "probe")
)


class Modes:
    """Sets the modes of the shipped policy, the whole's or a rule's, and its registration."""

    def __init__(self, webhook: Webhook, team: Namespace) -> None:
        self._webhook, self._team = webhook, team
        self._file = webhook.policies / "policy.yaml"
        self._text = self._file.read_text(encoding="utf-8")

    def set(self, mode: str) -> None:
        """Have a mode in force, and registered."""
        self._put(re.sub(r"(?m)^  mode: \w+$", f"  mode: {mode}", self._text))

    def set_rule(self, rule: str, mode: str) -> None:
        """Have a rule's own mode in force, and registered."""
        self._put(self._text.replace("  rules: {}", f"  rules: {{{rule}: {mode}}}"))

    def _put(self, text: str) -> None:
        assert text != self._text
        self._file.write_text(text, encoding="utf-8")
        eventually(self._admits_what_aims, "the mode to be in force")
        self._webhook.configure()

    def restore(self) -> None:
        """Have the shipped mode in force again."""
        self._file.write_text(self._text, encoding="utf-8")
        eventually(lambda: not self._admits_what_aims(), "the shipped mode to be in force")
        self._webhook.register()

    def _admits_what_aims(self) -> bool:
        try:
            self._team.create(PROBE, flags=("--dry-run=server",))
        except KubectlError:
            return False
        return True


@pytest.fixture
def modes(webhook: Webhook, team: Namespace) -> Iterator[Modes]:
    found = Modes(webhook, team)
    yield found
    found.restore()


def written(team: Namespace, resource: str, name: str, verb: str = "create") -> dict[str, str]:
    """Give our audit annotations of one request, by entry and key."""

    def find() -> list[Json]:
        events = audit.of(team.control_plane.audit_events(), resource, team.name, verb)
        return [each for each in events if each["objectRef"].get("name") == name]

    (event,) = eventually(find, f"the audit event of {name}")
    return {key: value for key, value in event["annotations"].items() if "gpuclass.io/would" in key}


def test_audit_leaves_everything_alone_and_tells_the_audit_log(
    team: Namespace, modes: Modes
) -> None:
    modes.set("Audit")
    team.create(pod("x", "training"), AIMING, workload("Deployment", "d", "production"))
    left = team.get("pod", "x")
    assert left["spec"]["priority"] == 0
    assert "affinity" not in left["spec"]
    assert "labels" not in left["metadata"]
    assert "annotations" not in team.get("deployment", "d")["spec"]["template"]["metadata"]
    assert written(team, "pods", "x") == {
        "pods.gpuclass.io/would-change": "priority, placement, tolerations"
    }
    assert written(team, "deployments", "d") == {"workloads.gpuclass.io/would-change": "workload"}
    (refusal,) = written(team, "pods", "aims").values()
    assert refusal.startswith('spec.nodeSelector["gpu-type"]: gpu-type=training selects nodes')


def test_warn_injects_and_says_what_would_be_refused(team: Namespace, modes: Modes) -> None:
    modes.set("Warn")
    (warning,) = team.warnings(pod("x", "training"), AIMING)
    assert warning.startswith('spec.nodeSelector["gpu-type"]: gpu-type=training selects nodes')
    assert team.get("pod", "x")["spec"]["priorityClassName"] == "gpu-batch-priority"


def test_a_rule_that_only_warns_leaves_the_others_in_force(team: Namespace, modes: Modes) -> None:
    modes.set_rule("cpu-target", "Warn")
    (warning,) = team.warnings(AIMING)
    assert warning.startswith('spec.nodeSelector["gpu-type"]: gpu-type=training selects nodes')
    assert 'no class "trainng"; did you mean training?' in team.refused(pod("x", "trainng"))
    team.create(pod("y", "training"))
    assert team.get("pod", "y")["spec"]["priorityClassName"] == "gpu-batch-priority"


@pytest.mark.parametrize("mode", ["Audit", "Warn"])
def test_outage_of_what_refuses_nothing_refuses_nothing(
    team: Namespace, modes: Modes, webhook: Webhook, mode: str
) -> None:
    modes.set(mode)
    webhook.kill()
    try:
        team.create(pod("x", "training"), AIMING, workload("Deployment", "d", "training"))
    finally:
        webhook.restart()
    assert "affinity" not in team.get("pod", "x")["spec"]
