"""Which field keeps a pod off a node, in tables; tests/cluster compares the real scheduler."""

from typing import Any

import msgspec
import pytest

from tests.core.shapes import requirement
from webhook.core.node_filter import TERMS, Candidate, Refusal, read_candidate, refusals
from webhook.core.pod import Pod

GPU = "nvidia.com/gpu"
EXISTS = {"operator": "Exists"}


def node(**spec: object) -> Candidate:
    return read_candidate(
        {
            "metadata": {
                "name": "m1",
                "labels": {"gpu-type": "training", "cores": "64", "kubernetes.io/hostname": "m1"},
            },
            "spec": spec,
            "status": {"allocatable": {"cpu": "64", GPU: "2"}},
        }
    )


def pod(**spec: object) -> Pod:
    return msgspec.convert({"spec": spec}, Pod)


def container(amounts: dict[str, Any] | None, **more: object) -> dict[str, object]:
    return {"name": "c", "resources": {"limits": amounts}, **more}


def requiring(*terms: dict[str, Any]) -> Pod:
    required = {"nodeSelectorTerms": list(terms)}
    return pod(
        affinity={"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}}
    )


def labelled(*texts: str) -> dict[str, Any]:
    return {"matchExpressions": [requirement(each) for each in texts]}


def named(*texts: str) -> dict[str, Any]:
    return {"matchFields": [requirement(each) for each in texts]}


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(pod(), id="asks for nothing"),
        pytest.param(pod(nodeName="m1"), id="its name"),
        pytest.param(pod(nodeSelector={"gpu-type": "training", "cores": "64"}), id="its labels"),
        pytest.param(requiring(labelled("gpu-type In development training")), id="In"),
        pytest.param(requiring(labelled("gpu-type NotIn development")), id="NotIn"),
        pytest.param(requiring(labelled("zone NotIn a")), id="NotIn without the label"),
        pytest.param(requiring(labelled("cores Gt 63", "cores Lt 65")), id="Gt and Lt"),
        pytest.param(requiring(labelled("cores Exists", "zone DoesNotExist")), id="Exists"),
        pytest.param(requiring(named("metadata.name In m1")), id="matchFields"),
        pytest.param(requiring({}, labelled("zone In a"), labelled("cores Exists")), id="one of"),
        pytest.param(pod(containers=[container({GPU: "2", "cpu": 500})]), id="all its devices"),
        pytest.param(pod(containers=[container({GPU: 0, "a.b/c": None})]), id="none of a device"),
    ],
)
def test_pod_may_land(given: Pod) -> None:
    assert refusals(given, node()) == ()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(
            pod(nodeName="m2"), [("spec.nodeName", "names the node m2")], id="another name"
        ),
        pytest.param(
            pod(nodeSelector={"gpu-type": "development", "cores": "64", "zone": "a"}),
            [
                (
                    'spec.nodeSelector["gpu-type"]',
                    "wants gpu-type=development, the node has gpu-type=training",
                ),
                ('spec.nodeSelector["zone"]', "wants zone=a, the node has no such label"),
            ],
            id="every label of the selector",
        ),
        pytest.param(
            pod(nodeSelector={"kubernetes.io/hostname": "m2"}),
            [
                (
                    'spec.nodeSelector["kubernetes.io/hostname"]',
                    "wants kubernetes.io/hostname=m2, the node is another",
                )
            ],
            id="nodes that differ by name alone are told of alike",
        ),
        pytest.param(
            requiring(labelled("cores Exists", "cores Gt 64"), labelled("gpu-type NotIn training")),
            [
                (
                    f"{TERMS}[0].matchExpressions[1]",
                    "wants cores Gt 64, the node has cores=64",
                ),
                (
                    f"{TERMS}[1].matchExpressions[0]",
                    "wants gpu-type NotIn [training], the node has gpu-type=training",
                ),
            ],
            id="what is not met of every term",
        ),
        pytest.param(
            requiring(labelled("zone Exists", "gpu-type DoesNotExist")),
            [
                (
                    f"{TERMS}[0].matchExpressions[0]",
                    "wants zone Exists, the node has no such label",
                ),
                (
                    f"{TERMS}[0].matchExpressions[1]",
                    "wants gpu-type DoesNotExist, the node has gpu-type=training",
                ),
            ],
            id="presence and absence",
        ),
        pytest.param(
            requiring({**labelled("cores Exists"), **named("metadata.name In m2 m3")}),
            [(f"{TERMS}[0].matchFields[0]", "wants metadata.name In [m2, m3]")],
            id="fields of the node",
        ),
        pytest.param(
            requiring({}), [(f"{TERMS}[0]", "is empty, so no node is meant")], id="an empty term"
        ),
        pytest.param(requiring(), [(TERMS, "has no term, so no node is meant")], id="no term"),
        pytest.param(
            pod(containers=[container(None), container({GPU: 3})]),
            [
                (
                    f'spec.containers[1].resources.limits["{GPU}"]',
                    "asks for 3, the node has 2",
                )
            ],
            id="more than it offers",
        ),
        pytest.param(
            pod(
                initContainers=[container({GPU: 1}, restartPolicy="Always"), container({GPU: 2})],
                containers=[{"name": "c", "resources": {"requests": {"a.b/c": "1"}}}],
            ),
            [
                (
                    f'spec.initContainers[0].resources.limits["{GPU}"]',
                    "asks for 3, the node has 2",
                ),
                (
                    'spec.containers[0].resources.requests["a.b/c"]',
                    "asks for 1, the node has none",
                ),
            ],
            id="an init container beside a sidecar",
        ),
        pytest.param(
            pod(nodeName="m2", nodeSelector={"zone": "a"}),
            [
                ("spec.nodeName", "names the node m2"),
                ('spec.nodeSelector["zone"]', "wants zone=a, the node has no such label"),
            ],
            id="all fields at once",
        ),
    ],
)
def test_field_keeps_the_pod_off(given: Pod, expected: list[tuple[str, str]]) -> None:
    assert refusals(given, node()) == tuple(Refusal(*each) for each in expected)


