"""Rule `node-name`: a GPU pod is placed by the scheduler."""

from collections.abc import Callable

import pytest

from tests.core.given import Json, assert_untouched, cpu_pod, gpu_pod, mutate, refusals, validate
from webhook.core.decision import Decision

Decide = Callable[[Json], Decision]

MESSAGE = (
    "gpu-dev-1 is named by the pod itself, which goes round the scheduler and its class; leave "
    "nodeName out and let the scheduler place it (tools that set it have a switch for that), or "
    "have its namespace or user exempted"
)
REFUSED = ("node-name", "spec.nodeName", MESSAGE)


@pytest.mark.parametrize("decide", [mutate, validate])
def test_gpu_pod_that_names_a_node_is_refused_and_never_changed(decide: Decide) -> None:
    decision = decide(gpu_pod("development", nodeName="gpu-dev-1", priority=0))
    assert refusals(decision) == [REFUSED]
    assert decision.patch == ()


def test_class_and_node_are_named_at_once() -> None:
    decision = mutate(gpu_pod("nothing", nodeName="gpu-dev-1"))
    assert [rule for rule, _, _ in refusals(decision)] == ["class", "node-name"]


@pytest.mark.parametrize(
    "document",
    [cpu_pod(nodeName="cpu-1"), cpu_pod(nodeName=""), cpu_pod(nodeName=None)],
    ids=["another-node", "empty", "null"],
)
def test_cpu_pod_on_another_node_is_untouched(document: Json) -> None:
    assert_untouched(document)


@pytest.mark.parametrize("name", ["", None])
def test_gpu_pod_that_names_no_node_is_let_in(name: str | None) -> None:
    assert mutate(gpu_pod("development", nodeName=name)).patch
