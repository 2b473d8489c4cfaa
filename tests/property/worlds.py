"""Random worlds: a policy as its documents were written, nodes of its pools, and others.

Documents are plain JSON, as the API server would hand them out; nothing is read from a policy.
"""

import itertools
from dataclasses import dataclass
from typing import Any, TypeAlias

from hypothesis import assume
from hypothesis import strategies as st

from tests import oracle
from tests.property.strategies import CLASSES, KEYS, POOLS, TAINTS, VALUES, pods, terms, values
from webhook.core.cluster import Cluster, read_node
from webhook.core.errors import PolicyError
from webhook.core.policy import decode
from webhook.core.policy.policy import Policy, compile_policy

Json: TypeAlias = dict[str, Any]

NAMES = ("node", "other", "third", "fourth", "fifth")
"""Of nodes; pods ask for the first ones by matchFields."""

GPU: Json = {"key": "nvidia.com/gpu", "value": "present"}
EFFECTS_OF_NODES = ("NoSchedule", "NoExecute", "PreferNoSchedule")
EFFECTS = st.sampled_from(("NoSchedule", "NoSchedule", "NoExecute"))
ARCHITECTURE = {"kubernetes.io/arch": "amd64"}
LABELS: tuple[dict[str, str], ...] = (
    {},
    {"zone": "a"},
    {"nvidia.com/gpu.present": "true"},
    ARCHITECTURE,
    {**ARCHITECTURE, "node-role": "a"},
)
OTHERS: tuple[dict[str, str], ...] = (
    {},
    ARCHITECTURE,
    *({"cores": each} for each in ("1", "7", "007", "10", "x")),
    *({"pool": name} for name in POOLS),
)
OWN_BUSINESS: Json = {"key": "other", "value": "", "effect": "NoSchedule", "tolerate": False}


MARKS = tuple(
    {key: value for key, value in zip(KEYS, chosen, strict=True) if value is not None}
    for chosen in itertools.product((None, *VALUES), repeat=len(KEYS))
)
"""All labels that a node may have beside its pool's: one draw instead of many."""
SOILED = tuple(
    {"key": key, "value": value, "effect": effect}
    for effect in reversed(EFFECTS_OF_NODES)
    for key in TAINTS
    for value in ("", "present", "a", "b", "7", "007")
)
TAINTED = ((), *((each,) for each in SOILED), *itertools.combinations(SOILED, 2))
"""All taints that a node may have beside its pool's."""

