"""A new GPU pod that is what its class makes of it is not sent to be judged; all others are."""

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.cluster.api import Json
from tests.cluster.conditions import Gate, gates
from tests.cluster.controlplane import ControlPlane
from tests.cluster.test_conditions_property import defaulted
from tests.core.given import gpu_class, policy, pool, priority_class
from tests.property.strategies import CLASSES, pods, policies
from webhook.core.decide import decide
from webhook.core.decision import Decision
from webhook.core.patch import apply
from webhook.core.policy.policy import Policy
from webhook.core.review import GroupVersionKind, Request, UserInfo
from webhook.core.subject.case import Stage

pytestmark = pytest.mark.cluster

VALIDATE = "Validating/pods"
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
PREEMPTS = "PreemptLowerPriority"
PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"

GPU = "{key: nvidia.com/gpu, effect: NoSchedule}"
POLICY = policy(
    pool("a100", "gpu-type: a100", GPU, "labels: {disk: fast}, resources: [nvidia.com/gpu]")
    + pool("h100", "gpu-type: h100, rack: r1", f"{GPU}, {{key: h, value: own, effect: NoExecute}}")
    + gpu_class("fast", "{name: a100}", "priorityClassName: low, allowedPriorityClassNames: [own]")
    + gpu_class("either", "{name: a100}, {name: h100}", "priorityClassName: low")
    + gpu_class("rather", "{name: a100, weight: 9}, {name: h100}", "placement: Preferred")
    + gpu_class("closed", "{name: h100}", "allowedNamespaces: [nobody]")
    + gpu_class("open", "{name: h100}", "allowedNamespaces: [nobody, 'validating-*']")
    + priority_class("low", 5, "preemptionPolicy: Never"),
    "defaultClass: rather, rules: {requests: Enforce, offer: Enforce}, "
    "gpuResources: [nvidia.com/gpu, nvidia.com/mig-*]",
)


@pytest.fixture(scope="module", autouse=True)
def _priorities(control_plane: ControlPlane) -> None:
    """Have the PriorityClasses that random policies and pods name; none of them the default."""
    for name, value in {"low": 5, "undefined": 6, "usual": 7, "own": 8}.items():
        document = {
            "apiVersion": "scheduling.k8s.io/v1",
            "kind": "PriorityClass",
            "metadata": {"name": name},
            "value": value,
            "preemptionPolicy": "Never" if name == "low" else PREEMPTS,
        }
        control_plane.kubectl("apply", "--filename", "-", input=json.dumps(document))


@pytest.fixture(scope="module")
def gate(control_plane: ControlPlane) -> Iterator[Gate]:
    with gates(control_plane, POLICY, (VALIDATE,)) as found:
        yield found[VALIDATE]


def gpu_pod(gpu_class: str | None, **spec: object) -> Json:
    amounts = {"nvidia.com/gpu": "1", "cpu": "1", "memory": "1Gi"}
    container = {"name": "main", "image": "app:1", "resources": {"limits": amounts}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": "p",
            "annotations": {} if gpu_class is None else {"gpu-class": gpu_class},
        },
        "spec": {"containers": [container], **spec},
    }


def decided(pod: Json, by: Policy, stage: Stage, namespace: str) -> Decision:
    request = Request(
        uid="1",
        kind=GroupVersionKind(version="v1", kind="Pod"),
        namespace=namespace,
        operation="CREATE",
        user_info=UserInfo(username="alice", groups=()),
        object=msgspec.Raw(json.dumps(pod).encode()),
    )
    return decide(request, by, stage)


def mutated(pod: Json, by: Policy, namespace: str) -> Json:
    """Give a pod as the mutating half makes it; where that refuses, as it was."""
    found: Any = apply(decided(pod, by, Stage.MUTATE, namespace).patch, copy.deepcopy(pod))
    if found["spec"].get("priority", 0) is None:
        del found["spec"]["priority"]
    return dict(found)


