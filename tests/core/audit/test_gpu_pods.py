"""GPU pods: where they run, which class they got, and what they lack of it."""

import json

from tests.core.audit.cluster import DOUBT, audited, bound, controlled, lines, placed
from tests.core.given import Json, admitted, gpu_pod, policy
from webhook.core.names import CLASS_LABEL, STAMP_ANNOTATION

ANEW = "delete it and let its controller make it anew"
NONE = "has none, so gpuclass did not change it (made before, while the webhook was away, or in "


def test_a_pod_that_the_webhook_made_is_none() -> None:
    for name, where in (("production", "production-1"), ("training", "development-1")):
        assert audited(placed(gpu_pod(name), where)) == []
    assert audited(placed(gpu_pod(), "worker-1")) == []


def test_an_exempt_namespace_is_left_alone() -> None:
    assert audited(bound(gpu_pod(), "cpu-1", namespace="gpu-operator")) == []


def test_a_pod_made_while_the_webhook_was_away_lacks_all() -> None:
    assert lines(audited(bound(gpu_pod("production"), "production-1"))) == [
        (
            "gpu-pod-unstamped",
            "p",
            f'metadata.annotations["gpuclass.io/injected"]: {NONE}mode Audit), and lacks the node '
            f"affinity and tolerations of class production: {ANEW}{DOUBT}",
        ),
        (
            "gpu-pod-priority",
            "p",
            "spec.priorityClassName: has none (0), but class production gives gpu-high-priority "
            f"(1000000): {ANEW}",
        ),
    ]


def test_a_pod_that_is_right_without_us_is_told_of_all_the_same() -> None:
    pod = placed(gpu_pod("production"), "production-1")
    del pod["metadata"]["annotations"][STAMP_ANNOTATION]
    (found,) = audited(pod)
    assert (found.name, found.severity) == ("gpu-pod-unstamped", "warning")
    assert found.message == (
        f'metadata.annotations["gpuclass.io/injected"]: {NONE}mode Audit), but is as its class '
        f"has: {ANEW}{DOUBT}"
    )


def test_who_may_have_made_an_unstamped_pod_is_said() -> None:
    by = policy(cluster="defaultClass: general, exempt: {users: [bob]}")
    (found,) = audited(bound(gpu_pod(), "worker-1"), by=by)
    assert found.message.endswith(
        f"{ANEW}. Who created it is not stored: if it was bob, it is exempt"
    )


def test_a_required_class_has_its_pools_alone() -> None:
    pod = placed(gpu_pod("production"), "training-1")
    assert lines(audited(pod)) == [
        (
            "gpu-pod-outside-pools",
            "p",
            "runs on training-1 (pool training), but class production is for pool production: see "
            f"that the node is of the right pool, or {ANEW}",
        )
    ]


def test_a_preferred_class_has_every_pool_and_nothing_else() -> None:
    assert audited(placed(gpu_pod("training"), "worker-1")) == []
    (found,) = audited(placed(gpu_pod("training"), "cpu-1"))
    assert found.message.startswith(
        "runs on cpu-1 (no pool), but class training is for pools development, training: "
    )


def test_a_node_that_is_gone_is_no_place() -> None:
    assert audited(placed(gpu_pod("production"), "gone-1")) == []


def test_a_class_that_is_not_there_is_said() -> None:
    (found,) = audited(bound(gpu_pod("trainng"), "training-1"))
    assert (found.name, found.severity) == ("gpu-pod-without-class", "error")
    assert found.message == (
        'asks for a GPU, but gets no class: there is no class "trainng"; did you mean training? '
        "Classes: development, general, production, training"
    )


def test_a_priority_of_the_system_is_not_for_tenants() -> None:
    pod = placed(gpu_pod("production"), "production-1")
    pod["spec"] |= {"priorityClassName": "system-node-critical", "priority": 2000001000}
    assert lines(audited(pod)) == [
        (
            "gpu-pod-priority",
            "p",
            "spec.priorityClassName: system-node-critical is for the cluster's own components; "
            f"leave it out; class production sets gpu-high-priority, and {ANEW}",
        )
    ]


def test_a_stale_number_of_a_priority_class_is_found() -> None:
    pod = placed(gpu_pod("production"), "production-1")
    pod["spec"]["priority"] = 5
    (found,) = audited(pod)
    assert found.message.startswith("spec.priorityClassName: has gpu-high-priority (5), but class")


def test_a_label_that_was_changed_is_found() -> None:
    pod = placed(gpu_pod("production"), "production-1")
    pod["metadata"]["labels"] = {CLASS_LABEL: "training"}
    text = (
        'metadata.labels["gpuclass.io/class"]: says training, but the pod got class production: '
        "label it gpuclass.io/class=production"
    )
    assert lines(audited(pod)) == [("gpu-pod-label", "p", text)]
    pod["metadata"]["labels"] = {}
    (found,) = audited(pod)
    assert found.message == text.replace("says training", "is not there")


def stripped(revision: str | None = None) -> Json:
    """Give a pod whose tolerations somebody took away after gpuclass."""
    pod = placed(gpu_pod("production"), "production-1")
    del pod["spec"]["tolerations"]
    stamp = json.loads(pod["metadata"]["annotations"][STAMP_ANNOTATION])
    stamp["revision"] = revision or stamp["revision"]
    pod["metadata"]["annotations"][STAMP_ANNOTATION] = json.dumps(stamp)
    return pod


def test_a_pod_that_another_webhook_changed_is_found() -> None:
    assert lines(audited(stripped())) == [
        (
            "gpu-pod-unfinished",
            "p",
            "lacks tolerations of class production, though it was given it: another webhook "
            "changed it, or its class was changed on the pod; look at the webhook configurations, "
            f"and {ANEW}",
        )
    ]


def test_a_pod_of_another_revision_is_only_worth_knowing() -> None:
    (found,) = audited(stripped("old"))
    revision = json.loads(admitted(gpu_pod())["metadata"]["annotations"][STAMP_ANNOTATION])
    assert (found.name, found.severity) == ("gpu-pod-outdated", "info")
    assert found.message == (
        "was made by revision old of the policy and lacks tolerations that class production gives "
        f"today ({revision['revision']}): {ANEW} if it matters"
    )


def test_a_pod_of_a_daemon_set_has_label_and_priority_alone() -> None:
    owners = controlled("DaemonSet", "agent")
    pod = bound(gpu_pod("production"), "production-1", ownerReferences=owners)
    assert [each.name for each in audited(pod)] == ["gpu-pod-label", "gpu-pod-priority"]
    pod["metadata"]["labels"] = {CLASS_LABEL: "production"}
    pod["spec"] |= {
        "priorityClassName": "gpu-high-priority",
        "priority": 1000000,
        "preemptionPolicy": "PreemptLowerPriority",
    }
    assert audited(pod) == []
