"""A review beside more and more classes and pools, from bytes to bytes in this process."""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import cycle
from typing import TypeAlias

from benchmarks import samples
from benchmarks.growth.report import Row, Section, row
from benchmarks.growth.timing import Call, measure
from benchmarks.samples import Object, container, pod
from tests.core import many
from webhook.core import review
from webhook.core.cluster import Cluster, Node, Taint
from webhook.core.decide import decide
from webhook.core.patch import apply
from webhook.core.policy.policy import Policy, compile_policy
from webhook.core.subject.case import Stage

SIZES = (1, 10, 100, 1000)
NODES, NAMESPACES = 5_000, 2_000
PRODUCTS = 7

FIRST, SECOND = many.name(0), many.name(1)
"""A Required class, and (where there are two) a Preferred one."""

UNLIKE = 300
"""Pods that each have to be worked out: more than a policy remembers final states."""

Case: TypeAlias = tuple[tuple[bytes, ...], Stage]
"""What is asked in turn, and of which webhook."""

_ALONE: Object = {"containers": [container("app", None)]}
_MIG: Object = {"cpu": "1", "memory": "1Gi", "nvidia.com/mig-1g.5gb": "1"}


def cases() -> Mapping[str, Callable[[Policy], Case]]:
    """Give what is asked, by name; what the API server sends may hang on the policy."""
    mutated = {
        "GPU pod of a class": pod(FIRST, {}),
        "GPU pod of the default class": pod(None, {}),
        "GPU pod with two terms of its own": pod(FIRST, {"affinity": requiring(("zone", "disk"))}),
        "unknown class, a letter wrong": pod(f"{FIRST[:-1]}O", {}),
        "unknown class, like none": pod("something-else", {}),
        "selector against its class": pod(SECOND, {"nodeSelector": {"gpu-type": "none"}}),
        "asks for what no pool offers": pod(SECOND, _offered()),
        "CPU pod, tolerates all GPU nodes": _cpu(tolerations=[_exists("nvidia.com/gpu")]),
        "CPU pod, selects a pool": _cpu(nodeSelector={"gpu-type": FIRST}),
        "CPU pod, requires any pool": _cpu(affinity=requiring(("gpu-type",), "Exists")),
        "CPU pod, selects a product": _cpu(nodeSelector={"nvidia.com/gpu.product": "gpu-1"}),
        "CPU pod, names a GPU node": _cpu(nodeName=node_name(0, 1)),
        "CPU pod, steered away": _cpu(tolerations=[{"operator": "Exists"}]),
    }
    return {
        **{name: partial(_sent, samples.review(0, each)) for name, each in mutated.items()},
        "GPU pods, each with terms of its own": _unlike,
        "GPU pod, judged afterwards": _judged,
        "Deployment, warned of its pods": partial(_sent, _deployment(), stage=Stage.VALIDATE),
        "binding by no scheduler": partial(_sent, _binding(), stage=Stage.VALIDATE),
        "node registers": partial(_sent, _node()),
        "GPUClass edited": partial(_sent, _edit(), stage=Stage.VALIDATE),
    }


def section(rounds: int, sizes: tuple[int, ...] = SIZES) -> Section:
    """Measure every case beside policies of every size."""
    policies = {str(size): policy(size) for size in sizes}
    rows = [_row(name, make, policies, rounds) for name, make in cases().items()]
    return Section(
        name="reviews",
        title=f"A review, by the number of classes and pools; {NODES:,} nodes are known",
        unit="us of CPU",
        columns=tuple(policies),
        rows=rows,
        goal="flat for what is let in and patched",
    )


def _row(
    name: str, make: Callable[[Policy], Case], policies: Mapping[str, Policy], rounds: int
) -> Row:
    calls = {size: asked(each, *make(each)) for size, each in policies.items()}
    measured = measure(calls, rounds)
    return row(name, {size: [each * 1e6 for each in spent] for size, spent in measured.items()})


def asked(by: Policy, bodies: Sequence[bytes], stage: Stage) -> Call:
    """Give a call that answers one review after another, and begins anew in the end."""
    turns = cycle(bodies)
    return lambda: answer(by, next(turns), stage)


