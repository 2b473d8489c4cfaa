"""What the arms make of a pod is compared by what each is there for."""

import json
from copy import deepcopy

import pytest

from benchmarks.apiserver import pods
from benchmarks.apiserver.agreement import compare
from benchmarks.apiserver.situations import ARMS, GO, GPUCLASS, NATIVE, NOTHING, REFUSING, TWICE
from benchmarks.errors import BenchmarkError
from tests.cluster.api import Json

BARE: Json = {"metadata": {"labels": {}}, "spec": {"containers": [{"name": "c"}]}}
GIVEN: Json = {
    "metadata": {
        "labels": {"gpuclass.io/class": "training"},
        "annotations": {"gpuclass.io/injected": '{"class":"training","revision":"1"}'},
    },
    "spec": {**BARE["spec"], "priority": 50, "tolerations": [{"key": "gpu-type"}]},
}


def agreeing() -> dict[str, Json | None]:
    """Give what each arm makes of a GPU pod where all agree."""
    return {arm: deepcopy(BARE if arm == NOTHING else GIVEN) for arm in ARMS}


def test_equal_pods_agree() -> None:
    compare(pods.GPU, "x", agreeing())


def test_stamps_are_compared_by_what_they_say() -> None:
    made = agreeing()
    stamp = json.dumps({"revision": "1", "class": "training"}, indent=1)
    made[GO] = {
        **GIVEN,
        "metadata": {**GIVEN["metadata"], "annotations": {"gpuclass.io/injected": stamp}},
    }
    compare(pods.GPU, "x", made)


def test_the_native_policy_writes_no_stamp() -> None:
    made = agreeing()
    made[NATIVE] = {**GIVEN, "metadata": {"labels": GIVEN["metadata"]["labels"]}}
    compare(pods.GPU, "x", made)


@pytest.mark.parametrize("arm", [TWICE, GO, NATIVE])
def test_a_difference_is_said_with_its_place(arm: str) -> None:
    made = agreeing()
    made[arm] = {**deepcopy(GIVEN), "spec": {**GIVEN["spec"], "priority": 0}}
    with pytest.raises(BenchmarkError) as raised:
        compare(pods.GPU, "x", made)
    expected = f"{arm} and {GPUCLASS} differ about pod x at pod.spec.priority: 0 instead of 50"
    assert str(raised.value) == expected


def test_nobody_but_a_webhook_gives_a_class() -> None:
    made = agreeing()
    made[NOTHING] = deepcopy(GIVEN)
    with pytest.raises(BenchmarkError, match="gave it a class without a webhook"):
        compare(pods.GPU, "x", made)


def test_a_gpu_pod_is_refused_by_nobody() -> None:
    with pytest.raises(BenchmarkError) as raised:
        compare(pods.GPU, "x", {**agreeing(), GO: None})
    assert str(raised.value) == f"pod x: refused by {GO}"


def test_a_cpu_pod_is_the_same_everywhere() -> None:
    same: dict[str, Json | None] = {arm: deepcopy(BARE) for arm in ARMS}
    compare(pods.CPU, "x", same)
    with pytest.raises(BenchmarkError, match=f"{GPUCLASS} and {NOTHING} differ about pod x"):
        compare(pods.CPU, "x", {**same, GPUCLASS: deepcopy(GIVEN)})


@pytest.mark.parametrize(
    ("arm", "verb"),
    [pytest.param(GO, "let in", id="let in"), pytest.param(NATIVE, "refused", id="refused")],
)
def test_a_refused_pod_is_refused_by_who_refuses(arm: str, verb: str) -> None:
    made = {each: None if each in REFUSING else deepcopy(BARE) for each in ARMS}
    compare(pods.REFUSED, "x", made)
    with pytest.raises(BenchmarkError) as raised:
        compare(pods.REFUSED, "x", {**made, arm: deepcopy(BARE) if verb == "let in" else None})
    assert str(raised.value) == f"pod x: {verb} by {arm}"
