"""A mutating webhook after ours that undoes what we did, and a policy swapped in between."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

import pytest

from tests.cluster.api import Json
from tests.cluster.governed.cluster import Namespace
from tests.cluster.governed.manifests import pod
from tests.cluster.governed.meddler import Meddle, meddling
from tests.cluster.waiting import eventually
from tests.cluster.webhook import Webhook
from webhook.core.names import STAMP_ANNOTATION

pytestmark = pytest.mark.cluster

Meddler = Callable[..., AbstractContextManager[None]]
AFTER = (
    "is not what class production makes of it: another admission webhook changed the pod after "
    "gpuclass, or it was not sent to gpuclass for mutation; look at the webhook configurations"
)


@pytest.fixture
def meddler(team: Namespace, tmp_path: Path) -> Meddler:
    """Give what has pods of the namespace changed after us."""
    return partial(meddling, team, tmp_path)


def undo(found: Json) -> None:
    """Take away all by which a class places a pod."""
    found["spec"].pop("affinity", None)
    tolerations = found["spec"].get("tolerations", [])
    found["spec"]["tolerations"] = [
        each for each in tolerations if each.get("key", "").startswith("node.kubernetes.io/")
    ]


def forge(found: Json) -> None:
    """Take all away and write into the stamp that another revision of the policy did it."""
    undo(found)
    stamp = {"class": "production", "revision": "0123456789ab"}
    found["metadata"].setdefault("annotations", {})[STAMP_ANNOTATION] = json.dumps(stamp)


def take_number(found: Json) -> None:
    """Take away what the Priority plug-in and we wrote, and leave the name."""
    found["spec"].pop("priority", None)


def test_what_a_later_webhook_undoes_once_is_done_again(team: Namespace, meddler: Meddler) -> None:
    with meddler(undo, "Never"):
        team.create(pod("x", "production"))
    assert team.bound("x")["spec"]["nodeName"].startswith("production")


@pytest.mark.parametrize("meddle", [undo, forge], ids=["undone", "with-a-forged-stamp"])
def test_what_a_later_webhook_undoes_for_good_is_refused(
    team: Namespace, meddler: Meddler, meddle: Meddle
) -> None:
    with meddler(meddle):
        said = team.refused(pod("x", "production"))
        cpu = pod("y", gpus=None, tolerations=[{"operator": "Exists", "effect": "NoSchedule"}])
        steered = team.kubectl("create", "-f", "-", text=json.dumps(cpu), check=False)
    for field in ("spec.affinity.nodeAffinity", "spec.tolerations"):
        assert f"{field}: {AFTER}" in said
    # Without its toleration it reaches no GPU node: there is nothing to refuse.
    assert steered.returncode == 0, steered.stderr


def test_a_cpu_pod_that_a_later_webhook_brings_back_to_gpu_nodes_is_refused(
    team: Namespace, meddler: Meddler
) -> None:
    def forget(found: Json) -> None:
        found["spec"].pop("affinity", None)
        found["metadata"]["annotations"] = {STAMP_ANNOTATION: '{"revision":"0123456789ab"}'}

    with meddler(forget):
        said = team.refused(pod("x", gpus=None, tolerations=[{"operator": "Exists"}]))
    assert "spec.affinity.nodeAffinity: does not keep the pod off GPU nodes" in said


def test_a_pod_whose_priority_a_later_webhook_takes_away_never_counts_as_zero(
    team: Namespace, meddler: Meddler
) -> None:
    with meddler(take_number):
        said = team.refused(pod("x", "production"))
    assert "spec.priority: is not set, so a pod of class production would count as priority 0" in (
        said
    )


@pytest.fixture
def moving(webhook: Webhook) -> Iterator[Callable[[], None]]:
    """Give what makes class `production` one of other pools, and is in force when it returns."""
    file = webhook.policies / "classes" / "production.yaml"
    text = file.read_text(encoding="utf-8")
    moved = text.replace("    - name: production", "    - name: development")
    assert moved != text

    def revision() -> str:
        (found,) = (each for each in webhook.metrics() if each.startswith("gpuclass_policy_info"))
        return found

    def put(content: str) -> None:
        before = revision()
        file.write_text(content, encoding="utf-8")
        eventually(lambda: revision() != before, "another revision to be in force")

    yield lambda: put(moved)
    put(text)


def test_a_policy_swapped_between_mutation_and_validation_is_no_reason_to_refuse(
    team: Namespace, meddler: Meddler, moving: Callable[[], None]
) -> None:
    swaps: list[Callable[[], None]] = [moving]

    def swap(_: Json) -> None:
        if swaps:
            swaps.pop()()

    with meddler(swap):
        team.create(pod("before", "production"))
        team.create(pod("after", "production"))
    assert swaps == []
    assert team.bound("before")["spec"]["nodeName"].startswith("production")
    assert team.bound("after")["spec"]["nodeName"].startswith("development")
