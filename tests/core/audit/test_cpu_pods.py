"""CPU pods on GPU nodes: which are findings, and what is said of them."""

import pytest

from tests.core.audit.cluster import DOUBT, audited, bound, controlled, daemon_set, lines, taints
from tests.core.given import Json, cpu_pod, policy

BLANKET = {"operator": "Exists"}
OPEN = {"key": "nvidia.com/gpu", "operator": "Exists"}
EXPECTED = (
    "Expected on a node of no pool: change what made it and delete it, or exempt its namespace "
    f"(GPUPolicy spec.exempt){DOUBT}"
)


@pytest.mark.parametrize(
    ("spec", "way"),
    [
        pytest.param(
            {"tolerations": taints("training")},
            "spec.tolerations[0] tolerates nvidia.com/gpu=present:NoSchedule of pools development, "
            "production, training, worker; spec.tolerations[1] tolerates "
            "gpu-type=training:NoSchedule of pool training",
            id="tolerations",
        ),
        pytest.param({"tolerations": [BLANKET]}, "spec.tolerations[0] names no key", id="blanket"),
        pytest.param(
            {"nodeSelector": {"gpu-type": "training"}},
            'spec.nodeSelector["gpu-type"] gpu-type=training selects nodes of pool training',
            id="selector",
        ),
        pytest.param(
            {},
            "no field of it names GPU nodes, so the node had no taint that keeps it off when the "
            "pod came, or it was bound past the scheduler",
            id="nothing",
        ),
    ],
)
def test_a_cpu_pod_on_a_gpu_node_is_found_with_its_way(spec: Json, way: str) -> None:
    text = f"runs on training-1 (pool training) and asks for no GPU: {way}. {EXPECTED}"
    found = audited(bound(cpu_pod(**spec), "training-1"))
    assert lines(found) == [("cpu-pod-on-gpu-node", "p", text)]
    assert (found[0].severity, found[0].kind, found[0].namespace) == ("error", "Pod", "team-a")


@pytest.mark.parametrize(
    "pod",
    [
        pytest.param(bound(cpu_pod(), "cpu-1"), id="elsewhere"),
        pytest.param(bound(cpu_pod(), "nowhere"), id="on a node that is gone"),
        pytest.param(bound(cpu_pod(), "training-1", namespace="gpu-operator"), id="exempt"),
        pytest.param(
            {**bound(cpu_pod(), "training-1"), "status": {"phase": "Succeeded"}}, id="ended"
        ),
        pytest.param(
            bound(cpu_pod(), "training-1", deletionTimestamp="2027-01-01T00:00:00Z"), id="going"
        ),
        pytest.param(
            bound(
                cpu_pod(containers=[{"name": "c", "resources": {"limits": {"nvidia.com/T4": 1}}}]),
                "training-1",
            ),
            id="something unlisted",
        ),
        pytest.param(cpu_pod(tolerations=[BLANKET]), id="waiting with a blanket toleration"),
    ],
)
def test_others_are_no_findings(pod: Json) -> None:
    assert audited(pod) == []


def test_where_cpu_pods_are_allowed_none_is_found() -> None:
    by = policy(cluster="cpuPods: {onTarget: Allow}")
    assert audited(bound(cpu_pod(), "training-1"), by=by) == []


def test_it_is_said_that_a_sender_can_not_be_told() -> None:
    by = policy(cluster="exempt: {users: [bob], groups: [admins]}")
    (found,) = audited(bound(cpu_pod(), "training-1"), by=by)
    text = ". Who created it is not stored: if it was admins or bob, it is exempt"
    assert found.message.endswith(f"(GPUPolicy spec.exempt){text}")


@pytest.mark.parametrize(
    ("where", "how"), [("cpu-1", "runs on cpu-1"), ("", "waits")], ids=["elsewhere", "waiting"]
)
def test_a_pod_that_would_be_refused_today_is_told_of(where: str, how: str) -> None:
    pod = cpu_pod(tolerations=[OPEN], nodeSelector={"gpu-type": "production"})
    assert lines(audited(bound(pod, where))) == [
        (
            "cpu-pod-aims",
            "p",
            f"asks for no GPU, {how}, and would be refused if it were made now, by "
            'spec.nodeSelector["gpu-type"], spec.tolerations[0]: drop what aims at GPU nodes, or '
            f"exempt its namespace (GPUPolicy spec.exempt){DOUBT}",
        )
    ]


def agent(uid: str = "") -> Json:
    pod = cpu_pod(tolerations=[BLANKET])
    return bound(
        pod,
        "training-1",
        namespace="monitoring",
        ownerReferences=controlled("DaemonSet", "agent", uid),
    )


CRITICAL = daemon_set(priorityClassName="system-node-critical")


def test_an_agent_of_a_daemon_set_that_is_there_is_none() -> None:
    assert audited(agent(), daemon_sets=[CRITICAL]) == []


@pytest.mark.parametrize(
    ("daemon_sets", "doubt"),
    [([], "there is none"), ([CRITICAL], "that one has another uid")],
    ids=["none", "another"],
)
def test_a_forged_owner_is_not_believed(daemon_sets: list[Json], doubt: str) -> None:
    (found,) = audited(agent(uid="forged"), daemon_sets=daemon_sets)
    assert found.name == "cpu-pod-on-gpu-node"
    assert found.message == (
        "runs on training-1 (pool training) and asks for no GPU, though it is said to be of "
        f"DaemonSet agent ({doubt}): spec.tolerations[0] names no key. {EXPECTED}"
    )


def test_an_agent_is_not_judged_where_daemon_sets_could_not_be_read() -> None:
    (found,) = audited(agent(), daemon_sets=None)
    assert (found.name, found.severity) == ("cpu-pod-unproved", "info")
    assert found.message == (
        "runs on training-1 and asks for no GPU; probably an agent, which nothing proves: its "
        "controller is said to be DaemonSet agent, but DaemonSets could not be read: give audit "
        "the right to list them (apps), or add them to the dump"
    )


def test_a_mirror_pod_is_told_of_as_what_it_says() -> None:
    pod = bound(cpu_pod({"kubernetes.io/config.mirror": "x"}), "training-1")
    (found,) = audited(pod)
    assert (found.name, found.severity) == ("cpu-pod-unproved", "info")
    assert found.message == (
        "runs on training-1 and asks for no GPU; probably an agent, which nothing proves: it has "
        "the annotation kubernetes.io/config.mirror of a static pod, which anybody may write: look "
        "for its manifest on the node"
    )
    assert audited(bound(cpu_pod({"kubernetes.io/config.mirror": "x"}), "cpu-1")) == []


def test_an_agent_elsewhere_is_nobodys_business() -> None:
    pod = bound(agent(), "cpu-1")
    assert audited(pod, daemon_sets=None) == []