def answer(by: Policy, body: bytes, stage: Stage) -> bytes:
    """Answer a review as the server does, from bytes to bytes."""
    request = review.read(body)
    return review.write(request.uid, decide(request, by, stage))


def policy(size: int) -> Policy:
    """Compile a policy of so many classes and pools, in a cluster of many nodes."""
    documents = many.documents(size)
    return compile_policy(documents).knowing(cluster(size)).beside(documents)


def cluster(pools: int) -> Cluster:
    """Give nodes, as many of each pool, and namespaces."""
    return Cluster(
        nodes={node_name(number, pools): _marks(number, pools) for number in range(NODES)},
        namespaces={f"team-{number}": {} for number in range(NAMESPACES)},
        is_whole=True,
    )


def node_name(number: int, pools: int) -> str:
    """Name a node as its pool claims it."""
    return f"gpu-{many.name(number % pools)}-{number}"


def _marks(number: int, pools: int) -> Node:
    kind = many.name(number % pools)
    features = {f"feature.node.kubernetes.io/cpu-cpuid.{each}": "true" for each in range(30)}
    own = {"gpu-type": kind, "node-role": f"gpu-{kind}", "nvidia.com/gpu.present": "true"}
    product = {"nvidia.com/gpu.product": f"gpu-{number % PRODUCTS}"}
    taints = (("nvidia.com/gpu", "present"), ("gpu-type", kind))
    return Node(
        labels={**features, **own, **product},
        taints=tuple(Taint(key=key, value=value, effect="NoSchedule") for key, value in taints),
    )


def requiring(keys: tuple[str, ...], operator: str = "In") -> Object:
    """Give an affinity with a required term for each of some labels."""
    values = {"values": ["a", "b"]} if operator == "In" else {}
    terms = [{"matchExpressions": [{"key": key, "operator": operator, **values}]} for key in keys]
    return {
        "nodeAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}
        }
    }


def _sent(body: bytes, _: Policy, stage: Stage = Stage.MUTATE) -> Case:
    return (body,), stage


def _unlike(_: Policy) -> Case:
    pods = (pod(FIRST, {"affinity": requiring((f"zone-{each}", "disk"))}) for each in range(UNLIKE))
    return tuple(samples.review(0, each) for each in pods), Stage.MUTATE


def _judged(by: Policy) -> Case:
    """Give the pod as mutation makes it, before the other webhook."""
    sent = pod(FIRST, {})
    request = review.read(samples.review(0, sent))
    plain = json.loads(json.dumps(sent))
    after = apply(decide(request, by, Stage.MUTATE).patch, plain)
    if not isinstance(after, dict):
        raise TypeError("a pod is an object")
    return (samples.review(0, {**after}),), Stage.VALIDATE


def _cpu(**spec: object) -> Object:
    return pod(None, {**_ALONE, **spec})


def _exists(key: str) -> Object:
    return {"key": key, "operator": "Exists"}


def _offered() -> Object:
    return {"containers": [{**container("fit", None), "resources": {"limits": _MIG}}]}


def _kind(group: str, kind: str) -> Object:
    return {"group": group, "version": "v1", "kind": kind}


def _deployment() -> bytes:
    template = pod(None, {})
    document: Object = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "fit", "annotations": {"gpu-class": FIRST}},
        "spec": {"replicas": 3, "template": template},
    }
    return samples.review(0, document, kind=_kind("apps", "Deployment"))


def _binding() -> bytes:
    document: Object = {"target": {"kind": "Node", "name": node_name(0, 1)}}
    return samples.review(0, document, kind=_kind("", "Binding"), subResource="binding")


def _node() -> bytes:
    document: Object = {"metadata": {"name": node_name(NODES, 1), "labels": {}}, "spec": {}}
    return samples.review(0, document, kind=_kind("", "Node"), namespace="")


def _edit() -> bytes:
    document = next(each for each in many.objects(1) if each["kind"] == "GPUClass")
    others = {"kind": {**_kind("gpuclass.io", "GPUClass"), "version": "v1alpha1"}}
    return samples.review(0, document, name=FIRST, operation="UPDATE", oldObject=document, **others)