HARD = {"key": GPU, "value": "present", "effect": "NoSchedule"}
EVICTING = {"key": "broken", "effect": "NoExecute"}
SOFT = {"key": "old", "effect": "PreferNoSchedule"}
LEVEL = {"key": "level", "value": "9", "effect": "NoSchedule"}
CORDONED = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}


@pytest.mark.parametrize(
    ("spec", "tolerations", "untolerated"),
    [
        pytest.param({"taints": [HARD, SOFT]}, [{"key": GPU, **EXISTS}], [], id="Exists"),
        pytest.param({"taints": [HARD]}, [{"key": GPU, "value": "present"}], [], id="Equal"),
        pytest.param({"taints": [HARD, EVICTING]}, [EXISTS], [], id="everything"),
        pytest.param(
            {"taints": [LEVEL]}, [{"key": "level", "operator": "Gt", "value": "8"}], [], id="Gt"
        ),
        pytest.param(
            {"taints": [LEVEL]},
            [{"key": "level", "operator": "Lt", "value": "9"}],
            ["level=9:NoSchedule; spec.tolerations[0] has its key, not its value or effect"],
            id="Lt",
        ),
        pytest.param(
            {"taints": [HARD, SOFT, EVICTING]},
            [],
            ["nvidia.com/gpu=present:NoSchedule", "broken:NoExecute"],
            id="every hard taint",
        ),
        pytest.param(
            {"taints": [HARD]},
            [EXISTS | {"effect": "NoExecute"}, {"key": GPU, "value": "true"}],
            [
                "nvidia.com/gpu=present:NoSchedule; "
                "spec.tolerations[1] has its key, not its value or effect"
            ],
            id="a value that is another",
        ),
        pytest.param(
            {"unschedulable": True},
            [],
            ["node.kubernetes.io/unschedulable:NoSchedule"],
            id="cordon",
        ),
        pytest.param(
            {"unschedulable": True, "taints": [CORDONED]},
            [],
            ["node.kubernetes.io/unschedulable:NoSchedule"],
            id="a cordoned node that has its taint is told of once",
        ),
        pytest.param({"unschedulable": True}, [EXISTS], [], id="a cordoned node tolerated"),
    ],
)
def test_hard_taints_need_a_toleration(
    spec: dict[str, Any], tolerations: list[dict[str, str]], untolerated: list[str]
) -> None:
    found = refusals(pod(tolerations=tolerations), node(**spec))
    assert found == tuple(
        Refusal("spec.tolerations", f"none covers the taint {each}") for each in untolerated
    )


def test_pod_that_names_its_node_goes_round_the_scheduler_but_not_the_kubelet() -> None:
    given = node(unschedulable=True, taints=[HARD, EVICTING])
    assert refusals(pod(nodeName="m1"), given) == (
        Refusal("spec.tolerations", "none covers the taint broken:NoExecute"),
    )


def test_amounts_are_not_compared_where_the_node_does_not_say_what_it_offers() -> None:
    asking = pod(containers=[container({GPU: 8})])
    assert refusals(asking, read_candidate({"metadata": {"name": "m1"}, "status": {}})) == ()


def test_amounts_that_claims_stand_for_are_not_compared() -> None:
    asking = pod(
        containers=[container({"deviceclass.resource.kubernetes.io/a": 1, "example.com/gpu": 1})]
    )
    assert [each.message for each in refusals(asking, node())] == ["asks for 1, the node has none"]
    assert refusals(asking, node(), by_claims={"example.com/gpu"}) == ()


def test_node_that_no_api_server_has_can_not_be_read() -> None:
    with pytest.raises(msgspec.ValidationError, match="unschedulable"):
        read_candidate({"metadata": {"name": "m1"}, "spec": {"unschedulable": "yes"}})
