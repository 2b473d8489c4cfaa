"""DaemonSets on GPU nodes: who is evicted, who never gets there."""

import pytest

from tests.core.audit.cluster import NODES, audited, daemon_set, lines, node, of_pool, taints
from tests.core.given import Json, gpu_class, policy, pool, priority_class

BLANKET: Json = {"tolerations": [{"operator": "Exists"}]}
GPU: Json = {"containers": [{"name": "c", "resources": {"limits": {"nvidia.com/gpu": 1}}}]}


def test_an_agent_without_a_priority_class_is_found() -> None:
    found = audited(daemon_sets=[daemon_set(**BLANKET)])
    assert lines(found) == [
        (
            "agent-evictable",
            "agent",
            "spec.template.spec.priorityClassName: has none (0) and runs on nodes of pool "
            "production, where pods of class production (gpu-high-priority, 1000000) evict it: "
            "give it system-node-critical, or a PriorityClass of that value or more",
        )
    ]
    assert (found[0].kind, found[0].namespace) == ("DaemonSet", "monitoring")


def test_agents_of_exempt_namespaces_are_evicted_too() -> None:
    (found,) = audited(daemon_sets=[daemon_set(namespace="gpu-operator", **BLANKET)])
    assert found.name == "agent-evictable"


def test_an_agent_of_a_lower_priority_class_is_found() -> None:
    asked = daemon_set(priorityClassName="gpu-batch-priority", **BLANKET)
    (found,) = audited(daemon_sets=[asked])
    assert "has gpu-batch-priority (50) and runs on" in found.message


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param({}, id="kept off by taints"),
        pytest.param({"tolerations": taints("training")}, id="where nobody evicts"),
        pytest.param({"priorityClassName": "system-node-critical", **BLANKET}, id="critical"),
        pytest.param({"priorityClassName": "gpu-high-priority", **BLANKET}, id="as high"),
        pytest.param({"priorityClassName": "unknown", **BLANKET}, id="not known"),
        pytest.param({"nodeSelector": {"gpu-type": "training"}, **BLANKET}, id="another pool"),
        pytest.param({"nodeSelector": {"disk": "ssd"}, **BLANKET}, id="no such node"),
    ],
)
def test_others_are_no_findings(spec: Json) -> None:
    assert audited(daemon_sets=[daemon_set(**spec)]) == []


def term(key: str, *values: str) -> Json:
    expressions = [{"key": key, "operator": "In", "values": list(values)}]
    required = {"nodeSelectorTerms": [{"matchExpressions": expressions}]}
    return {
        "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}}
    }


def test_required_affinity_counts() -> None:
    elsewhere = daemon_set(**term("gpu-type", "training"), **BLANKET)
    there = daemon_set(**term("gpu-type", "production"), **BLANKET)
    assert audited(daemon_sets=[elsewhere]) == []
    assert [each.name for each in audited(daemon_sets=[there])] == ["agent-evictable"]


def test_a_pool_at_zero_is_judged_by_what_it_declares() -> None:
    nodes = [each for each in NODES if each.name != "production-1"]
    found = audited(daemon_sets=[daemon_set(**BLANKET)], nodes=nodes)
    assert [each.name for each in found] == ["agent-evictable", "pool-without-nodes"]


def test_where_no_class_evicts_nobody_is() -> None:
    by = policy(
        pool("a", "a: x", "{key: k, value: v, effect: NoSchedule}")
        + gpu_class("c", "{name: a}", "priorityClassName: low")
        + gpu_class("d", "{name: a}")
        + priority_class("low", 5, "preemptionPolicy: Never"),
        "defaultClass: c",
    )
    sound = node(
        "n", labels={"a": "x"}, taints=[{"key": "k", "value": "v", "effect": "NoSchedule"}]
    )
    assert audited(daemon_sets=[daemon_set(**BLANKET)], nodes=[sound], by=by) == []


def test_a_global_default_is_the_priority_of_who_names_none() -> None:
    by = policy(
        pool("a", "a: x", "{key: k, value: v, effect: NoSchedule}")
        + gpu_class("c", "{name: a}", "priorityClassName: high")
        + priority_class("high", 5)
        + priority_class("usual", 7, "globalDefault: true"),
        "defaultClass: c",
    )
    sound = node(
        "n", labels={"a": "x"}, taints=[{"key": "k", "value": "v", "effect": "NoSchedule"}]
    )
    assert audited(daemon_sets=[daemon_set(**BLANKET)], nodes=[sound], by=by) == []


CRITICAL: Json = {"priorityClassName": "system-node-critical"}


def test_a_stack_that_tolerates_one_of_two_taints_is_found() -> None:
    stack = daemon_set(
        "nvidia-device-plugin",
        "gpu-operator",
        nodeSelector={"nvidia.com/gpu.deploy.device-plugin": "true"},
        tolerations=[{"key": "nvidia.com/gpu", "operator": "Exists"}],
        **CRITICAL,
    )
    assert lines(audited(daemon_sets=[stack])) == [
        (
            "daemonset-kept-off",
            "nvidia-device-plugin",
            "spec.template.spec.tolerations: selects GPU nodes, but does not tolerate "
            "gpu-type=development:NoSchedule of pool development, gpu-type=production:NoSchedule "
            "of pool production, gpu-type=training:NoSchedule of pool training, so it never runs "
            "there: add the tolerations to its template (its chart's values)",
        )
    ]


def test_a_daemon_set_that_selects_a_pool_is_held_against_it_alone() -> None:
    asked = daemon_set(**term("gpu-type", "training"), **CRITICAL)
    (found,) = audited(daemon_sets=[asked])
    assert "does not tolerate nvidia.com/gpu=present:NoSchedule and gpu-type=training" in (
        found.message
    )
    assert "production" not in found.message


def test_a_gpu_daemon_set_is_held_against_its_class() -> None:
    asked = daemon_set(**GPU)
    asked["metadata"]["annotations"] = {"gpu-class": "production"}
    (found,) = audited(daemon_sets=[asked])
    assert found.message == (
        "spec.template.spec.tolerations: asks for a GPU, but does not tolerate "
        "nvidia.com/gpu=present:NoSchedule and gpu-type=production:NoSchedule of pool production, "
        "so it never runs there: add the tolerations to its template (its chart's values)"
    )
    asked["spec"]["template"]["spec"]["tolerations"] = taints("production")
    assert audited(daemon_sets=[asked]) == []


def test_a_class_that_is_not_there_is_the_pods_finding() -> None:
    asked = daemon_set(**GPU)
    asked["metadata"]["annotations"] = {"gpu-class": "none"}
    assert audited(daemon_sets=[asked], nodes=(*NODES, of_pool("worker", "w2"))) == []
