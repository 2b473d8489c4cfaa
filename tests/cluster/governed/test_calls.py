"""How often the API server calls us for a pod, by its own count."""

import re

import pytest

from tests.cluster.api import Json
from tests.cluster.governed.cluster import Namespace
from tests.cluster.governed.manifests import pod
from tests.cluster.waiting import eventually

pytestmark = pytest.mark.cluster

SAMPLE = re.compile(r"apiserver_admission_webhook_request_total\{(.*)\} (\d+)")


def counted(team: Namespace, kind: str) -> int:
    """Count the creations of pods for which an entry was called."""
    text = team.kubectl("get", "--raw", "/metrics").stdout
    ours = ('name="pods.gpuclass.io"', 'operation="CREATE"', f'type="{kind}"')
    found = SAMPLE.findall(text)
    return sum(int(count) for labels, count in found if all(each in labels for each in ours))


def calls(team: Namespace, manifest: Json) -> tuple[int, int]:
    """Give how often mutation and validation were called while a pod was tried."""
    before = counted(team, "admit"), counted(team, "validating")
    team.create(manifest, flags=("--dry-run=server",))
    return counted(team, "admit") - before[0], counted(team, "validating") - before[1]


@pytest.mark.parametrize(
    ("manifest", "expected"),
    [
        pytest.param(pod("x", "training"), (1, 0), id="a class"),
        pytest.param(pod("x"), (1, 0), id="the default class"),
        pytest.param(pod("x", "production", gpus="2"), (1, 0), id="a Required class"),
        pytest.param(
            pod("x", "training", nodeSelector={"gpu-type": "training"}),
            (1, 1),
            id="a selector that a pool's labels decide",
        ),
        pytest.param(pod("x", gpus=None), (0, 0), id="no GPU"),
    ],
)
def test_a_pod_costs_as_few_calls_as_it_can(
    team: Namespace, manifest: Json, expected: tuple[int, int]
) -> None:
    def alone() -> bool:
        return calls(team, manifest) == expected

    eventually(alone, f"a creation that nobody else's pods were counted with: {expected} calls")
