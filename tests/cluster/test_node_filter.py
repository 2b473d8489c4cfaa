"""Our node filter against the real scheduler: the same answer for every (pod, node) pair.

Each pod is held to one node by its name, so that where it lands says what the scheduler's filters
say of just this pair. Gt and Lt of tolerations are behind a feature gate that is off by default
(KEP-5471): it is on here.
"""

import itertools
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from tests.cluster.api import MERGE_PATCH, Json
from tests.cluster.binaries import Binaries
from tests.cluster.components import Admission
from tests.cluster.controlplane import ControlPlane
from tests.cluster.simulation import GPU, NODES, Capacity, create_node
from tests.cluster.waiting import eventually
from tests.core.shapes import requirement
from webhook.core.node_filter import Candidate, read_candidate, refusals
from webhook.core.pod import Pod

pytestmark = pytest.mark.cluster

REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
TAINT: Json = {"key": "level", "value": "9", "effect": "NoSchedule"}
GATES = ("TaintTolerationComparisonOperators=true",)

NODE_SPECS: dict[str, tuple[dict[str, str], list[Json], str]] = {
    "plain": ({"type": "a", "cores": "8"}, [], "0"),
    "soft": ({"type": "b"}, [{**TAINT, "effect": "PreferNoSchedule"}], "1"),
    "hard": ({"type": "b", "cores": "64"}, [TAINT], "8"),
    "evicting": ({"cores": "many"}, [{**TAINT, "effect": "NoExecute"}], "8"),
    "two": ({"type": "a"}, [TAINT, {"key": "other", "effect": "NoSchedule"}], "8"),
}
CORDONED = "cordoned"

TERMS: tuple[tuple[str, ...], ...] = (
    ("type In a b",),
    ("type NotIn a",),
    ("cores Exists", "type In b"),
    ("type DoesNotExist", "cores Gt 1"),
    ("cores Gt 8",),
    ("cores Lt 64",),
)
TOLERATIONS: tuple[tuple[Json, ...], ...] = (
    (),
    ({"operator": "Exists"},),
    ({"key": "level", "operator": "Exists", "effect": "NoSchedule"},),
    ({"key": "level", "value": "8"}, {"key": "other", "operator": "Exists"}),
    ({"key": "level", "value": "9"}, {"key": "other"}),
    ({"key": "node.kubernetes.io/unschedulable", "operator": "Exists"},),
)
COMPARING: tuple[tuple[Json, ...], ...] = (
    ({"key": "level", "operator": "Gt", "value": "8"}, {"key": "other", "operator": "Exists"}),
    ({"key": "level", "operator": "Lt", "value": "10"},),
    ({"key": "level", "operator": "Lt", "value": "9"},),
)


def container(gpus: int = 0) -> Json:
    return {
        "name": "main",
        "image": "app:1",
        "resources": {"limits": {GPU: gpus} if gpus else {}},
    }


def specs() -> Iterator[Json]:
    """Give pods without a node: what each asks for of labels, taints and devices."""
    placements: list[Json] = [
        {},
        {"nodeSelector": {"type": "a"}},
        *({"terms": [_term(*each)]} for each in TERMS),
        {"terms": [{}, _term("type In a")]},
        {"terms": [_term("type In b"), _term("cores Exists")]},
    ]
    for placement, tolerations in itertools.product(placements, TOLERATIONS):
        yield {**placement, "tolerations": list(tolerations), "containers": [container()]}
    for tolerations in COMPARING:
        yield {"tolerations": list(tolerations), "containers": [container()]}
    for gpus in (1, 2, 9):
        yield {
            "tolerations": [{"operator": "Exists"}],
            "containers": [container(gpus)],
            "initContainers": [{**container(), "name": "init"}],
        }


def _term(*texts: str) -> Json:
    return {"matchExpressions": [requirement(each) for each in texts]}


def pinned(spec: Json, node: str) -> Json:
    """Hold a pod to a node: the name is ANDed into every term, but an empty one stays empty."""
    pin = {"matchFields": [requirement(f"metadata.name In {node}")]}
    terms = [{**each, **pin} if each else {} for each in spec.get("terms", [])] or [pin]
    rest = {key: value for key, value in spec.items() if key != "terms"}
    return {**rest, "affinity": {"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": terms}}}}


@pytest.fixture(scope="module")
def plane(binaries: Binaries) -> Iterator[ControlPlane]:
    """Give a control plane whose API server and scheduler know Gt and Lt of tolerations."""
    with ControlPlane(binaries, admission=Admission(gates=GATES)) as running:
        yield running


@pytest.fixture(scope="module")
def candidates(plane: ControlPlane) -> tuple[Candidate, ...]:
    """Give nodes as our filter reads them from the API server."""
    api = plane.api
    for name, (labels, taints, gpus) in NODE_SPECS.items():
        capacity = Capacity(pods="500", extended={GPU: gpus})
        create_node(api, name, labels=labels, taints=taints, capacity=capacity)
    create_node(api, CORDONED, labels={"type": "a"}, capacity=Capacity(pods="500"))
    cordon: Json = {"spec": {"unschedulable": True}}
    api.request("PATCH", f"{NODES}/{CORDONED}", cordon, MERGE_PATCH)
    names = (*NODE_SPECS, CORDONED)
    return tuple(read_candidate(api.request("GET", f"{NODES}/{each}")) for each in names)


def test_the_filter_gives_the_schedulers_answer_for_every_pair(
    plane: ControlPlane, candidates: tuple[Candidate, ...]
) -> None:
    api, path = plane.api, "/api/v1/namespaces/default/pods"
    expected: dict[str, str] = {}
    pods: dict[str, Json] = {}
    for index, (spec, node) in enumerate(itertools.product(specs(), candidates)):
        name, body = f"p{index}", pinned(spec, node.name)
        pods[name] = body
        expected[name] = "" if refusals(_pod(body), node) else node.name
        api.request("POST", path, {"metadata": {"name": name}, "spec": body})

    def answers() -> dict[str, str]:
        listed = api.request("GET", path)["items"]
        found = {each["metadata"]["name"]: _answer(each) for each in listed}
        return {name: each for name, each in found.items() if each is not None}

    eventually(lambda: len(answers()) == len(expected), "an answer about each pod")
    found = answers()
    different = {name: pods[name] for name in expected if found[name] != expected[name]}
    assert different == {}
    assert {bool(each) for each in expected.values()} == {True, False}


def _pod(spec: Json) -> Pod:
    return msgspec.convert({"spec": spec}, Pod)


def _answer(pod: Json) -> str | None:
    """Give the node that the scheduler chose, empty where it found none, None before that."""
    if chosen := pod["spec"].get("nodeName"):
        return str(chosen)
    conditions: list[dict[str, Any]] = pod["status"].get("conditions", [])
    waits = any(each.get("reason") == "Unschedulable" for each in conditions)
    return "" if waits else None