@pytest.mark.parametrize("name", ["fast", "either", "rather", "open", None])
@pytest.mark.parametrize(
    "spec",
    [
        pytest.param({}, id="nothing of its own"),
        pytest.param({"nodeSelector": {"os": "linux"}}, id="a selector that no pool declares"),
        pytest.param({"tolerations": [{"key": "spot", "operator": "Exists"}]}, id="a toleration"),
        pytest.param({"tolerations": [{"operator": "Exists"}]}, id="a toleration of every taint"),
        pytest.param(
            {"tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists"}]},
            id="a toleration of every taint with the key",
        ),
        pytest.param(
            {"tolerations": [{"key": "h", "value": "own", "effect": "NoExecute"}]},
            id="a toleration of ours without its operator",
        ),
        pytest.param(
            {
                "affinity": {
                    "nodeAffinity": {
                        REQUIRED: {
                            "nodeSelectorTerms": [
                                {"matchExpressions": [{"key": "zone", "operator": "Exists"}]},
                                {
                                    "matchExpressions": [
                                        {"key": "cores", "operator": "Gt", "values": ["4"]}
                                    ]
                                },
                            ]
                        }
                    }
                }
            },
            id="requirements that no pool decides",
        ),
    ],
)
def test_pod_that_mutation_made_costs_no_second_call(
    gate: Gate, name: str | None, spec: Json
) -> None:
    assert not gate.sends_pod(mutated(gpu_pod(name, **spec), POLICY, gate.namespace))


def without(field: str) -> Callable[[Json], None]:
    return lambda pod: pod["spec"].pop(field)


def _short_toleration(pod: Json) -> None:
    for each in pod["spec"]["tolerations"]:
        if each["effect"] == "NoExecute":
            each["tolerationSeconds"] = 9


def _tolerating(**changed: str | None) -> Callable[[Json], None]:
    """Write every toleration otherwise, None to leave a field out."""

    def change(pod: Json) -> None:
        for each in pod["spec"]["tolerations"]:
            each.update(changed)
            for field in [name for name in changed if changed[name] is None]:
                del each[field]

    return change


def _second_term(pod: Json) -> None:
    required = pod["spec"]["affinity"]["nodeAffinity"][REQUIRED]
    required["nodeSelectorTerms"].append({"matchExpressions": [{"key": "x", "operator": "Exists"}]})


def _contradicting(pod: Json) -> None:
    required = pod["spec"]["affinity"]["nodeAffinity"][REQUIRED]
    for term in required["nodeSelectorTerms"]:
        term["matchExpressions"].append({"key": "gpu-type", "operator": "In", "values": ["cpu"]})


def _weighed(pod: Json) -> None:
    pod["spec"]["affinity"]["nodeAffinity"][PREFERRED][0]["weight"] = 1


def _joined(pod: Json) -> None:
    """Write two values as one that looks like them."""
    required = pod["spec"]["affinity"]["nodeAffinity"][PREFERRED][0]["preference"]
    for each in required["matchExpressions"]:
        each["values"] = [",".join(("x", *each["values"]))]


def _by_name(pod: Json) -> None:
    pod["spec"]["affinity"]["nodeAffinity"][PREFERRED][0]["preference"]["matchFields"] = [
        {"key": "metadata.name", "operator": "In", "values": ["n"]}
    ]


def setting(**spec: object) -> Callable[[Json], None]:
    return lambda pod: pod["spec"].update(spec)


def limiting(**limits: str) -> Callable[[Json], None]:
    def limit(pod: Json) -> None:
        amounts = pod["spec"]["containers"][0]["resources"]["limits"]
        amounts.update(
            {key.replace("__", "/").replace("_", "."): each for key, each in limits.items()}
        )

    return limit


def _bare_container(pod: Json) -> None:
    pod["spec"]["containers"].append({"name": "bare", "image": "app:1"})


def _renamed(pod: Json) -> None:
    pod["metadata"]["annotations"]["gpu-class"] = "closed"


def _relabelled(pod: Json) -> None:
    del pod["metadata"]["annotations"]["gpu-class"]
    pod["metadata"]["labels"]["gpuclass.io/class"] = "nobody"