marks, tainted = st.sampled_from(MARKS), st.sampled_from(TAINTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Documents, the policy that they make, and nodes; the first are one of each pool, in order."""

    documents: tuple[Json, ...]
    policy: Policy
    nodes: tuple[Json, ...]

    def named(self, kind: str, name: str) -> Json:
        """Give a document."""
        return next(
            each
            for each in self.documents
            if (each["kind"], each["metadata"]["name"]) == (kind, name)
        )

    def class_of(self, pod: Json) -> Json:
        """Give the class that a GPU pod asks for, or the default."""
        annotations = pod["metadata"].get("annotations") or {}
        return self.named("GPUClass", annotations.get("gpu-class", CLASSES[0]))

    def members(self, document: Json) -> list[Json]:
        """Give the pools of a class."""
        return [self.named("GPUNodePool", each["name"]) for each in document["spec"]["pools"]]

    @property
    def gpu_nodes(self) -> tuple[Json, ...]:
        """Give the nodes of pools."""
        return self.nodes[: len(POOLS)]


def _document(kind: str, name: str, spec: Json) -> Json:
    return {
        "apiVersion": "gpuclass.io/v1alpha1",
        "kind": kind,
        "metadata": {"name": name},
        "spec": spec,
    }


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Give three pools, two classes, a policy, a node of each pool and two of any kind."""
    pools = tuple(_document("GPUNodePool", name, _pool(draw, name)) for name in POOLS)
    classes = tuple(_document("GPUClass", name, _class(draw)) for name in CLASSES)
    on_blanket = draw(st.sampled_from(("Steer", "Steer", "Deny")))
    settings = {"defaultClass": CLASSES[0], "cpuPods": {"onBlanketToleration": on_blanket}}
    documents = (*pools, *classes, _document("GPUPolicy", "cluster", settings))
    found = [_member(draw, *each) for each in zip(NAMES, pools, strict=False)]
    found += [_other(draw, name) for name in NAMES[len(found) :]]
    known = Cluster(nodes={each["metadata"]["name"]: read_node(each) for each in found})
    policy = _compiled(documents).knowing(known)
    return World(documents=documents, policy=policy, nodes=tuple(found))


def _compiled(documents: tuple[Json, ...]) -> Policy:
    read = [decode.read_object(each, each["metadata"]["name"]) for each in documents]
    assert not any(faults for _, faults in read), read
    try:
        return compile_policy([document for document, _ in read if document is not None])
    except PolicyError:
        assume(False)  # noqa: FBT003 # as hypothesis has it
        raise


def _pool(draw: st.DrawFn, name: str) -> Json:
    selector = {"pool": name, "gpu-type": draw(values), **draw(st.sampled_from(LABELS))}
    labels = draw(st.sampled_from(({}, {"disk": draw(values)})))
    taints = [{**GPU, "effect": draw(EFFECTS)}]
    if draw(st.booleans()):
        taints.append({"key": "gpu-type", "value": selector["gpu-type"], "effect": draw(EFFECTS)})
    if draw(st.booleans()):
        taints.append(OWN_BUSINESS)
    return {"selector": selector, "labels": labels, "taints": taints}


def _class(draw: st.DrawFn) -> Json:
    members = draw(st.lists(st.sampled_from(POOLS), min_size=1, max_size=3, unique=True))
    pools = [{"name": name, "weight": draw(st.sampled_from((1, 50)))} for name in members]
    return {"pools": pools, "placement": draw(st.sampled_from(("Required", "Preferred")))}


def _member(draw: st.DrawFn, name: str, pool: Json) -> Json:
    """Give a node of a pool: further labels and taints, and discovery may have lost its own."""
    spec, labels, taints = pool["spec"], draw(marks), draw(tainted)
    declared = {**spec["labels"], **spec["selector"]}
    if draw(st.booleans()):
        declared = {key: value for key, value in declared.items() if "nvidia.com/" not in key}
    own = [{key: each[key] for key in ("key", "value", "effect")} for each in spec["taints"]]
    keys = {each["key"] for each in own}
    more = [each for each in taints if each["key"] not in keys]
    return _node(name, {**labels, **declared}, own + more)


def _other(draw: st.DrawFn, name: str) -> Json:
    labels = {**draw(marks), **draw(st.sampled_from(OTHERS))}
    return _node(name, labels, list(draw(tainted)))


Scene: TypeAlias = tuple[World, Json]


@st.composite
def scenes(draw: st.DrawFn, *, gpu: bool) -> Scene:
    """Give a world and a pod, which may go for a node of it."""
    world, pod = draw(worlds()), draw(pods(gpu=gpu))
    spec, node = pod["spec"], draw(st.sampled_from(world.nodes))
    if draw(st.booleans()):
        spec["tolerations"] = [*(spec.get("tolerations") or []), *draw(_opening(node))]
    if draw(st.booleans()):
        spec.pop("nodeSelector", None)
        spec.pop("affinity", None)
    name, labels = node["metadata"]["name"], node["metadata"]["labels"]
    key = draw(st.sampled_from(sorted(labels) or [""]))
    match draw(st.sampled_from(("", "nodeName", "nodeSelector", "affinity", "affinity"))):
        case "nodeName":
            spec["nodeName"] = name
        case "nodeSelector" if key:
            spec["nodeSelector"] = {key: labels[key]}
        case "affinity" if key:
            spec["affinity"] = draw(_wanting(key, labels[key]))
    return world, pod


def _wanting(key: str, value: str) -> st.SearchStrategy[Json]:
    """Give an affinity whose ORed terms are met by a label, among others."""
    found = [{"key": key, "operator": "In", "values": [value]}, {"key": key, "operator": "Exists"}]
    absent = {"key": "absent", "operator": "DoesNotExist"}
    met = st.sampled_from([{"matchExpressions": [each]} for each in (*found, absent)])
    return st.lists(st.one_of(met, terms), min_size=1, max_size=2).map(
        lambda several: {"nodeAffinity": {oracle.REQUIRED: {"nodeSelectorTerms": several}}}
    )


def _opening(node: Json) -> st.SearchStrategy[list[Json]]:
    """Give tolerations that open a node: of everything, of each effect, or of its taints."""
    named = [
        {key: value for key, value in each.items() if value} for each in node["spec"]["taints"]
    ]
    keyed = [{"key": each["key"], "operator": "Exists"} for each in node["spec"]["taints"]]
    effects = [{"operator": "Exists", "effect": each} for each in ("NoSchedule", "NoExecute")]
    everything = [{"operator": "Exists"}]
    return st.sampled_from((everything, everything, effects, effects[:1], named, keyed))


def _node(name: str, labels: dict[str, str], taints: list[Json]) -> Json:
    return {"metadata": {"name": name, "labels": labels}, "spec": {"taints": taints}}
