"""Pods that wait for a GPU: for how long, and why."""

from tests.core.audit.cluster import NODES, audited, of_pool
from tests.core.given import Json, admitted, gpu_pod
from webhook.core.audit.waiting import MAX_SHAPES, MAX_WORDS


def waiting(
    pod: Json, since: str = "2027-01-01T11:30:00Z", reason: str = "", said: str = ""
) -> Json:
    """Give a pod that no node has yet; it is 12:00."""
    conditions = [{"type": "PodScheduled", "status": "False", "reason": reason, "message": said}]
    status = {"phase": "Pending", "conditions": conditions if reason else []}
    metadata = {**pod["metadata"], "creationTimestamp": since}
    return {**pod, "metadata": metadata, "status": status}


def said(*pods: Json, **more: object) -> list[str]:
    found = audited(*pods, **more)  # type: ignore[arg-type]
    return [each.message for each in found if each.name == "gpu-pod-waits"]


def test_who_waits_not_long_is_none() -> None:
    assert said(waiting(admitted(gpu_pod()), "2027-01-01T11:50:01Z")) == []
    assert len(said(waiting(admitted(gpu_pod()), "2027-01-01T11:50:00Z"))) == 1


def test_a_gated_pod_waits_for_somebody_else() -> None:
    assert said(waiting(admitted(gpu_pod()), reason="SchedulingGated", said="gates")) == []


def test_where_nodes_fit_the_scheduler_is_quoted() -> None:
    pod = waiting(admitted(gpu_pod()), reason="Unschedulable", said="0/5 nodes: Insufficient gpu")
    assert said(pod) == [
        "waits for a GPU since 30 min: 1 of 1 node of pool worker fit by labels, taints and "
        "amounts; the scheduler says: 0/5 nodes: Insufficient gpu"
    ]


def test_a_long_message_of_the_scheduler_is_shortened() -> None:
    pod = waiting(admitted(gpu_pod()), reason="Unschedulable", said="x" * 1000)
    assert said(pod)[0].endswith(f"says: {'x' * (MAX_WORDS - 3)}...")


def test_where_none_fits_the_fields_that_say_no_are_counted() -> None:
    nodes = [of_pool("production", f"n{number}") for number in range(3)]
    nodes.append(of_pool("production", "other", gpus=16))
    pod = waiting(gpu_pod("production", nodeSelector={"zone": "a"}))
    big = {"resources": {"limits": {"nvidia.com/gpu": "16"}}}
    asking = waiting(admitted(gpu_pod("production", containers=[{"name": "c", **big}])))
    assert said(pod, nodes=nodes) == [
        'waits for a GPU since 30 min: none of 4 nodes of pool production fits: spec.nodeSelector["'
        'zone"]: wants zone=a, the node has no such label (4)'
    ]
    assert said(asking, nodes=nodes[:3]) == [
        "waits for a GPU since 30 min: none of 3 nodes of pool production fits: "
        'spec.containers[0].resources.limits["nvidia.com/gpu"]: asks for 16, the node has 8 (3)'
    ]


def test_a_pool_without_nodes_is_said() -> None:
    pod = waiting(admitted(gpu_pod("production")))
    assert said(pod, nodes=()) == [
        "waits for a GPU since 30 min: there is no node of pool production"
    ]


def test_a_pod_without_a_class_waits_for_one() -> None:
    (text,) = said(waiting(gpu_pod("no")))
    assert text.startswith('waits for a GPU since 30 min: it has no class: there is no class "no"')


def test_only_so_many_kinds_of_pods_are_looked_at_node_by_node() -> None:
    pods = [waiting(gpu_pod(nodeSelector={"zone": str(number)})) for number in range(MAX_SHAPES)]
    more = waiting(gpu_pod(nodeSelector={"zone": "more"}))
    texts = said(*pods, pods[0], more, nodes=NODES)
    assert len(texts) == MAX_SHAPES + 2
    assert (
        sum(
            text.endswith(
                'of pool worker fits: spec.nodeSelector["zone"]: wants zone=0, the '
                "node has no such label (1)"
            )
            for text in texts
        )
        == 2
    )
    assert (
        "waits for a GPU since 30 min: class general is for pool worker "
        "(gpuclass explain says more)" in texts
    )
