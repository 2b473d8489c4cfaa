"""What is left of documents without those that are broken."""

import pytest

from tests.core.given import gpu_class, pool
from webhook.core.policy import decode
from webhook.core.policy.documents import Document
from webhook.core.policy.policy import Policy, compile_policy
from webhook.core.policy.sound import compile_sound

POOLS = pool("a", "gpu: x", "{key: k, value: a, effect: NoSchedule}") + pool(
    "b", "gpu: z", "{key: k, value: b, effect: NoSchedule}"
)
BOTH = gpu_class("one", "{name: a}") + gpu_class("two", "{name: b}")


def read(text: str, default: str = "one") -> tuple[Document, ...]:
    """Give documents, each named as the API server's objects are."""
    policy = (
        "---\napiVersion: gpuclass.io/v1alpha1\nkind: GPUPolicy\nmetadata: {name: cluster}\n"
        f"spec: {{defaultClass: {default}}}\n"
    )
    found: list[Document] = []
    for each in filter(str.strip, (text + policy).split("---\n")):
        documents, faults = decode.read(each, f"document-{len(found)}")
        assert not faults
        found.extend(documents)
    return tuple(found)


def sound(documents: tuple[Document, ...]) -> Policy:
    policy = compile_sound(documents)
    assert policy is not None
    return policy


def test_sound_documents_are_taken_whole() -> None:
    documents = read(POOLS + BOTH)
    assert sound(documents).revision == compile_policy(documents).revision


def test_class_without_its_pool_is_left_out() -> None:
    policy = sound(read(POOLS + BOTH + gpu_class("three", "{name: c}")))
    assert list(policy.classes) == ["one", "two"]
    assert policy.default_class == "one"


def test_what_needs_the_broken_one_goes_too_and_the_default_with_it() -> None:
    claiming = POOLS.replace(
        "taints: [{key: k, value: a", 'claims: {names: ["*"]}, taints: [{key: k, value: a'
    )
    policy = sound(read(claiming + BOTH))
    assert [each.name for each in policy.pools] == ["b"]
    assert list(policy.classes) == ["two"]
    assert policy.default_class is None


def test_unknown_default_class_is_none() -> None:
    assert sound(read(POOLS + BOTH, default="three")).default_class is None


@pytest.mark.parametrize("keep", [0, 4], ids=["nothing", "no-policy"])
def test_without_a_policy_nothing_is_sound(keep: int) -> None:
    assert compile_sound(read(POOLS + BOTH)[:keep]) is None


def test_policy_that_is_broken_itself_leaves_nothing() -> None:
    documents = read(POOLS + BOTH)
    (policy,) = (each for each in documents if each.name == "cluster")
    broken = read(POOLS + BOTH, default="one, gpuResources: [], deviceClasses: []")
    assert policy in documents
    assert compile_sound(broken) is None