@pytest.mark.parametrize(
    ("name", "spoil"),
    [
        pytest.param("either", without("tolerations"), id="no tolerations"),
        pytest.param("either", without("affinity"), id="no affinity"),
        pytest.param("rather", without("affinity"), id="no preference"),
        pytest.param("either", _short_toleration, id="tolerated for some seconds"),
        pytest.param("fast", _tolerating(key="other"), id="another taint tolerated"),
        pytest.param("fast", _tolerating(value="other"), id="another value tolerated"),
        pytest.param("fast", _tolerating(effect="PreferNoSchedule"), id="another effect tolerated"),
        pytest.param(
            "fast",
            _tolerating(operator="Exists", value=None, effect="NoExecute"),
            id="another effect of every value tolerated",
        ),
        pytest.param("either", _second_term, id="a term of no pool"),
        pytest.param("either", _contradicting, id="terms that no pool meets"),
        pytest.param("rather", _weighed, id="another weight"),
        pytest.param("rather", _by_name, id="a preference for one node"),
        pytest.param("rather", _joined, id="other values of a preference"),
        pytest.param("fast", setting(nodeSelector={"disk": "slow"}), id="a contradicting selector"),
        pytest.param(
            "fast",
            setting(priorityClassName="usual", priority=7, preemptionPolicy=PREEMPTS),
            id="another priority",
        ),
        pytest.param(
            "rather",
            setting(priorityClassName="system-node-critical", priority=2000001000),
            id="a priority of the system",
        ),
        pytest.param("fast", setting(nodeName="n"), id="a node by name"),
        pytest.param(
            "fast",
            setting(resourceClaims=[{"name": "a", "resourceClaimName": "b"}]),
            id="a claim beside",
        ),
        pytest.param("fast", limiting(**{"nvidia_com__mig-1g": "1"}), id="what no pool offers"),
        pytest.param("fast", _bare_container, id="a container without requests"),
        pytest.param("fast", _renamed, id="a class that it may not have"),
        pytest.param("fast", _relabelled, id="a class that there is not"),
        pytest.param("closed", setting(), id="a class that its namespace may not have"),
    ],
)
def test_pod_that_is_not_what_its_class_makes_of_it_is_judged(
    gate: Gate, name: str, spoil: Callable[[Json], None]
) -> None:
    made = mutated(gpu_pod(name), POLICY, "nobody" if name == "closed" else gate.namespace)
    spoil(made)
    assert gate.sends_pod(made)


def test_pod_of_more_parts_than_are_looked_through_is_judged(gate: Gate) -> None:
    many = [{"key": f"k{number}", "operator": "Exists"} for number in range(70)]
    made = mutated(gpu_pod("fast", tolerations=many), POLICY, gate.namespace)
    assert gate.sends_pod(made)


SPOILS = (
    without("tolerations"),
    without("affinity"),
    _second_term,
    _contradicting,
    _weighed,
    _renamed,
    setting(nodeSelector={"zone": "a"}),
    setting(nodeSelector={"gpu-type": "b"}),
)


@st.composite
def made(draw: st.DrawFn, by: Policy, namespace: str) -> Json:
    """Give a GPU pod after mutation, spoilt by a later webhook or not."""
    pod = draw(pods(gpu=True))
    pod |= {"apiVersion": "v1", "kind": "Pod"}
    pod["spec"]["containers"][0]["image"] = "app:1"
    for field in ("priority", "preemptionPolicy", "futureField"):
        pod["spec"].pop(field, None)
    found = mutated(pod, by, namespace)
    for spoil in draw(st.lists(st.sampled_from(SPOILS), max_size=1)):
        try:
            spoil(found)
        except (KeyError, IndexError, TypeError, AttributeError):
            continue  # it has no such part
    if draw(st.booleans()):
        found["metadata"].setdefault("labels", {})["gpuclass.io/class"] = draw(
            st.sampled_from(CLASSES)
        )
    return found


@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.reuse, Phase.generate),
)
@given(st.data())
def test_whatever_is_not_sent_would_have_been_let_in(
    control_plane: ControlPlane, data: st.DataObject
) -> None:
    by = data.draw(policies())
    with gates(control_plane, by, (VALIDATE,)) as found:
        gate = found[VALIDATE]
        for _ in range(40):
            pod = data.draw(made(by, gate.namespace))
            seen = defaulted(control_plane, pod)
            if seen is None or gate.sends_pod(pod):
                continue
            decision = decided(seen, by, Stage.VALIDATE, gate.namespace)
            assert decision.allowed, decision.violations
            assert not decision.violations


def test_pods_of_many_classes_are_recognised(control_plane: ControlPlane) -> None:
    numbers = range(300)
    by = policy(
        "".join(pool(f"p{each}", f"pool: p{each}", GPU) for each in numbers)
        + "".join(gpu_class(f"c{each}", f"{{name: p{each}}}") for each in numbers),
        "defaultClass: c0",
    )
    with gates(control_plane, by, (VALIDATE,)) as found:
        gate = found[VALIDATE]
        made = mutated(gpu_pod("c299"), by, gate.namespace)
        assert not gate.sends_pod(made)
        made["metadata"]["annotations"]["gpu-class"] = "c298"
        assert gate.sends_pod(made)
