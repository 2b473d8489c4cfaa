"""Answers are compared by the pod that comes of them."""

import base64
import json

import pytest

from benchmarks import samples
from benchmarks.agreement import difference, patched
from benchmarks.errors import BenchmarkError
from benchmarks.plans import export
from benchmarks.servers import POLICIES
from benchmarks.stages import answer
from webhook.core.patch import JSON
from webhook.core.policy.policy import Policy, compile_policy
from webhook.watch.files import load

REVIEWS = samples.reviews()


@pytest.fixture(scope="module")
def policy() -> Policy:
    return compile_policy(load(POLICIES)[0])


@pytest.mark.parametrize("name", REVIEWS)
def test_every_sample_is_a_pod_that_is_patched(name: str, policy: Policy) -> None:
    review = REVIEWS[name]
    assert 3500 < len(review) < 4500
    assert patched(review, answer(policy, review)) != samples.pod_of(review)


def test_two_patches_of_one_meaning_give_one_pod() -> None:
    review = REVIEWS["training"]
    stamp = {"op": "add", "path": "/metadata/annotations/gpuclass.io~1injected"}
    one = [{**stamp, "value": '{"class":"training","revision":"1"}'}]
    other = [{**stamp, "value": '{"revision": "1", "class": "training"}'}]
    assert patched(review, _answer(review, one)) == patched(review, _answer(review, other))


def test_an_answer_without_a_patch_is_no_answer() -> None:
    uid = json.loads(REVIEWS["training"])["request"]["uid"]
    refusal = json.dumps({"response": {"uid": uid, "allowed": False}}).encode()
    with pytest.raises(BenchmarkError, match="is not answered by a patch"):
        patched(REVIEWS["training"], refusal)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        pytest.param({"a": 1}, {"a": 2}, "pod.a: 2 instead of 1", id="value"),
        pytest.param({"a": 1}, {}, "pod.a: null instead of 1", id="absent"),
        pytest.param(
            {"a": [0, {"b": 1}]}, {"a": [0, {"b": 2}]}, "pod.a[1].b: 2 instead of 1", id="deep"
        ),
        pytest.param({"a": [1]}, {"a": [1, 2]}, "pod.a: [1, 2] instead of [1]", id="length"),
    ],
)
def test_a_difference_is_located(one: JSON, other: JSON, expected: str) -> None:
    assert difference(one, other) == expected


def test_the_exported_policy_has_every_class_with_its_final_state(policy: Policy) -> None:
    exported = json.loads(export(policy))
    assert exported["revision"] == policy.revision
    assert exported["defaultClass"] == "general"
    assert list(exported["classes"]) == ["development", "general", "production", "training"]
    assert exported["classes"]["training"]["priority"] == {
        "name": "gpu-batch-priority",
        "value": 50,
        "preemptionPolicy": "Never",
    }
    assert exported["classes"]["general"]["tolerations"] == [
        {
            "key": "nvidia.com/gpu",
            "operator": "Equal",
            "value": "present",
            "effect": "NoSchedule",
        }
    ]


def _answer(review: bytes, patch: list[dict[str, str]]) -> bytes:
    uid = json.loads(review)["request"]["uid"]
    encoded = base64.b64encode(json.dumps(patch).encode()).decode()
    return json.dumps({"response": {"uid": uid, "allowed": True, "patch": encoded}}).encode()
